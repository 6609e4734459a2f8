package dev.kerf.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.Kerf;
import dev.kerf.check.golden.Golden;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.constantpool.MemberRefEntry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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
        for (Class<?> c : List.of(Kerf.class, Golden.class, Main.class)) {
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
        assertEquals(Map.of(
                "AtomicFile", Set.of("java/nio/file/Files.newOutputStream"),
                "Temporary", Set.of("java/nio/file/Files.createFile", "java/nio/channels/FileChannel.open",
                        "java/nio/file/Files.move"),
                // Goes on with a part from where an earlier attempt ended.
                "Download", Set.of("java/nio/file/Files.newOutputStream", "java/nio/channels/FileChannel.open",
                        "java/nio/file/Files.move"),
                // To read.
                "MappedFile", Set.of("java/io/RandomAccessFile.<init>"),
                // Standard output and error.
                "Main", Set.of("java/io/FileOutputStream.<init>"),
                "StandardOutput", Set.of("java/io/FileOutputStream.<init>")), found);
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
            assertArrayEquals(wanted, read.get(1, TimeUnit.MINUTES));

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
