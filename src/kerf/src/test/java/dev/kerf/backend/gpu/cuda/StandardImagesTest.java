package dev.kerf.backend.gpu.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BackendUnavailableException;
import dev.kerf.error.DeviceException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

/** Kernels that aren't shipped are compiled once, kept, found again, and compiled again where the file was damaged. */
@EnabledIf("dev.kerf.backend.gpu.cuda.StandIn#compiles")
class StandardImagesTest {
    private static final KernelImages.Chip H200 = new KernelImages.Chip(9, 0, 12060, "NVIDIA H200");

    @TempDir
    private Path folder;
    private Path cache;
    private StandInNvrtc standIn;

    @BeforeEach
    void build() throws IOException, InterruptedException {
        standIn = StandInNvrtc.in(folder);
        cache = folder.resolve("cache").resolve("kernels");
    }

    private static Map<String, String> softmax(int group) {
        return Map.of("GROUP", String.valueOf(group), "HAS_COUNT", "0", "KERF_STORAGE", "0");
    }

    private StandardImages images() {
        return images(cache);
    }

    private StandardImages images(Path cache) {
        return new StandardImages(new ImageCache(cache),
                () -> NvrtcLibrary.find(List.of(standIn.library().toString())));
    }

    private List<Path> entries() throws IOException {
        try (Stream<Path> files = Files.list(cache)) {
            return files.sorted().toList();
        }
    }

    @Test
    void compilesWhatIsNotShippedAndKeepsIt() throws IOException {
        KernelImages.Image made = images().find("softmax", softmax(1024), H200);
        assertEquals(1, standIn.compiles());
        assertEquals(0, standIn.programs());
        assertEquals(standIn.library() + " (12.6)", made.origin());
        String text = new String(made.bytes(), StandardCharsets.US_ASCII);
        for (String part : List.of("-DGROUP=1024", "-DHAS_COUNT=0", "--fmad=false", ".target sm_90", ".version 8.5")) {
            assertTrue(text.contains(part), part + " in " + text);
        }
        assertFalse(text.contains("used_bytes_mask"), text);
        assertTrue(made.ptx());

        KernelImages.Image kept = images().find("softmax", softmax(1024), H200);
        assertEquals(1, standIn.compiles());
        assertArrayEquals(made.bytes(), kept.bytes());
        assertEquals(List.of(kept.origin()), entries().stream().map(Path::toString).toList());
    }

    @Test
    void shippedCodeNeedsNoCompiler() throws IOException {
        StandardImages none = new StandardImages(new ImageCache(cache), () -> {
            throw new AssertionError("looked for a compiler");
        });
        assertTrue(none.find("softmax", softmax(256), H200).origin().startsWith("kernels/ptx/sm_"));
        assertFalse(Files.exists(cache));
    }

    @Test
    void keepsApartWhatDiffers() throws IOException {
        StandardImages images = images();
        images.find("softmax", softmax(512), H200);
        images.find("softmax", softmax(1024), H200);
        images.find("softmax_columns", softmax(1024), H200);
        images.find("softmax", softmax(1024), new KernelImages.Chip(8, 0, 12060, "NVIDIA A100"));
        images.find("softmax", softmax(1024), new KernelImages.Chip(9, 0, 12040, "NVIDIA H200"));
        assertEquals(5, standIn.compiles());
        assertEquals(5, entries().size());
        // Of the same architecture.
        images.find("softmax", softmax(1024), new KernelImages.Chip(8, 9, 12060, "NVIDIA L4"));
        assertEquals(5, standIn.compiles());
        assertEquals(5, entries().size());
    }

    @Test
    void aDriverOlderThanTheCompilerGetsPtxThatItKnows() {
        byte[] ptx = images().find("softmax", softmax(1024), new KernelImages.Chip(9, 0, 12020, "NVIDIA H200")).bytes();
        assertTrue(new String(ptx, StandardCharsets.US_ASCII).contains(".version 8.2"));
    }

