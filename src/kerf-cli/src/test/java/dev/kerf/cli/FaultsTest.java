package dev.kerf.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.kerf.backend.gpu.cuda.StandIn;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.image.video.FrameSink;
import dev.kerf.image.video.FrameSource.Frame;
import dev.kerf.image.video.FrameSource.Rate;
import dev.kerf.model.maskrcnn.SmallRcnns;
import dev.kerf.weights.Safetensors;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

/**
 * What can happen to a command while it writes, to each that writes: every file is the old one or the new one, whole, nothing
 * is left beside them, and the exit code says what happened. {@code src/kerf-cli/FAULTS.md} has the table. With
 * {@code -Dkerf.test.wide=true} each signal comes at 200 places of each command, otherwise each command has three faults of the
 * table, each fault a command or two; {@code -Dkerf.test.faults=REGEX} leaves those of such names, which are the same each time.
 */
@EnabledIf("dev.kerf.backend.gpu.cuda.StandIn#compiles")
class FaultsTest {
    private static final boolean WIDE = Boolean.getBoolean("kerf.test.wide");
    private static final Pattern WANTED = Pattern.compile(System.getProperty("kerf.test.faults", ""));
    private static final int PLACES = 200;
    private static final int SIGKILL = 9;
    private static final byte[] OLD = "what was there before".getBytes(StandardCharsets.UTF_8);

    @TempDir
    private static Path shared;
    private static Path shim;
    private static Map<String, List<Object>> commands;

    @TempDir
    private Path dir;

    /**
     * What happens.
     *
     * @param call   of the system, at which it happens
     * @param signal that comes then, or 0
     * @param errno  of the failure, or 0
     * @param code   that the command ends with
     * @param said   by the message, or empty
     */
    private record Fault(String call, int signal, int errno, int code, String said) {
        @Override
        public String toString() {
            return call + (signal > 0 ? " signal " + signal : " error " + errno);
        }
    }

    private static final List<Fault> FAULTS = List.of(
            new Fault("write", SIGKILL, 0, 137, ""), new Fault("write", 15, 0, 143, ""), new Fault("write", 2, 0, 130, ""),
            new Fault("fsync", SIGKILL, 0, 137, ""), new Fault("fsync", 15, 0, 143, ""), new Fault("fsync", 2, 0, 130, ""),
            new Fault("rename", SIGKILL, 0, 137, ""), new Fault("rename", 15, 0, 143, ""), new Fault("rename", 2, 0, 130, ""),
            new Fault("create", SIGKILL, 0, 137, ""), new Fault("create", 15, 0, 143, ""), new Fault("create", 2, 0, 130, ""),
            new Fault("write", 0, 28, 1, "No space left on device"), new Fault("write", 0, 5, 1, "Input/output error"),
            new Fault("fsync", 0, 5, 1, "Input/output error"), new Fault("rename", 0, 28, 1, "No space left on device"),
            new Fault("create", 0, 28, 1, "No space left on device"), new Fault("create", 0, 30, 1, "Read-only file system"));

    private record Ended(int code, String out, String err) {}

