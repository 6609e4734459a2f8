package dev.kerf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.check.golden.GoldenCase;
import dev.kerf.cli.Lines;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.image.video.FrameSink;
import dev.kerf.image.video.FrameSource;
import dev.kerf.model.maskrcnn.SmallRcnns;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Safetensors;
import dev.kerf.weights.Weights;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The README's examples do what it says. */
class ReadmeTest {
    private static final boolean WIDE = Boolean.getBoolean("kerf.test.wide");
    private static final Path SAMPLES = Path.of("src/main/samples").toAbsolutePath();
    private static final Path REFERENCE = Path.of("src/kerf-check/src/test/resources/reference").toAbsolutePath();

    @TempDir
    private Path temp;

    private static List<String> blocks(String language) throws IOException {
        Matcher m = Pattern.compile("```" + language + "\n(.*?)```", Pattern.DOTALL)
                .matcher(Files.readString(Path.of("README.md")));
        return m.results().map(r -> r.group(1)).toList();
    }

    @Test
    void theJavaExampleCompilesAndRuns() throws Exception {
        String printed = compileAndRun(blocks("java").getFirst()
                .replace("Path.of(\"src/main/samples/", "Path.of(\"" + SAMPLES + "/")
                .replace("Path.of(\"labels.png\")", "Path.of(\"" + temp.resolve("labels.png") + "\")")
                .replace("Path.of(\"overlay.png\")", "Path.of(\"" + temp.resolve("overlay.png") + "\")"));
        Matcher score = Pattern.compile("mean IoU (0\\.\\d{3})").matcher(printed);
        assertTrue(score.find(), printed);
        assertTrue(Double.parseDouble(score.group(1)) > 0.85, "drawn tissue is easy for the network: " + printed);
        assertEquals(512, Image.read(temp.resolve("overlay.png")).width());
        assertEquals(1, Image.readIndices(temp.resolve("labels.png")).channels());
    }

    @Test
    void theApplicationsExampleCompilesAndRuns() throws Exception {
        String printed = compileAndRun(blocks("java").get(1));
        assertTrue(printed.contains("640×480 labels, on the device [1, 480, 640]"), printed);
    }

    @Test
    void theSam2ExampleCompilesAndRuns() throws Exception {
        List<String> examples = blocks("java");
        assertEquals(7, examples.size());
        sam2();
        String example = examples.get(2)
                .replace("Path.of(\"sam2", "Path.of(\"" + temp + "/sam2")
                .replace("Path.of(\"street", "Path.of(\"" + temp + "/street");
        String load = "Sam2.load(device, weights)";
        assertTrue(example.contains(load), example);
        compile(example);
        // The same on fewer pixels, which is a tenth of the work.
        String printed = compileAndRun(WIDE
                ? example
                : example.replace(load, "Sam2.load(device, weights, Sam2.Settings.of().imageSize(256), ModelOptions.of())"));
        assertTrue(
                Pattern.compile("[1-9]\\d* pixels, then [1-9]\\d*\\Rframe 0: [1-9]\\d* pixels\\Rframe 1: [1-9]\\d* pixels")
                        .matcher(printed).find(),
                printed);
    }

    @Test
    void theCutoutExampleCompilesAndRuns() throws Exception {
        photo(temp.resolve("photo.jpg"));
        u2netp();
        compileAndRun(blocks("java").get(3).replaceAll("Path.of\\(\"(u2netp|photo|thing|soft)", "Path.of(\"" + temp + "/$1"));
        assertEquals("96x64 RGBA8", Image.read(temp.resolve("thing.png")).toString());
        assertEquals("96x64 RGB8", Image.read(temp.resolve("soft.png")).toString());
    }

    @Test
    void theMeasuresExampleCompilesAndRuns() throws Exception {
        String printed = compileAndRun(blocks("java").get(4).replace("Path.of(\"src/main/samples", "Path.of(\"" + SAMPLES));
        assertTrue(Pattern.compile("[1-9]\\d+ cells, the first of [1-9]\\d*\\.\\d µm²").matcher(printed).find(), printed);
    }

