package dev.kerf.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.Kerf;
import dev.kerf.check.golden.Golden;
import dev.kerf.cli.console.ExitCode;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.model.maskrcnn.SmallRcnns;
import dev.kerf.serve.Server;
import dev.kerf.weights.Safetensors;
import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.constantpool.MemberRefEntry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where results are written to: there is one way, which spares what is no ordinary file. */
class OutputsTest {
    /** What opens a file for writing, or puts one in another's place. */
    private static final Set<String> OPENINGS = Set.of("java/nio/file/Files.newOutputStream", "java/nio/file/Files.write",
            "java/nio/file/Files.writeString", "java/nio/file/Files.newBufferedWriter", "java/nio/file/Files.newByteChannel",
            "java/nio/file/Files.createFile", "java/nio/file/Files.createTempFile", "java/nio/file/Files.copy",
            "java/nio/file/Files.move", "java/nio/channels/FileChannel.open", "java/io/FileOutputStream.<init>",
            "java/io/FileWriter.<init>", "java/io/RandomAccessFile.<init>", "java/io/File.renameTo",
            "java/io/File.createNewFile", "java/io/File.createTempFile");

    @TempDir
    private Path dir;

    @Test
    void nothingElseOpensAnOutput() throws IOException {
        Map<String, Set<String>> found = new TreeMap<>();
        int classes = 0;
        for (Class<?> c : List.of(Kerf.class, Golden.class, Server.class, Main.class)) {
            Path place = Path.of(c.getProtectionDomain().getCodeSource().getLocation().getPath());
            try (Stream<Path> all = Files.walk(place)) {
                for (Path file : all.filter(f -> f.toString().endsWith(".class")).toList()) {
                    ClassModel model = ClassFile.of().parse(file);
                    classes++;
                    model.constantPool().forEach(entry -> {
                        if (entry instanceof MemberRefEntry m) {
                            String called = m.owner().asInternalName() + "." + m.name().stringValue();
                            if (OPENINGS.contains(called)) {
                                String outer = model.thisClass().asInternalName().replaceAll("\\$.*", "");
                                found.merge(outer.substring(outer.lastIndexOf('/') + 1), Set.of(called),
                                        (a, b) -> Stream.of(a, b).flatMap(Set::stream)
                                                .collect(Collectors.toUnmodifiableSet()));
                            }
                        }
                    });
                }
            }
        }
        assertTrue(classes > 500, classes + " classes");
        assertEquals(Map.ofEntries(
                Map.entry("AtomicFile", Set.of("java/nio/file/Files.newOutputStream")),
                Map.entry("Temporary", Set.of("java/nio/file/Files.createFile", "java/nio/channels/FileChannel.open",
                        "java/nio/file/Files.move")),
                // Goes on with a part from where an earlier attempt ended.
                Map.entry("Download", Set.of("java/nio/file/Files.newOutputStream", "java/nio/channels/FileChannel.open",
                        "java/nio/file/Files.move")),
                // What nvcc and ptxas read, in the temporary directory.
                Map.entry("CompiledPtx", Set.of("java/nio/file/Files.writeString")),
                Map.entry("Ptxas", Set.of("java/nio/file/Files.createTempFile", "java/nio/file/Files.write")),
                // What a client sends, under a name that there wasn't; what leads a browser to the page.
                Map.entry("Uploads", Set.of("java/nio/file/Files.createTempFile", "java/nio/file/Files.newOutputStream",
                        "java/nio/file/Files.copy")),
                Map.entry("Browser", Set.of("java/nio/file/Files.createTempFile", "java/nio/file/Files.writeString")),
                // A line is appended for each image, so that a kill leaves those before.
                Map.entry("Manifest", Set.of("java/nio/channels/FileChannel.open")),
                // To read.
                Map.entry("MappedFile", Set.of("java/io/RandomAccessFile.<init>")),
                // Standard output and error.
                Map.entry("Main", Set.of("java/io/FileOutputStream.<init>")),
                Map.entry("StandardOutput", Set.of("java/io/FileOutputStream.<init>"))), found);
    }

    @Test
    void linksPipesAndDevicesStayWhatTheyAre() throws Exception {
        Path net = Run.unet(dir.resolve("net.safetensors"), 3, 2, false);
        Path picture = dir.resolve("a.png");
        Image.blank(16, 16, PixelFormat.RGB8).writePng(picture);
        Path checkpoint = Path.of("src/kerf/src/test/resources/dev/kerf/weights/training.pt");
        Map<String, List<Object>> writers = Map.of(
                "import", List.of("weights", "import", checkpoint, "-o"),
                "trace", List.of("trace", "--backend", "cpu", "--weights", net, "--image", picture, "--out"),
                "export", List.of("export", "--weights", net, "--size", "16x16", "--onnx"));
        for (Map.Entry<String, List<Object>> w : writers.entrySet()) {
            Path plain = dir.resolve(w.getKey());
            run(w.getValue(), plain);
            byte[] wanted = Files.readAllBytes(plain);
            assertTrue(wanted.length > 0);

            Path target = Files.writeString(dir.resolve(w.getKey() + "-target"), "old");
            Path link = Files.createSymbolicLink(dir.resolve(w.getKey() + "-link"), target.getFileName());
            run(w.getValue(), link);
            assertTrue(Files.isSymbolicLink(link));
            assertArrayEquals(wanted, Files.readAllBytes(target));

            Path pipe = dir.resolve(w.getKey() + "-pipe");
            assertEquals(0, new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor());
            CompletableFuture<byte[]> read = CompletableFuture.supplyAsync(() -> bytes(pipe));
            run(w.getValue(), pipe);
            assertArrayEquals(wanted, read.get(10, TimeUnit.MINUTES));

            // A null device of our own, where we may make one.
            Path device = dir.resolve(w.getKey() + "-device");
            if (new ProcessBuilder("mknod", device.toString(), "c", "1", "3").start().waitFor() == 0) {
                run(w.getValue(), device);
                assertFalse(Files.isRegularFile(device));
                assertTrue(Files.exists(device));
            }
        }
        assertEquals(List.of(), Run.files(dir).stream().filter(f -> f.startsWith(".")).toList());
    }

