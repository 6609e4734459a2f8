package dev.kerf.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kerf.backend.BackendsUnderTest;
import dev.kerf.check.ptx.CompiledPtx;
import dev.kerf.cli.console.ExitCode;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the README tells a researcher to type: a parameter, a kernel and a method of search of one's own, from its text, in a folder that
 * has nothing else. That no test and no source of Kerf's need be edited for them is the point.
 */
class TuningReadmeTest {
    @TempDir
    private Path dir;

    private List<String> shell;

    @BeforeEach
    void laidOut() throws IOException {
        shell = blocks("shell");
        assertEquals(3, shell.size());
        Files.createSymbolicLink(dir.resolve("kernels"), Path.of("kernels").toAbsolutePath());
        Path kerf = Files.createDirectories(dir.resolve("bin")).resolve("kerf");
        Files.writeString(kerf, "#!/bin/sh\nexec '" + Path.of(System.getProperty("java.home"), "bin", "java")
                + "' " + String.join(" ", Run.SOON_DONE) + " --enable-native-access=ALL-UNNAMED -cp '" + classPath()
                + "'${KERF_CLASS_PATH:+:$KERF_CLASS_PATH} dev.kerf.cli.Main \"$@\"\n");
        assertTrue(kerf.toFile().setExecutable(true));
    }

    private static String classPath() {
        return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .map(p -> Path.of(p).toAbsolutePath().toString()).collect(Collectors.joining(File.pathSeparator));
    }

    private static List<String> blocks(String language) throws IOException {
        String text = Files.readString(Path.of("README.md"));
        return Pattern.compile("```" + language + "\n(.*?)```", Pattern.DOTALL)
                .matcher(text.substring(text.indexOf("### A parameter, a kernel"), text.indexOf("## Kernels in Java")))
                .results().map(r -> r.group(1)).toList();
    }

    private record Said(int code, String text) {}

    private Said run(String script) throws IOException, InterruptedException {
        ProcessBuilder b = new ProcessBuilder("sh", "-e", "-c", script).directory(dir.toFile()).redirectErrorStream(true);
        b.environment().put("PATH", dir.resolve("bin") + File.pathSeparator + Path.of(System.getProperty("java.home"), "bin")
                + File.pathSeparator + System.getenv("PATH"));
        b.environment().put("XDG_CONFIG_HOME", dir.resolve("config").toString());
        Process p = b.start();
        String text = new String(p.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Said(p.waitFor(), text);
    }

    private String succeeds(String script) throws IOException, InterruptedException {
        Said said = run(script);
        assertEquals(0, said.code, said.text);
        return said.text;
    }

    /** The device that the README names, or else the interpreter. */
    private String here(String script) {
        boolean opencl = BackendsUnderTest.devices().anyMatch(d -> d.startsWith("opencl:"));
        assumeTrue(opencl || CompiledPtx.available(), "no OpenCL under test, and neither nvcc nor NVRTC for the interpreter");
        return opencl ? script : script.replace("--backend opencl", "--backend ptx");
    }

    @Test
    void aParameter() throws Exception {
        String said = succeeds(here(shell.get(0)));
        assertTrue(said.contains(" with UNROLL=1 GROUP="), said);
        assertTrue(said.contains("6 of 12 configurations") && said.contains("0 failed; each checked against the oracle"), said);
        String fixed = succeeds(here("kerf tune max_pool2d --kernels mine --backend opencl --shape K=3,C=2 --set UNROLL=3"));
        assertTrue(fixed.contains("with UNROLL=3 GROUP="), fixed);
    }

    @Test
    void aKernel() throws Exception {
        String source = blocks("c").getFirst();
        Path kernel = Files.createDirectories(dir.resolve("mine/variants")).resolveSibling("max_pool2d_twos.cl");
        Files.writeString(kernel, source);
        Files.writeString(dir.resolve("mine/variants/max_pool2d_twos.json"), blocks("json").getFirst());
        String said = succeeds(here(shell.get(1)));
        assertTrue(said.contains("12 of 12 configurations") && said.contains("0 failed; each checked against the oracle"),
                said);
        Matcher given = Pattern.compile("given [\\d.]+ \\S+ .*with GROUP=\\d+ WINDOWS=4\n").matcher(said);
        assertTrue(given.find(), said);

        String chosen = succeeds(
                here("KERF_KERNELS=mine kerf tune max_pool2d --backend opencl --shape K=2,C=2 --set WINDOWS=1"));
        assertTrue(chosen.contains("max_pool2d_twos N=1 C=2"), "chosen by itself where it fits: " + chosen);
        String other = succeeds(here("KERF_KERNELS=mine kerf tune max_pool2d --backend opencl --shape K=3,C=2 --set GROUP=64"));
        assertTrue(other.contains("max_pool2d N=1 C=2"), "and not where it doesn't: " + other);

        assertTrue(source.contains("LARGER(above, below)"));
        Files.writeString(kernel, source.replace("LARGER(above, below)", "above"));
        Said wrong = run(here("kerf tune max_pool2d_twos --kernels mine --backend opencl --shape K=2,C=2 --set WINDOWS=4"));
        assertEquals(ExitCode.FAILED, wrong.code, wrong.text);
        assertTrue(Pattern.compile("given correctness: y0\\[\\d+] is .*the oracle has ").matcher(wrong.text).find(),
                wrong.text);
    }

    @Test
    void aMethod() throws Exception {
        Files.writeString(dir.resolve("cache.json"),
                "{\"device_name\": \"D\", \"kernel_name\": \"k\", \"problem_size\": [64], \"tune_params_keys\": [\"x\"], "
                        + "\"tune_params\": {\"x\": [1, 2, 3]}, \"objective\": \"time\", \"cache\": {"
                        + "\"1\": {\"x\": 1, \"time\": 3}, \"2\": {\"x\": 2, \"time\": 1}, \"3\": {\"x\": 3, \"time\": 2}}}");
        Files.writeString(dir.resolve("Backwards.java"), "import dev.kerf.tune.search.*;\nimport dev.kerf.tune.space.Space;\n"
                + "import java.util.Map;\nimport java.util.random.RandomGenerator;\n" + blocks("java").getFirst());
        String said = succeeds(shell.get(2).replace("'target/kerf/lib/*'", "'" + classPath() + "'"));
        assertTrue(said.contains("backwards: 1.000 ms with x=2\n  found at evaluation 2 "), said);
    }
}