    @Test
    void theKernelInJavaIsTheOneThatRuns() throws IOException {
        String kernel = Files
                .readString(Path.of("src/kerf-tornado/src/main/java/dev/kerf/tornado/kernel/elementwise/BatchNorm.java"));
        assertTrue(kernel.endsWith("\n" + blocks("java").getLast()), "the README shows another kernel than there is");
    }

    /** What the examples for SAM 2 read; the weights of an untrained network by the official names. */
    private void sam2() throws IOException {
        try (Weights weights = GoldenCase.open(Path.of("src/kerf-check/src/test/resources/goldens/sam2-quick")).weights()) {
            Map<String, HostTensor> tensors = new TreeMap<>();
            weights.names().forEach(n -> tensors.put(n, weights.tensor(n)));
            Safetensors.write(temp.resolve("sam2.1_hiera_tiny.pt"), tensors, Map.of());
        }
        Files.createDirectories(temp.resolve("street"));
        photo(temp.resolve("street/0000.jpg"));
        photo(temp.resolve("street/0001.jpg"));
    }

    /** An untrained network by the official names. */
    private void u2netp() {
        try (Weights weights = GoldenCase.open(Path.of("src/kerf-check/src/test/resources/goldens/u2netp-quick")).weights()) {
            Map<String, HostTensor> tensors = new TreeMap<>();
            weights.names().forEach(n -> tensors.put(n, weights.tensor(n)));
            Safetensors.write(temp.resolve("u2netp.pth"), tensors, Map.of());
        }
    }

    /** Three frames. */
    private static void call(Path file) {
        FrameSource.Rate rate = new FrameSource.Rate(25, 1);
        try (FrameSink video = FrameSink.open(file, 48, 32, rate)) {
            for (int i = 0; i < 3; i++) {
                video.write(new FrameSource.Frame(i, rate.time(i), rate.duration(), Image.blank(48, 32, PixelFormat.RGB8)));
            }
            video.finish();
        }
    }

    private void compile(String body) {
        String source = """
                import dev.kerf.*;
                import dev.kerf.backend.*;
                import dev.kerf.image.*;
                import dev.kerf.mask.*;
                import dev.kerf.measure.*;
                import dev.kerf.metrics.*;
                import dev.kerf.model.*;
                import dev.kerf.model.matting.*;
                import dev.kerf.model.sam2.*;
                import dev.kerf.model.unet.*;
                import dev.kerf.weights.*;
                import java.lang.foreign.MemorySegment;
                import java.nio.file.Path;
                import java.time.Duration;
                import java.util.List;

                public class Example {
                    public static void main(String[] args) {
                """ + body + "}}";
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        assertNotNull(compiler, "tests need a JDK");
        JavaFileObject file = new SimpleJavaFileObject(URI.create("string:///Example.java"), JavaFileObject.Kind.SOURCE) {
            @Override
            public CharSequence getCharContent(boolean ignore) {
                return source;
            }
        };
        List<String> options = List.of("-d", temp.toString(), "-classpath", System.getProperty("java.class.path"));
        ByteArrayOutputStream errors = new ByteArrayOutputStream();
        boolean compiled = compiler.getTask(new java.io.OutputStreamWriter(errors, StandardCharsets.UTF_8), null, null,
                options, null, List.of(file)).call();
        assertTrue(compiled, () -> errors.toString(StandardCharsets.UTF_8));
    }

    private String compileAndRun(String body) throws Exception {
        compile(body);
        PrintStream out = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        try (URLClassLoader loader = new URLClassLoader(new URL[] {temp.toUri().toURL()}, getClass().getClassLoader());
                PrintStream capture = new PrintStream(printed, true, StandardCharsets.UTF_8)) {
            System.setOut(capture);
            loader.loadClass("Example").getMethod("main", String[].class).invoke(null, (Object) new String[0]);
        } finally {
            System.setOut(out);
        }
        return printed.toString(StandardCharsets.UTF_8);
    }