    @Test
    void compilesAgainWhatIsDamaged() throws IOException {
        byte[] made = images().find("softmax", softmax(1024), H200).bytes();
        Path entry = entries().getFirst();
        byte[] good = Files.readAllBytes(entry);
        List<byte[]> damages = new ArrayList<>();
        for (int at : new int[] {0, 20, 78, good.length - 1}) {
            byte[] flipped = good.clone();
            flipped[at] ^= 4;
            damages.add(flipped);
        }
        damages.add(new byte[0]);
        damages.add(java.util.Arrays.copyOf(good, good.length / 2));
        damages.add(java.util.Arrays.copyOf(good, 40));
        damages.add(java.util.Arrays.copyOf(good, good.length + 1));
        int compiles = 1;
        for (byte[] damage : damages) {
            Files.write(entry, damage);
            assertArrayEquals(made, images().find("softmax", softmax(1024), H200).bytes());
            assertEquals(++compiles, standIn.compiles());
            assertArrayEquals(good, Files.readAllBytes(entry));
            assertEquals(List.of(entry), entries());
        }
    }

    @Test
    void worksWhereNothingCanBeKept() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "not a folder");
        StandardImages images = images(file.resolve("kernels"));
        byte[] first = images.find("softmax", softmax(1024), H200).bytes();
        assertArrayEquals(first, images.find("softmax", softmax(1024), H200).bytes());
        assertEquals(2, standIn.compiles());
        assertEquals("not a folder", Files.readString(file));
        // A folder where the entry should be.
        images().find("softmax", softmax(1024), H200);
        Path entry = entries().getFirst();
        Files.delete(entry);
        Files.createDirectories(entry.resolve("in the way"));
        assertArrayEquals(first, images().find("softmax", softmax(1024), H200).bytes());
        assertEquals(List.of(entry), entries());
    }

    @Test
    void threadsShareACache() throws Exception {
        Set<String> seen = new HashSet<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
            List<Future<byte[]>> all = new ArrayList<>();
            for (int i = 0; i < 64; i++) {
                all.add(threads.submit(() -> images().find("softmax", softmax(1024), H200).bytes()));
            }
            for (Future<byte[]> f : all) {
                seen.add(new String(f.get(), StandardCharsets.US_ASCII));
            }
        }
        assertEquals(1, seen.size());
        assertEquals(1, entries().size());
    }

    @Test
    void processesShareACache() throws Exception {
        List<Process> processes = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            processes.add(new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "--enable-native-access=ALL-UNNAMED", "-cp", System.getProperty("java.class.path"),
                    ImageProcess.class.getName(), cache.toString(), standIn.library().toString())
                    .redirectErrorStream(true).start());
        }
        Set<String> outputs = new HashSet<>();
        for (Process p : processes) {
            String output = new String(p.getInputStream().readAllBytes());
            assertEquals(0, p.waitFor(), output);
            assertFalse(output.contains("damaged"), output);
            outputs.add(output);
        }
        assertEquals(1, outputs.size(), outputs.toString());
        assertEquals(7, outputs.iterator().next().lines().count(), outputs.toString());
        assertEquals(7, entries().size());
        assertTrue(entries().stream().allMatch(f -> f.toString().endsWith(".ptx")), entries().toString());
    }

    @Test
    void saysWhatIsMissing() {
        StandardImages images = new StandardImages(new ImageCache(cache),
                () -> NvrtcLibrary.find(List.of("/nowhere/libnvrtc.so")));
        String message = assertThrows(BackendUnavailableException.class,
                () -> images.find("softmax", softmax(1024), H200)).getMessage();
        for (String part : List.of("softmax", "GROUP=1024 HAS_COUNT=0 KERF_STORAGE=0", "sm_90", "nvidia-cuda-nvrtc",
                "-Dkerf.nvrtc.library=FILE", "/nowhere/libnvrtc.so")) {
            assertTrue(message.contains(part), part + " in " + message);
        }
        String old = assertThrows(BackendUnavailableException.class,
                () -> images().find("softmax", softmax(1024), new KernelImages.Chip(3, 0, 10020, "NVIDIA K20")))
                .getMessage();
        assertTrue(old.contains("sm_30") && old.contains("NVIDIA K20"), old);
    }

    @Test
    void aLibraryThatLacksAFunctionIsPassedOver() throws IOException, InterruptedException {
        Path other = Files.createDirectories(folder.resolve("other"));
        String lacking = StandInNvrtc.in(other, "-DMISSING").library().toString();
        NvrtcLibrary.Found none = NvrtcLibrary.find(List.of(lacking));
        assertNull(none.nvrtc());
        assertTrue(none.looked().contains(lacking + " (it has no nvrtcGetPTXSize)"), none.looked());
        assertEquals("12.6", NvrtcLibrary.find(List.of(lacking, standIn.library().toString())).nvrtc().version());
    }

    @Test
    void refusalsCarryTheCompilersLog() {
        DeviceException e = assertThrows(DeviceException.class, () -> images().find("softmax",
                Map.of("GROUP", "1024", "HAS_COUNT", "0", "KERF_STORAGE", "0", "STANDIN_REFUSE", "1"), H200));
        assertEquals("nvrtcCompileProgram", e.call());
        assertEquals(6, e.status());
        for (String part : List.of("NVRTC_ERROR_COMPILATION", "softmax", "STANDIN_REFUSE=1",
                "error: this is refused")) {
            assertTrue(e.getMessage().contains(part), part + " in " + e.getMessage());
        }
        assertEquals(0, standIn.programs());
        assertFalse(Files.exists(cache));
    }

    @Test
    void looksInToolkitsAndPackages() throws IOException {
        Path root = folder.resolve("root");
        Path pip = root.resolve("venv/lib/python3.12/site-packages/nvidia/cuda_nvrtc/lib/libnvrtc.so.12");
        Path cuda = root.resolve("usr/local/cuda-13.0/lib64/libnvrtc.so.13");
        Path older = root.resolve("usr/local/cuda-12.6/lib64/libnvrtc.so.12");
        Path user = root.resolve("home/.local/lib/python3.11/site-packages/nvidia/cu13/lib/libnvrtc.so.13");
        for (Path p : List.of(pip, cuda, older, user)) {
            Files.createDirectories(p.getParent());
            Files.createFile(p);
        }
        List<String> all = NvrtcLibrary.candidates(Map.of("VIRTUAL_ENV", root.resolve("venv").toString(),
                "HOME", root.resolve("home").toString(), "CUDA_HOME", ""), root);
        assertTrue(all.containsAll(Stream.of(pip, cuda, older, user).map(Path::toString).toList()), all.toString());
        assertTrue(all.indexOf(cuda.toString()) < all.indexOf(older.toString()));
        assertEquals("libnvrtc.so.13", all.getFirst());
    }

    @Test
    void theCacheIsWhereTheUserWantsIt() {
        assertEquals(Path.of("/x"), ImageCache.folder("/x", Map.of("XDG_CACHE_HOME", "/c"), "/home/u"));
        assertEquals(Path.of("/c/kerf/kernels"), ImageCache.folder("", Map.of("XDG_CACHE_HOME", "/c"), "/home/u"));
        assertEquals(Path.of("/home/u/.cache/kerf/kernels"), ImageCache.folder("", Map.of(), "/home/u"));
        assertEquals(Path.of("/home/u/.cache/kerf/kernels"),
                ImageCache.folder("", Map.of("XDG_CACHE_HOME", "relative"), "/home/u"));
    }

    @Test
    void versionsOfPtxFollowDriverAndTarget() {
        String ptx = ".version 9.0\n.target sm_75\n";
        assertTrue(PtxVersion.lowered(ptx, 12060).startsWith(".version 8.5\n"));
        assertTrue(PtxVersion.lowered(ptx, 12090).startsWith(".version 8.8\n"));
        assertTrue(PtxVersion.lowered(ptx, 11080).startsWith(".version 7.8\n"));
        assertEquals(ptx, PtxVersion.lowered(ptx, 13000));
        assertNotEquals(ptx, PtxVersion.lowered(ptx, 12080));
        // Not below what the target asks for, even if the driver then refuses it: it says so better.
        assertTrue(PtxVersion.lowered(".version 9.0\n.target sm_100\n", 12060).startsWith(".version 8.6\n"));
        assertEquals(".version 6.3\n.target sm_75\n", PtxVersion.lowered(".version 6.3\n.target sm_75\n", 12060));
    }
}
