package dev.kerf.backend.gpu.cuda;

import dev.kerf.backend.Precision.Storage;
import dev.kerf.backend.gpu.kernel.Architecture;
import dev.kerf.backend.gpu.kernel.Dialect;
import dev.kerf.backend.gpu.kernel.KernelSource;
import dev.kerf.backend.gpu.kernel.Manifest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.ToIntFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Makes {@code kernels/ptx/} from the kernels' sources with nvcc, and the table of what ptxas makes of it.
 *
 * <p>All sets of a kernel are compiled as one file, each in a namespace and with an entry of its own: nvcc reads its
 * headers once. The PTX is then cut into a module for each entry, comments left out and names put back, so that a
 * module depends on its own set alone. {@code kernels/ptx/ARCHITECTURE/NAME.ptx} holds an index ({@link PtxFile}) and these
 * modules one after the other; a line {@code // kerf NAME=VALUE …} for each set that it serves stands before a module.
 *
 * <pre>{@code
 * PtxBuild.main("kernels/ptx");   // as kernels/ptx/build.sh does
 * }</pre>
 */
public final class PtxBuild {
    /**
     * Bytes of stack that sin and cos take to reduce a large argument; an array of sums that fell out of registers has
     * more.
     */
    static final int STACK = 32;

    /** Before nvcc: where its data lie in memory decides what it makes of a long kernel. */
    private static final List<String> STILL = still();
    /** What ptxas is asked about, by the least that code needs to run there. */
    private static final Map<String, Integer> CHECKED = checked();
    /** PTX versions from the first that knows sm_75 on (PTX ISA, release notes). */
    private static final List<String> VERSIONS = List.of("6.3", "6.4", "6.5", "7.0", "7.1", "7.2", "7.3", "7.4", "7.5",
            "7.6", "7.7", "7.8", "8.0");
    private static final Pattern ENTRY = Pattern.compile("\\.visible \\.entry (\\w+)\\(");
    private static final Pattern RELEASE = Pattern.compile("release [\\d.]+, (V[\\d.]+)");

    /**
     * What ptxas makes of a kernel on an architecture.
     *
     * @param registers least and most registers of a work-item among its sets
     * @param shared    most bytes of static shared memory
     * @param stack     most bytes of stack
     * @param spills    most bytes spilled, stores and loads
     */
    record Use(int[] registers, int shared, int stack, int spills) {}

    /**
     * A kernel's file and what ptxas makes of it.
     *
     * @param text    of the file
     * @param modules how many there are
     * @param sets    how many sets they serve
     * @param uses    by architecture
     */
    record Made(String text, int modules, int sets, Map<String, Use> uses) {}

    private final Path scratch;
    private final String release;

    PtxBuild(Path scratch) {
        this.scratch = scratch;
        this.release = release();
    }

    /**
     * Writes all files under a folder and removes files of kernels that are no more; or writes those of the kernels named after it
     * and lets the others be.
     */
    public static void main(String... args) throws Exception {
        Path out = Path.of(args[0]);
        Path scratch = Files.createTempDirectory("kerf-ptx");
        try (ExecutorService workers = Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors())) {
            PtxBuild build = new PtxBuild(scratch);
            Map<String, Future<Made>> jobs = new LinkedHashMap<>();
            List<String> named = List.of(args).subList(1, args.length);
            ShippedSets.kernels().stream().filter(k -> named.isEmpty() || named.contains(k))
                    .forEach(k -> jobs.put(k, workers.submit(() -> build.make(k))));
            Map<String, String> rows = new TreeMap<>(named.isEmpty() ? Map.of() : rows(out.resolve("README.md")));
            Map<Path, String> sums = named.isEmpty() ? new TreeMap<>() : PtxSums.read(out.resolve(PtxSums.FILE));
            Set<Path> written = new HashSet<>();
            for (Map.Entry<String, Future<Made>> job : jobs.entrySet()) {
                rows.put(job.getKey(), row(job.getKey(), job.getValue().get()));
                Path file = out.resolve(file(job.getKey()));
                Files.createDirectories(file.getParent());
                write(file, job.getValue().get().text());
                sums.put(file(job.getKey()), PtxSums.of(job.getValue().get().text()));
            }
            ShippedSets.kernels().forEach(k -> written.add(out.resolve(file(k))));
            rows.keySet().retainAll(ShippedSets.kernels());
            sums.keySet().retainAll(ShippedSets.kernels().stream().map(PtxBuild::file).toList());
            try (Stream<Path> files = Files.walk(out)) {
                for (Path f : files.filter(f -> f.toString().endsWith(".ptx") && !written.contains(f)).toList()) {
                    Files.delete(f);
                }
            }
            write(out.resolve("README.md"), build.table(rows.values()));
            write(out.resolve(PtxSums.FILE), PtxSums.text(sums));
        } finally {
            try (Stream<Path> files = Files.walk(scratch)) {
                files.sorted((a, b) -> b.compareTo(a)).forEach(f -> f.toFile().delete());
            }
        }
    }

    /** Runs a program whose memory isn't laid out at random; empty where the system doesn't let anybody do so. */
    private static List<String> still() {
        try {
            run(List.of("setarch", "-R", "true"));
            return List.of("setarch", "-R");
        } catch (IOException e) {
            return List.of();
        }
    }

    /** The release of the nvcc found, such as {@code V13.0.88}; empty if there is none. */
    static String release() {
        try {
            Matcher m = RELEASE.matcher(run(List.of("nvcc", "--version")));
            return m.find() ? m.group(1) : "";
        } catch (IOException e) {
            return "";
        }
    }

    private static Map<String, Integer> checked() {
        Map<String, Integer> all = new LinkedHashMap<>();
        all.put("sm_75", 75);
        all.put("sm_80", 80);
        all.put("sm_90a", 90);
        return all;
    }

    /** Where a kernel's code lies under {@code kernels/ptx}. */
    static Path file(String kernel) {
        return Path.of(Manifest.of(kernel).architecture().toString(), kernel + ".ptx");
    }

    /** The first line of a kernel's file. */
    static String firstLine(String kernel, String release) {
        return "// " + kernel + " for " + Manifest.of(kernel).architecture() + " and later, made by nvcc " + release + " from "
                + ShippedSets.hash(kernel);
    }

    /** Compiles a kernel with all its sets. */
    Made make(String kernel) throws IOException {
        List<TreeMap<String, String>> sets = ShippedSets.of(kernel);
        Map<String, List<String>> served = new LinkedHashMap<>(); // a module's text, the sets
        Map<String, Use> uses = new LinkedHashMap<>();
        Architecture architecture = Manifest.of(kernel).architecture();
        for (String code : sets.stream().map(s -> s.get(KernelSource.STORAGE)).distinct().toList()) {
            List<TreeMap<String, String>> these = sets.stream().filter(s -> s.get(KernelSource.STORAGE).equals(code)).toList();
            Path source = scratch.resolve(kernel + code + ".cu");
            Path ptx = scratch.resolve(kernel + code + ".ptx");
            Files.writeString(source, source(kernel, code, these));
            List<String> command = new ArrayList<>(STILL);
            command.addAll(List.of("nvcc", "--ptx", "-arch=" + architecture.compute(), "--fmad=false", "-Werror=all-warnings",
                    "-diag-suppress=177,550", source.toString(), "-o", ptx.toString()));
            run(command);
            String all = lowered(Files.readString(ptx), ptx, architecture);
            for (Map.Entry<String, Integer> checked : CHECKED.entrySet()) {
                if (architecture.runs(checked.getValue(), Integer.MAX_VALUE)) {
                    uses.merge(checked.getKey(), use(kernel, assembled(checked.getKey(), ptx)), PtxBuild::most);
                }
            }
            if (code.equals(String.valueOf(Storage.F16.code()))
                    && ShippedImages.derived(kernel, Map.of(KernelSource.STORAGE, String.valueOf(Storage.BF16.code())))) {
                Path other = scratch.resolve(kernel + Storage.BF16.code() + ".ptx");
                Files.writeString(other, Bfloat16.of(all));
                for (Map.Entry<String, Integer> checked : CHECKED.entrySet()) {
                    if (architecture.runs(checked.getValue(), Integer.MAX_VALUE)) {
                        uses.merge(checked.getKey(), use(kernel, assembled(checked.getKey(), other)), PtxBuild::most);
                    }
                }
            }
            List<String> modules = modules(kernel, all);
            if (modules.size() != these.size()) {
                throw new IOException(kernel + ": " + modules.size() + " entries of " + these.size() + " sets");
            }
            for (int i = 0; i < modules.size(); i++) {
                served.computeIfAbsent(modules.get(i), m -> new ArrayList<>()).add(ShippedImages.key(these.get(i)));
            }
        }
        StringBuilder index = new StringBuilder(firstLine(kernel, release)).append('\n');
        StringBuilder text = new StringBuilder();
        served.forEach((module, keys) -> {
            keys.forEach(key -> text.append(PtxFile.MARK).append(key).append('\n'));
            keys.forEach(key -> index.append(PtxFile.AT).append(text.length()).append(' ').append(module.length())
                    .append(' ').append(key).append('\n'));
            text.append(module);
        });
        return new Made(index.append(text).toString(), served.size(), sets.size(), uses);
    }

    /** The source of all sets of one storage: the dialect once, then the kernel for each set. */
    private static String source(String kernel, String storage, List<TreeMap<String, String>> sets) {
        String both = KernelSource.of(kernel, Dialect.CUDA);
        int cut = both.indexOf("#line 1 \"" + Manifest.of(kernel).file() + "\"");
        String body = both.substring(cut);
        Set<String> macros = new LinkedHashSet<>();
        Matcher m = Pattern.compile("(?m)^\\s*#\\s*define\\s+(\\w+)").matcher(body);
        while (m.find()) {
            macros.add(m.group(1));
        }
        StringBuilder out = new StringBuilder("#define ").append(KernelSource.STORAGE).append(' ').append(storage)
                .append('\n').append(both, 0, cut);
        for (int i = 0; i < sets.size(); i++) {
            Set<String> undefined = new LinkedHashSet<>(macros);
            for (Map.Entry<String, String> d : sets.get(i).entrySet()) {
                if (!d.getKey().equals(KernelSource.STORAGE)) {
                    out.append("#define ").append(d.getKey()).append(' ').append(d.getValue()).append('\n');
                    undefined.add(d.getKey());
                }
            }
            out.append("#define ").append(kernel).append(' ').append(kernel).append("_s").append(i).append('\n');
            out.append("namespace s").append(i).append(" {\n").append(body).append("}\n");
            out.append("#undef ").append(kernel).append('\n');
            undefined.forEach(name -> out.append("#undef ").append(name).append('\n'));
        }
        return out.toString();
    }

    /** The PTX with the smallest version that ptxas accepts, put back into its file too. */
    private static String lowered(String ptx, Path file, Architecture architecture) throws IOException {
        String refusal = "";
        ptx = PtxVersion.plain(ptx);
        String first = architecture.isa() / 10 + "." + architecture.isa() % 10;
        for (String version : VERSIONS.subList(VERSIONS.indexOf(first), VERSIONS.size())) {
            String lower = ptx.replaceFirst("\\.version [\\d.]+", ".version " + version);
            Files.writeString(file, lower);
            try {
                assembled(architecture.toString(), file);
                return lower;
            } catch (IOException e) {
                if (!e.getMessage().contains("requires PTX ISA")) {
                    throw e;
                }
                refusal = e.getMessage();
            }
        }
        throw new IOException(refusal);
    }

    private static String assembled(String architecture, Path ptx) throws IOException {
        String log = run(List.of("ptxas", "-v", "-arch=" + architecture, ptx.toString(), "-o", ptx + ".cubin"));
        // Where it isn't sure that a product of four warps was awaited it waits after each.
        if (log.contains("wgmma") && log.matches("(?s).*(injected|serialized).*")) {
            throw new IOException(log);
        }
        return log;
    }

    /** A module for each entry, in order, without comments. */
    private static List<String> modules(String kernel, String ptx) {
        String plain = ptx.replaceAll("(?m)^\\s*//[^\n]*\n", "")
                .replaceAll("[ \t]*//[^\n]*", "").replaceAll("\n{2,}", "\n");
        List<Integer> starts = new ArrayList<>();
        Matcher m = ENTRY.matcher(plain);
        while (m.find()) {
            starts.add(m.start());
        }
        // What stands between entries belongs to all that name it.
        List<String> declarations = new ArrayList<>();
        String head = "";
        List<String> bodies = new ArrayList<>();
        for (int i = 0; i <= starts.size(); i++) {
            int from = i == 0 ? 0 : plain.indexOf("\n}\n", starts.get(i - 1)) + 3;
            int to = i < starts.size() ? starts.get(i) : plain.length();
            for (String line : plain.substring(from, to).split("\n")) {
                if (line.matches("\\.(version|target|address_size) .*")) {
                    head += line + "\n";
                } else if (!line.isBlank()) {
                    declarations.add(line);
                }
            }
            if (i < starts.size()) {
                bodies.add(plain.substring(starts.get(i), plain.indexOf("\n}\n", starts.get(i)) + 3));
            }
        }
        List<String> modules = new ArrayList<>();
        for (int i = 0; i < bodies.size(); i++) {
            StringBuilder module = new StringBuilder(head.strip().replaceAll("\n+", "\n")).append('\n');
            for (String d : declarations) {
                Matcher name = Pattern.compile("(\\w+)(\\[\\d*\\])*( = .*)?;$").matcher(d);
                if (!name.find()) {
                    throw new IllegalStateException(kernel + ": can't read " + d);
                }
                if (Pattern.compile("\\b" + name.group(1) + "\\b").matcher(bodies.get(i)).find()) {
                    module.append(d).append('\n');
                }
            }
            module.append(bodies.get(i));
            modules.add(PtxRegisters.reused(module.toString())
                    .replaceAll("\\b_ZZ\\w*?\\d+" + kernel + "_s\\d+E", kernel + "_")
                    .replaceAll("\\b" + kernel + "_s\\d+(?=\\b|_param)", kernel)
                    .replaceAll("\\$L__BB\\d+_", "\\$L"));
        }
        return modules;
    }

    private static Use use(String kernel, String log) throws IOException {
        Matcher used = Pattern.compile("Used (\\d+) registers(.*)").matcher(log);
        Matcher frames = Pattern.compile(
                "(\\d+) bytes stack frame, (\\d+) bytes spill stores, (\\d+) bytes spill loads").matcher(log);
        Use most = null;
        while (used.find() && frames.find()) {
            int registers = Integer.parseInt(used.group(1));
            Matcher shared = Pattern.compile("(\\d+) bytes smem").matcher(used.group(2));
            Use one = new Use(new int[] {registers, registers}, shared.find() ? Integer.parseInt(shared.group(1)) : 0,
                    Integer.parseInt(frames.group(1)),
                    Integer.parseInt(frames.group(2)) + Integer.parseInt(frames.group(3)));
            most = most == null ? one : most(most, one);
        }
        if (most == null) {
            throw new IOException(kernel + ": ptxas says nothing of registers\n" + log);
        }
        return most;
    }

    private static Use most(Use a, Use b) {
        int[] registers = {Math.min(a.registers[0], b.registers[0]), Math.max(a.registers[1], b.registers[1])};
        return new Use(registers, Math.max(a.shared, b.shared), Math.max(a.stack, b.stack),
                Math.max(a.spills, b.spills));
    }

    private String table(Collection<String> rows) {
        StringBuilder text = new StringBuilder("""
            # Kernels as PTX

            Made by `build.sh` with nvcc %s; don't edit. `sm_75/NAME.ptx` serves compute capability 7.5 and all later
            ones, `sm_80/NAME.ptx` 8.0 and later, `sm_90a/NAME.ptx` 9.0 alone. A file holds a module for each set of
            definitions; within a block of instructions names of registers are used again, so that it takes half the room
            (`PtxRegisters`).

            What ptxas of the same release makes of it: registers of a work-item (least and most among the sets), most
            static shared memory in bytes, the most bytes of stack (sin and cos take 32 to reduce a large argument; more
            would be sums that fell out of registers) and of registers spilled, which must be 0.

            | kernel | sets | modules | PTX KiB |""".formatted(release));
        CHECKED.keySet().forEach(a -> text.append(" registers ").append(a).append(" |"));
        text.append(" shared | stack | spills |\n|---|---|---|---|").append("---|".repeat(CHECKED.size() + 3))
                .append('\n');
        rows.forEach(row -> text.append(row).append('\n'));
        return text.toString();
    }

    /** The rows of a table that there is, by kernel. */
    private static Map<String, String> rows(Path table) throws IOException {
        Map<String, String> all = new TreeMap<>();
        for (String line : Files.readAllLines(table)) {
            if (line.matches("\\| [a-z]\\w* \\| \\d.*")) {
                all.put(line.split(" ")[1], line);
            }
        }
        return all;
    }

    /** A kernel's row of the table. */
    static String row(String kernel, Made made) {
        StringBuilder text = new StringBuilder("| ").append(kernel).append(" | ").append(made.sets).append(" | ")
                .append(made.modules).append(" | ").append((made.text.length() + 1023) / 1024).append(" |");
        for (String a : CHECKED.keySet()) {
            Use use = made.uses.get(a);
            text.append(' ').append(use == null
                    ? "–"
                    : use.registers[0] == use.registers[1]
                            ? "" + use.registers[0]
                            : use.registers[0] + "–" + use.registers[1])
                    .append(" |");
        }
        return text.append(' ').append(most(made, Use::shared)).append(" | ").append(most(made, Use::stack))
                .append(" | ").append(most(made, Use::spills)).append(" |").toString();
    }

    private static int most(Made made, ToIntFunction<Use> of) {
        return made.uses.values().stream().mapToInt(of).max().orElse(0);
    }

    private static void write(Path file, String text) throws IOException {
        Path part = file.resolveSibling(file.getFileName() + ".part");
        Files.writeString(part, text);
        Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
    }

    /** Runs a program; what it wrote. */
    static String run(List<String> command) throws IOException {
        Process p = new ProcessBuilder(command).redirectErrorStream(true).start();
        String log = new String(p.getInputStream().readAllBytes());
        try {
            if (p.waitFor() != 0) {
                throw new IOException(String.join(" ", command) + ":\n" + log);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
        return log;
    }
}
