package dev.kerf.backend.gpu.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.error.DeviceException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** PTX is assembled once for a driver and a chip; of several images that which the driver loads is taken. */
class AssembledCodeTest {
    private static final String STAND_IN = "dev.kerf.backend.gpu.cuda.StandIn#found";
    private static final Map<String, String> SOURCES = Map.of(
            "more", "__kernel void more(__global int *x, int by) { x[get_global_id(0)] += by; }");

    @TempDir
    private Path folder;

    @AfterEach
    void asBefore() {
        StandIn standIn = StandIn.install();
        standIn.set("version", 12060);
        standIn.set("minor", 0);
        assertEquals(Map.of(), standIn.live());
    }

    private KeptImages images() {
        return new KeptImages(SOURCES, new ImageCache(folder));
    }

    private List<Path> kept() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        }
    }

    /** Starts, runs the kernel, and ends; how much PTX was assembled. */
    private static long start(StandIn standIn, KernelImages images) {
        long before = standIn.last("assembled");
        try (CudaDriver d = CudaBackend.openDriver(0, images);
                Arena arena = Arena.ofConfined();
                Driver.Queue queue = d.queue();
                Driver.Buffer x = d.allocate(256);
                Driver.Launch launch = d.launch(d.load("more", Map.of()), new long[] {64}, new long[] {32}, List.of(x, 7))) {
            MemorySegment out = arena.allocate(256);
            queue.zero(x, 0, 256);
            queue.launch(launch);
            queue.download(x, 0, out, 0, 256);
            queue.synchronize();
            assertEquals(7, out.getAtIndex(ValueLayout.JAVA_INT, 63));
        }
        return standIn.last("assembled") - before;
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(STAND_IN)
    void aSecondStartAssemblesNothing(StandIn standIn) throws IOException {
        assertEquals(1, start(standIn, images()));
        assertEquals(0, start(standIn, images()));
        assertEquals(1, kept().size());
        assertTrue(kept().getFirst().getFileName().toString().matches("more-[0-9a-f]{32}\\.cubin"), kept().toString());
        standIn.set("version", 12040);
        assertEquals(1, start(standIn, images()), "another driver");
        standIn.set("minor", 7);
        assertEquals(1, start(standIn, images()), "another chip");
        assertEquals(3, kept().size());
        assertEquals(1, start(standIn, new KeptImages(Map.of("more", SOURCES.get("more") + " "), new ImageCache(folder))),
                "another text");
        assertEquals(0, start(standIn, images()));
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(STAND_IN)
    void whatWasDamagedIsAssembledAgain(StandIn standIn) throws IOException {
        start(standIn, images());
        Path entry = kept().getFirst();
        byte[] whole = Files.readAllBytes(entry);
        byte[] flipped = whole.clone();
        flipped[whole.length / 2] ^= 1;
        for (byte[] damaged : List.of(flipped, new byte[0], Arrays.copyOf(whole, whole.length / 2))) {
            Files.write(entry, damaged);
            assertEquals(1, start(standIn, images()));
            assertEquals(0, start(standIn, images()));
        }
    }

    /** A driver may refuse what was kept, though it has the same version: the PTX serves. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(STAND_IN)
    void whatWasKeptMayBeRefused(StandIn standIn) {
        start(standIn, images());
        standIn.fault("cuModuleLoadDataEx", 0, CuStatus.NO_BINARY_FOR_GPU);
        assertEquals(1, start(standIn, images()));
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(STAND_IN)
    void theNextImageIsTakenWhereOneIsRefused(StandIn standIn) {
        KeptImages images = images();
        for (String text : List.of(".version 99.0", "\u007FELF of sm_999")) {
            images.before.add(new KernelImages.Image(text.getBytes(StandardCharsets.ISO_8859_1), "newer code"));
        }
        start(standIn, images);
        // Only if all are refused, and the first says why.
        List<KernelImages.Image> bad = List.of(images.before.get(0), images.before.get(1), images.before.get(0));
        try (CudaDriver d = CudaBackend.openDriver(0, new KernelImages() {
            @Override
            public Image find(String kernel, Map<String, String> definitions, Chip chip) {
                return bad.getFirst();
            }

            @Override
            public Stream<Image> all(String kernel, Map<String, String> definitions, Chip chip) {
                return bad.stream();
            }
        })) {
            DeviceException e = assertThrows(DeviceException.class, () -> d.load("more", Map.of()));
            assertEquals(CuStatus.INVALID_PTX, e.status());
            assertTrue(e.getMessage().contains("of kernel more from newer code"), e.getMessage());
            assertEquals(2, e.getSuppressed().length);
        }
        // What has nothing to do with the code isn't tried again.
        standIn.fault("cuModuleLoadDataEx", 0, CuStatus.OUT_OF_MEMORY);
        try (CudaDriver d = CudaBackend.openDriver(0, images())) {
            assertTrue(assertThrows(DeviceException.class, () -> d.load("more", Map.of())).outOfMemory());
        }
    }
}