    /**
     * Each line, in order, in a folder with the files that the lines name. Some have a process of their own: the first ones, a page's,
     * what runs without vectors. The others share one, which loads and compiles once.
     */
    @Test
    void theCommandsRun() throws Exception {
        Files.createDirectories(temp.resolve("cells"));
        Files.createDirectories(temp.resolve("truth"));
        for (int i = 1; i <= 2; i++) {
            Files.copy(SAMPLES.resolve("tissue-" + i + ".png"), temp.resolve("cells/tissue-" + i + ".png"));
            Files.copy(SAMPLES.resolve("tissue-" + i + "-truth.png"), temp.resolve("truth/tissue-" + i + ".png"));
        }
        Files.copy(REFERENCE.resolve("milesial-transposed.pt"), temp.resolve("unet.pt"));
        photo(temp.resolve("photo.jpg"));
        sam2();
        u2netp();
        call(temp.resolve("call.y4m"));
        Safetensors.write(temp.resolve("maskrcnn.pth"), SmallRcnns.torchvision(91, true), Map.of());
        Safetensors.write(temp.resolve("panoptic.pkl"), SmallRcnns.panoptic(81, 54), Map.of());
        Path coco = Path.of("src/kerf/src/test/resources/coco-quick");
        Files.copy(coco.resolve("ground_truth.json"), temp.resolve("instances_val2017.json"));
        Files.copy(coco.resolve("detections.json"), temp.resolve("found.json"));
        copyAll(coco, "gt.json", "panoptic_gt", "panoptic_val2017");
        copyAll(coco, "pred.json", "panoptic_pred", "p");
        List<String> lines = blocks("sh").stream().flatMap(String::lines).filter(l -> l.startsWith("kerf ")).toList();
        assertTrue(lines.size() >= 9, lines.toString());
        Process shared = java(List.of("--add-modules", "jdk.incubator.vector"), List.of("dev.kerf.cli.Lines"));
        try (BufferedReader said = shared.inputReader(StandardCharsets.UTF_8)) {
            try (PrintStream calls = new PrintStream(shared.getOutputStream(), true, StandardCharsets.UTF_8)) {
                for (String line : lines) {
                    follow(line.replaceAll("\\s+#.*", "").strip(), lines, calls, said);
                }
            }
            assertEquals(0, shared.waitFor());
        } finally {
            shared.destroy();
        }
        try (Stream<Path> masks = Files.list(temp.resolve("masks"))) {
            assertEquals(6, masks.count(), "labels, overlay and run lengths of two pictures");
        }
        assertTrue(Files.size(temp.resolve("unet.onnx")) > 10_000);
    }

    private void follow(String command, List<String> lines, PrintStream calls, BufferedReader said) throws Exception {
        if (command.startsWith("kerf serve")) {
            serves(command);
        } else if (command.equals("kerf devices") || command.contains("--out masks --format")) {
            run(command, List.of("--add-modules", "jdk.incubator.vector"));
        } else {
            if (command.startsWith("kerf diff")) {
                // A second result on any machine: plain Java rounds elsewhere than the Vector API.
                run(lines.stream().filter(l -> l.startsWith("kerf trace")).findFirst().orElseThrow()
                        .replaceAll("\\s+#.*", "").replace("a.safetensors", "b.safetensors"), List.of());
                assertTrue(Files.mismatch(temp.resolve("a.safetensors"), temp.resolve("b.safetensors")) >= 0);
                assertNotEquals(0, exit(command.replace("1e-5", "0"), List.of()).code());
            }
            Ended ended = among(command, calls, said);
            assertEquals(0, ended.code, command + "\n" + ended.said);
            if (command.startsWith("kerf kernels")) {
                assertTrue(ended.said.contains("held to an H100's report") && !ended.said.contains("not validated"),
                        ended.said);
            }
        }
    }

