package dev.kerf.fuzz;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectMethod;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectPackage;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.platform.engine.TestSource;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.Launcher;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.TestPlan;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

/**
 * Fuzzes one target after the other, each for a time in a JVM of its own, and prints a table of executions and findings. What
 * was learnt of each target and the inputs that fail stay in the folder.
 *
 * <pre>{@code
 * java -cp … dev.kerf.fuzz.Campaign target/fuzz 60            # seconds for each target
 * java -cp … dev.kerf.fuzz.Campaign target/fuzz 3600 png tiff
 * }</pre>
 */
final class Campaign {
    private static final Pattern PROGRESS = Pattern.compile("#(\\d+)\\s+\\S+\\s+cov: (\\d+).*");
    private static final Pattern FINDING = Pattern.compile("== Java Exception: (.*)");
    private static final Pattern FILE = Pattern.compile("Test unit written to (\\S+).*");

    private Campaign() {}

    /** {@code FOLDER SECONDS [METHOD…]}; exits 1 if something was found, 2 if there is no such method. */
    public static void main(String[] args) throws Exception {
        if (args[0].equals("--one")) {
            System.exit(one(args[1]));
        }
        Path folder = Files.createDirectories(Path.of(args[0])).toAbsolutePath();
        List<String> wanted = List.of(args).subList(2, args.length);
        List<String> targets = targets().stream().filter(t -> wanted.isEmpty() || wanted.contains(method(t))).toList();
        List<String> unknown = wanted.stream().filter(w -> targets.stream().noneMatch(t -> method(t).equals(w))).toList();
        if (!unknown.isEmpty()) {
            System.err.println("no target " + unknown + "; there are " + targets().stream().map(Campaign::method).toList());
            System.exit(2);
        }
        int found = 0;
        System.out.println("| target | executions | seconds | edges | found |\n|---|--:|--:|--:|---|");
        for (String target : targets) {
            found += fuzz(target, folder, args[1]);
        }
        System.exit(found == 0 ? 0 : 1);
    }

    private static String method(String target) {
        return target.substring(target.indexOf('#') + 1);
    }

    /** Classes and methods, {@code dev.kerf.fuzz.ImageFuzzTest#png}. */
    private static List<String> targets() {
        List<String> all = new ArrayList<>();
        TestPlan plan = LauncherFactory.create().discover(LauncherDiscoveryRequestBuilder.request()
                .selectors(selectPackage("dev.kerf")).build());
        for (TestIdentifier root : plan.getRoots()) {
            for (TestIdentifier test : plan.getDescendants(root)) {
                TestSource source = test.getSource().orElse(null);
                if (source instanceof MethodSource method && method.getClassName().endsWith("FuzzTest")) {
                    all.add(method.getClassName() + "#" + method.getMethodName());
                }
            }
        }
        return all.stream().sorted().toList();
    }

    private static int fuzz(String target, Path folder, String seconds) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(ProcessHandle.current().info().command().orElseThrow()));
        command.addAll(List.of("--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow", "-XX:+EnableDynamicAgentLoading", "-Xmx2g",
                "-Djazzer.instrument=dev.kerf.**", "-Djazzer.max_duration=" + seconds + "s",
                "-Dkerf.root=" + Path.of("").toAbsolutePath(), "-cp", System.getProperty("java.class.path"),
                Campaign.class.getName(), "--one", target));
        ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true);
        builder.environment().put("JAZZER_FUZZ", "1");
        long start = System.nanoTime();
        Process child = builder.start();
        Map<String, String> said = new LinkedHashMap<>(Map.of("runs", "0", "edges", "0"));
        Path log = folder.resolve(target + ".log");
        try (BufferedReader out = child.inputReader(); PrintWriter copy = new PrintWriter(Files.newBufferedWriter(log))) {
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                copy.println(line);
                Matcher progress = PROGRESS.matcher(line);
                if (progress.matches()) {
                    said.put("runs", progress.group(1));
                    said.put("edges", progress.group(2));
                }
                find(FINDING, line, "found", said);
                find(FILE, line, "file", said);
            }
        }
        int code = child.waitFor();
        String found = code == 0 ? "" : said.getOrDefault("found", "failed, see " + log) + " " + said.getOrDefault("file", "");
        System.out.printf(Locale.ROOT, "| %s | %s | %d | %s | %s |%n", target.substring(target.lastIndexOf('.') + 1),
                said.get("runs"), (System.nanoTime() - start) / 1_000_000_000, said.get("edges"), found.strip());
        return code == 0 ? 0 : 1;
    }

    private static void find(Pattern what, String line, String key, Map<String, String> said) {
        Matcher m = what.matcher(line);
        if (m.matches()) {
            said.put(key, m.group(1));
        }
    }

    /** One target in this JVM; how many failed. */
    private static int one(String target) throws ClassNotFoundException {
        String[] name = target.split("#");
        Launcher launcher = LauncherFactory.create();
        SummaryGeneratingListener summary = new SummaryGeneratingListener();
        LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request()
                .selectors(selectMethod(Class.forName(name[0]), name[1], "byte[]")).build();
        launcher.execute(request, summary);
        summary.getSummary().printFailuresTo(new PrintWriter(System.out, true));
        return summary.getSummary().getTestsFoundCount() > 0 && summary.getSummary().getTotalFailureCount() == 0 ? 0 : 1;
    }
}