    @BeforeAll
    static void inputs() throws Exception {
        shim = shared.resolve("faults.so");
        assertEquals(0,
                new ProcessBuilder("gcc", "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o", shim.toString(),
                        "src/kerf-cli/src/test/c/faults.c", "-ldl", "-lpthread").inheritIO().start().waitFor());
        Path net = Run.unet(shared.resolve("net.safetensors"), 3, 3, false);
        Path rcnn = shared.resolve("rcnn.safetensors");
        Safetensors.write(rcnn, SmallRcnns.torchvision(4, true), Map.of());
        Path sam = shared.resolve("sam.safetensors");
        Run.sam2(sam);
        Path picture = shared.resolve("a.png");
        Image image = Image.blank(48, 40, PixelFormat.RGB8);
        for (int i = 0; i < 3 * 48 * 40; i++) {
            image.setSample(i / 3 % 48, i / 3 / 48, i % 3, i * 7919 % 256);
        }
        image.writePng(picture);
        Path video = Files.createDirectory(shared.resolve("clip"));
        image.writePng(video.resolve("0.png"));
        commands = new LinkedHashMap<>();
        commands.put("segment", List.of("segment", "--weights", net, "--format", "labels,rle,polygons,npy,safetensors", picture,
                "--backend", "cpu", "--out", "OUT"));
        commands.put("detect", List.of("detect", "--weights", rcnn, "--min-size", "48", "--max-size", "64", "--score", "0.2",
                "--most", "3", "--format", "rle,masks", "--results", "OUT/all.json", picture, "--backend", "cpu", "--out",
                "OUT"));
        commands.put("track", List.of("track", "--weights", sam, "--image-size", "64", "--object", "1", "--point", "0:20,20",
                "--format", "labels,masks,rle,coco", video, "--backend", "cpu", "--out", "OUT"));
        commands.put("trace", List.of("trace", "--weights", net, "--image", picture, "--backend", "cpu", "--out", "OUT/t"));
        commands.put("export", List.of("export", "--weights", net, "--size", "16x16", "--onnx", "OUT/m.onnx"));
        commands.put("import", List.of("weights", "import", "src/kerf/src/test/resources/dev/kerf/weights/training.pt", "-o",
                "OUT/w"));
        Path matte = Discs.network(shared.resolve("matte.onnx"), 48, 40);
        commands.put("cutout", List.of("cutout", "--weights", matte, "--matte", picture, "--backend", "cpu", "--out", "OUT"));
        Path film = shared.resolve("film.y4m");
        Rate rate = new Rate(10, 1);
        try (FrameSink to = FrameSink.open(film, 48, 40, rate)) {
            for (int i = 0; i < 3; i++) {
                to.write(new Frame(i, rate.time(i), rate.duration(), image));
            }
            to.finish();
        }
        commands.put("blur", List.of("blur", "--weights", matte, film, "--backend", "cpu", "--out", "OUT"));
    }

    private static Object[] into(List<Object> command, Path out) {
        return command.stream().map(a -> a.toString().replace("OUT", out.toString())).toArray();
    }

    /** The files below a directory and what is in them. */
    private static Map<String, byte[]> contents(Path out) throws IOException {
        Map<String, byte[]> files = new TreeMap<>();
        for (String name : Run.files(out)) {
            if (Files.isRegularFile(out.resolve(name))) {
                files.put(name, Files.readAllBytes(out.resolve(name)));
            }
        }
        return files;
    }

    /** The command in a process of its own. */
    private Ended kerf(Map<String, String> environment, List<String> flags, Object... args) throws Exception {
        Path out = dir.resolve("stdout");
        Path err = dir.resolve("stderr");
        Process p = process(environment, flags, args).redirectOutput(out.toFile()).redirectError(err.toFile()).start();
        if (!p.waitFor(20, TimeUnit.MINUTES)) {
            p.destroyForcibly();
            throw new AssertionError("stuck: " + Arrays.toString(args));
        }
        return new Ended(p.exitValue(), Files.readString(out), said(Files.readString(err)));
    }

    private static String said(String err) {
        return err.lines().filter(l -> !l.startsWith("WARNING: Using incubator")).map(l -> l + "\n").reduce("", String::concat);
    }