    /** In the process that others share. */
    private static Ended among(String command, PrintStream calls, BufferedReader said) throws IOException {
        calls.println(here(command));
        StringBuilder text = new StringBuilder();
        for (String line = said.readLine(); line != null; line = said.readLine()) {
            if (line.startsWith(Lines.END)) {
                return new Ended(Integer.parseInt(line.substring(Lines.END.length())), text.toString());
            }
            text.append(line).append('\n');
        }
        throw new AssertionError(command + " ended the process:\n" + text);
    }

    private record Ended(int code, String said) {}

    private void run(String command, List<String> flags) throws Exception {
        Ended ended = exit(command, flags);
        assertEquals(0, ended.code, command + "\n" + ended.said);
    }

    /** It prints where it is, is there, and ends when it is told to. */
    private void serves(String command) throws Exception {
        Process process = start(command, List.of("--add-modules", "jdk.incubator.vector"));
        try (BufferedReader said = process.inputReader(StandardCharsets.UTF_8)) {
            // The JVM may warn of the incubator module before.
            String url = said.lines().filter(l -> l.startsWith("http://127.0.0.1:")).findFirst().orElseThrow();
            try (InputStream page = URI.create(url).toURL().openStream()) {
                assertTrue(new String(page.readAllBytes(), StandardCharsets.UTF_8).contains("<title>Kerf"));
            }
        } finally {
            process.destroy();
            process.waitFor();
        }
    }

    private Ended exit(String command, List<String> flags) throws Exception {
        Process p = start(command, flags);
        String said = new String(p.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Ended(p.waitFor(), said);
    }

    private Process start(String command, List<String> flags) throws IOException {
        List<String> call = new ArrayList<>(List.of("dev.kerf.cli.Main"));
        call.addAll(List.of(here(command).split(" +")));
        return java(flags, call);
    }

    /** Without the program's name; whatever back ends there are here, the example must run on one of them, and SAM 2 sees less. */
    private static String here(String command) {
        String call = command.substring(5).replace("--backend opencl", "--backend cpu");
        return !WIDE && call.matches("(sam|track) .*") ? call + " --image-size 256" : call;
    }

    private Process java(List<String> flags, List<String> main) throws IOException {
        List<String> call = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        call.addAll(flags);
        // What the application image carries: golden cases.
        call.add("-Dkerf.home=" + Path.of("src/kerf-check/src/test/resources").toAbsolutePath());
        call.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-cp", absolute(System.getProperty("java.class.path"))));
        call.addAll(main);
        ProcessBuilder builder = new ProcessBuilder(call).directory(temp.toFile()).redirectErrorStream(true);
        // Nobody's browser opens, and the JVM says nothing of its own.
        builder.environment().keySet().removeAll(List.of("DISPLAY", "WAYLAND_DISPLAY", "JAVA_TOOL_OPTIONS"));
        return builder.start();
    }

    /** A panoptic JSON file and its directory of pictures, under another name. */
    private void copyAll(Path from, String json, String directory, String to) throws IOException {
        Files.copy(from.resolve(json), temp.resolve(to + ".json"));
        Files.createDirectory(temp.resolve(to));
        try (Stream<Path> pictures = Files.list(from.resolve(directory))) {
            for (Path p : pictures.toList()) {
                Files.copy(p, temp.resolve(to).resolve(p.getFileName()));
            }
        }
    }

    private static String absolute(String classPath) {
        return Stream.of(classPath.split(java.io.File.pathSeparator))
                .map(p -> Path.of(p).toAbsolutePath().toString())
                .collect(java.util.stream.Collectors.joining(java.io.File.pathSeparator));
    }

    private static void photo(Path file) throws IOException {
        var image = new java.awt.image.BufferedImage(96, 64, java.awt.image.BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < 64; y++) {
            for (int x = 0; x < 96; x++) {
                image.setRGB(x, y, (x * 2) << 16 | (y * 3) << 8 | (x ^ y) & 0xFF);
            }
        }
        assertTrue(javax.imageio.ImageIO.write(image, "jpeg", file.toFile()));
    }
}