    /** What leads to the input by another name: a linked directory, a linked result. */
    @Test
    void noInputIsOverwritten() throws IOException {
        Path net = Run.unet(dir.resolve("net.safetensors"), 3, 2, false);
        Path sam = dir.resolve("sam.safetensors");
        Run.sam2(sam);
        Path there = Files.createDirectory(dir.resolve("there"));
        Path picture = picture(there.resolve("a.png"));
        Path other = picture(there.resolve("a-labels.png"));
        Path json = Files.writeString(dir.resolve("truth.json"), "{}");
        Path checkpoint = Files.copy(Path.of("src/kerf/src/test/resources/dev/kerf/weights/training.pt"), dir.resolve("c.pt"));
        Path same = Files.createSymbolicLink(dir.resolve("same"), there);
        Path linked = Files.createDirectory(dir.resolve("linked"));
        for (String result : List.of("a-overlay.png", "a-masks.png")) {
            Files.createSymbolicLink(linked.resolve(result), picture);
        }
        Path video = picture(Files.createDirectory(dir.resolve("clip")).resolve("0.png")).getParent();
        Files.createSymbolicLink(linked.resolve("clip-overlay.gif"), video.resolve("0.png"));
        Path weights = Files.createSymbolicLink(dir.resolve("weights"), net);
        Path matte = Discs.network(dir.resolve("matte.onnx"), 24, 16);
        for (String result : List.of("a-cutout.png", "a-blur.png")) {
            Files.createSymbolicLink(linked.resolve(result), picture);
        }
        List<Object[]> calls = List.of(
                new Object[] {"segment", "--weights", net, "--out", same, picture, other},
                new Object[] {"segment", "--weights", net, "--out", there, same.resolve("a.png"), same.resolve("a-labels.png")},
                new Object[] {"segment", "--weights", net, "--out", linked, picture},
                new Object[] {"sam", "--weights", sam, "--image-size", 64, "--point", "3,3", "--out", linked, picture},
                new Object[] {"track", "--weights", sam, "--image-size", 64, "--object", 1, "--point", "0:3,3", "--out", linked,
                    video},
                new Object[] {"cutout", "--weights", matte, "--out", linked, picture},
                new Object[] {"blur", "--weights", matte, "--out", linked, picture},
                new Object[] {"trace", "--weights", net, "--image", picture, "--out", picture},
                new Object[] {"trace", "--weights", net, "--image", picture, "--out", weights},
                new Object[] {"export", "--weights", net, "--size", "16x16", "--onnx", weights},
                new Object[] {"weights", "import", checkpoint, "-o", checkpoint},
                new Object[] {"evaluate", "--predicted", json, "--truth", json, "--report", json},
                new Object[] {"evaluate", "--predicted", there, "--truth", there, "--report", same.resolve("a.png")});
        List<String> before = contents();
        for (Object[] call : calls) {
            Run.of(call).failedWith(ExitCode.FAILED, "would overwrite this input");
            assertEquals(before, contents());
        }
    }

    @Test
    void resultsOfAllImagesTakeNoOthersPlace() throws IOException {
        Path net = dir.resolve("rcnn.safetensors");
        Safetensors.write(net, SmallRcnns.torchvision(4, true), Map.of());
        Path picture = picture(dir.resolve("a.png"));
        Path out = Files.createDirectory(dir.resolve("out"));
        List<String> before = contents();
        for (Path results : List.of(picture, net, out.resolve("a-instances.json"), out.resolve("a-overlay.png"))) {
            Run.of("detect", "--weights", net, "--min-size", 64, "--max-size", 64, "--out", out, "--results", results, picture)
                    .failedWith(ExitCode.FAILED, results.toString(), "--results");
            assertEquals(before, contents());
        }
    }

    private static Path picture(Path file) {
        Image.blank(24, 16, PixelFormat.RGB8).writePng(file);
        return file;
    }

    /** Names and content of all files. */
    private List<String> contents() {
        return Run.files(dir).stream().map(f -> f + " " + (Files.isRegularFile(dir.resolve(f))
                ? Arrays.hashCode(bytes(dir.resolve(f)))
                : 0)).toList();
    }

    private static byte[] bytes(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static void run(List<Object> command, Path target) {
        List<Object> all = new ArrayList<>(command);
        all.add(target);
        Run.of(all.toArray()).succeeded();
    }
}