    private static ProcessBuilder process(Map<String, String> environment, List<String> flags, Object... args) {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"));
        command.addAll(Run.SOON_DONE);
        command.addAll(flags);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), "dev.kerf.cli.Main"));
        Stream.of(args).map(Object::toString).forEach(command::add);
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().putAll(environment);
        return builder;
    }

    @TestFactory
    Stream<DynamicTest> oldOrNew() {
        SplittableRandom random = new SplittableRandom(16);
        List<String> names = List.copyOf(commands.keySet());
        return commands.entrySet().stream().flatMap(command -> {
            Path out = shared.resolve("new-" + command.getKey());
            Map<String, byte[]> made;
            try {
                Files.createDirectory(out);
                Run run = Run.of(into(command.getValue(), out));
                assertEquals(0, run.code(), run.err());
                made = contents(out);
            } catch (IOException e) {
                throw new AssertionError(e);
            }
            long bytes = made.values().stream().mapToLong(b -> b.length).sum();
            List<DynamicTest> tests = new ArrayList<>();
            for (int i = 0; i < FAULTS.size(); i++) {
                Fault fault = FAULTS.get(i);
                long most = fault.call.equals("write") ? bytes : made.size();
                long[] at = WIDE
                        ? random.longs(fault.call.equals("write") ? PLACES : made.size(), 0, most).toArray()
                        : (i + 5 * names.indexOf(command.getKey())) % 6 == 0
                                ? new long[] {random.nextInt(4) == 0 ? 0 : random.nextLong(most)}
                                : new long[0];
                if (WIDE) {
                    // Before the first byte, fsync or rename.
                    at = Arrays.copyOf(at, at.length + 1);
                }
                for (long a : at) {
                    boolean before = random.nextBoolean();
                    // Time to end in the middle, or none, so that both go on side by side.
                    int pause = random.nextInt(3) * 200;
                    tests.add(dynamicTest(
                            command.getKey() + ": " + fault + " at " + a + ", " + pause + " ms" + (before ? ", old files" : ""),
                            () -> strike(command, made, fault, a, pause, before)));
                }
            }
            return tests.stream().filter(t -> WANTED.matcher(t.getDisplayName()).find());
        });
    }

    private void strike(Map.Entry<String, List<Object>> command, Map<String, byte[]> made, Fault fault, long at, int pause,
            boolean before) throws Exception {
        Path out = Files.createTempDirectory(dir, command.getKey()).toRealPath();
        for (String name : made.keySet()) {
            Files.createDirectories(out.resolve(name).getParent());
            if (before) {
                Files.write(out.resolve(name), OLD);
            }
        }
        Ended ended = kerf(
                Map.of("LD_PRELOAD", shim.toString(), "FAULT_DIR", out.toString(), "FAULT_CALL", fault.call, "FAULT_AT",
                        Long.toString(at), "FAULT_PAUSE", Integer.toString(pause), "FAULT_SIGNAL",
                        Integer.toString(fault.signal), "FAULT_ERRNO", Integer.toString(fault.errno)),
                List.of(), into(command.getValue(), out));
        Map<String, byte[]> found = contents(out);
        boolean whole = true;
        for (Map.Entry<String, byte[]> f : found.entrySet()) {
            if (f.getKey().contains(".kerf-")) {
                assertEquals(SIGKILL, fault.signal, "left over: " + f.getKey());
                whole = false;
            } else {
                boolean isNew = Arrays.equals(made.get(f.getKey()), f.getValue());
                assertTrue(isNew || before && Arrays.equals(OLD, f.getValue()), f.getKey() + " is neither old nor new");
                whole &= isNew;
            }
        }
        assertTrue(!before || found.keySet().containsAll(made.keySet()),
                "gone: " + made.keySet() + " but for " + found.keySet());
        whole &= found.keySet().equals(made.keySet());
        // A signal may come when all is done but for the end of the process.
        if (!(ended.code == 0 && whole && fault.errno == 0)) {
            assertEquals(fault.code, ended.code, ended.err);
        }
        if (fault.errno != 0) {
            assertTrue(ended.err.contains(fault.said) && !ended.err.contains("Exception"), ended.err);
            assertTrue(ended.err.lines().allMatch(l -> l.startsWith("kerf: ")), ended.err);
        }
        Run again = Run.of(into(command.getValue(), out));
        assertEquals(0, again.code(), again.err());
        assertEquals(made.keySet(), contents(out).keySet());
    }

    /** The system's own limit, in blocks of 1,024 bytes. */
    @Test
    void aFileThatMayNotGrow() throws Exception {
        Path out = Files.createDirectory(dir.resolve("out"));
        List<String> call = process(Map.of(), List.of("-XX:-UsePerfData"), into(commands.get("export"), out)).command();
        Path err = dir.resolve("stderr");
        List<String> limited = new ArrayList<>(List.of("bash", "-c", "ulimit -f 2; exec \"$@\"", "-"));
        limited.addAll(call);
        Process p = new ProcessBuilder(limited).redirectOutput(dir.resolve("stdout").toFile()).redirectError(err.toFile())
                .start();
        assertEquals(1, p.waitFor(), Files.readString(err));
        assertTrue(said(Files.readString(err)).matches("kerf: .*m\\.onnx: can't be written: File too large\n"),
                Files.readString(err));
        assertEquals(List.of(), Run.files(out));
    }

    @Test
    void standardOutputThatIsFullOrClosed() throws Exception {
        Object[] args = {"weights", "inspect", commands.get("segment").get(2)};
        Path err = dir.resolve("stderr");
        Process full = process(Map.of(), List.of(), args).redirectOutput(new File("/dev/full")).redirectError(err.toFile())
                .start();
        assertEquals(1, full.waitFor());
        assertEquals("kerf: standard output can't be written: No space left on device\n", said(Files.readString(err)));
        Process closed = process(Map.of(), List.of(), args).redirectError(err.toFile()).start();
        closed.getInputStream().close();
        assertEquals(0, closed.waitFor());
        assertEquals("", said(Files.readString(err)));
    }

    @Test
    void aHeapThatIsTooSmall() throws Exception {
        Path out = dir.resolve("out");
        Path big = dir.resolve("big.png");
        Image.blank(1500, 1500, PixelFormat.RGB8).writePng(big);
        Ended ended = kerf(Map.of(), List.of("-Xmx24m"), "segment", "--backend", "cpu", "--weights",
                commands.get("segment").get(2), "--out", out, big);
        assertEquals(1, ended.code, ended.err);
        assertTrue(ended.err.matches("kerf: .*big\\.png: .*heap.*\n"), ended.err);
        assertFalse(Files.exists(out));
    }

    @Test
    void aClockThatRunsBackwards() throws Exception {
        Path out = Files.createDirectory(dir.resolve("out"));
        Object[] call = into(commands.get("segment"), out);
        assertEquals(0, Run.of(call).code());
        Map<String, byte[]> made = contents(out);
        Path again = Files.createDirectory(dir.resolve("again"));
        Ended ended = kerf(Map.of("LD_PRELOAD", shim.toString(), "FAULT_CALL", "clock"), List.of(),
                into(commands.get("segment"), again));
        assertEquals(0, ended.code, ended.err);
        assertEquals("", ended.err);
        contents(again).forEach((name, bytes) -> assertArrayEquals(made.get(name), bytes, name));
        assertEquals(made.keySet(), contents(again).keySet());
    }

    @Test
    void aHomeThatCannotBeWrittenTo() throws Exception {
        Path out = Files.createDirectory(dir.resolve("out"));
        List<String> home = List.of("-Duser.home=/proc/kerf");
        Ended ended = kerf(Map.of("HOME", "/proc/kerf", "XDG_CACHE_HOME", ""), home, into(commands.get("segment"), out));
        assertEquals(0, ended.code, ended.err);
        ended = kerf(Map.of("HOME", "/proc/kerf", "XDG_CACHE_HOME", ""), home, "weights", "fetch", "sam2.1-tiny", "--url",
                "http://127.0.0.1:1/x");
        assertEquals(1, ended.code, ended.err);
        assertTrue(ended.err.matches("kerf: /proc/kerf.*can't be written.*\n"), ended.err);
    }
}
