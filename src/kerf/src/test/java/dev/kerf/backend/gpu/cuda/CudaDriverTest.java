package dev.kerf.backend.gpu.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.error.ClosedException;
import dev.kerf.error.DeviceException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The driver by itself, over the stand-in: everything is freed after each test. */
class CudaDriverTest {
    private static final String STAND_IN = "dev.kerf.backend.gpu.cuda.StandIn#found";

    /** Counts in place, as often as it is told: slow on demand. */
    private static final String COUNT = """
            __kernel void count(__global int *x, int n, int times) {
                int i = get_global_id(0);
                if (i < n) {
                    int v = x[i];
                    for (int k = 0; k < times; k++) {
                        v = v * 1103515245 + 12345;
                        if (v == 42) {
                            x[0] = k;
                        }
                    }
                    x[i] = times == 1 ? x[i] + 1 : v;
                }
            }
            """;

    private static final String BROKEN = "__kernel void broken(__global int *x) { x[0] = undeclared_name; }";
    private static final int SLOW = 30_000_000;

    private static CudaDriver open() {
        return CudaBackend.openDriver(0, new SourceImages(Map.of("count", COUNT, "broken", BROKEN)));
    }

    private static Driver.Launch count(CudaDriver d, Driver.Buffer x, int times) {
        return d.launch(d.load("count", Map.of()), new long[] {64}, new long[] {32}, List.of(x, 64, times));
    }

    @AfterEach
    void allIsFreed() {
        StandIn standIn = StandIn.install();
        standIn.set("pools", 1);
        assertEquals(Map.of(), standIn.live());
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(STAND_IN)
    void movesMemoryInOrder(StandIn standIn) {
        for (int pools = 0; pools <= 1; pools++) {
            standIn.set("pools", pools);
            try (CudaDriver d = open();
                    Arena arena = Arena.ofConfined();
                    Driver.Queue queue = d.queue();
                    Driver.Buffer a = d.allocate(64);
                    Driver.Buffer b = d.allocate(64);
                    Driver.Staging pinned = d.staging(64)) {
                assertEquals(128, d.allocatedBytes());
                MemorySegment in = pinned.memory();
                for (int i = 0; i < 16; i++) {
                    in.setAtIndex(ValueLayout.JAVA_INT, i, i);
                }
                MemorySegment out = arena.allocate(64);
                queue.upload(a, 0, in, 0, 64);
                queue.copy(a, 0, b, 32, 32);
                queue.zero(b, 0, 32);
                queue.zero(b, 36, 4);
                queue.download(b, 0, out, 0, 64);
                queue.synchronize();
                assertArrayEquals(new int[] {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 3, 4, 5, 6, 7},
                        out.toArray(ValueLayout.JAVA_INT));
                assertThrows(IllegalArgumentException.class, () -> queue.download(b, 0, out, 32, 64));
                assertThrows(IllegalArgumentException.class,
                        () -> queue.upload(b, 0, MemorySegment.ofArray(new int[16]), 0, 64));
                assertThrows(IllegalArgumentException.class, () -> queue.upload(b, 32, in, 0, 64));
            }
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(STAND_IN)
    void launchesReplaysAndMeasures(StandIn standIn) {
        try (CudaDriver d = open();
                Arena arena = Arena.ofConfined();
                Driver.Queue queue = d.profiledQueue();
                Driver.Buffer x = d.allocate(256);
                Driver.Buffer y = d.allocate(256);
                Driver.Launch once = count(d, x, 1);
                Driver.Timer timer = d.timer();
                Driver.Recording nothing = d.record(List.of());
                Driver.Recording twice = d.record(List.of(once, once))) {
            queue.zero(x, 0, 256);
            queue.zero(y, 0, 256);
            queue.launch(once);
            long launches = standIn.calls("cuLaunchKernelEx");
            queue.replay(twice);
            queue.replay(nothing);
            assertEquals(launches, standIn.calls("cuLaunchKernelEx"), "a replay is one call");
            queue.launch(once, timer);
            once.argument(0, y);
            queue.launch(once);
            // What was recorded keeps its arguments until it is told.
            queue.replay(twice);
            long updates = standIn.calls("cuGraphExecKernelNodeSetParams");
            assertTrue(twice.update() && twice.update() && nothing.update());
            assertEquals(updates + 2, standIn.calls("cuGraphExecKernelNodeSetParams"), "each node once");
            queue.replay(twice);
            MemorySegment out = arena.allocate(512);
            queue.download(x, 0, out, 0, 256);
            queue.download(y, 0, out, 256, 256);
            queue.synchronize();
            assertEquals(6, out.getAtIndex(ValueLayout.JAVA_INT, 63));
            assertEquals(3, out.getAtIndex(ValueLayout.JAVA_INT, 64));
            assertTrue(timer.nanos() > 0);
            assertSame(d.load("count", Map.of()), d.load("count", Map.of()));
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(STAND_IN)
    void queuesWaitForEventsAndDeadlinesPass(StandIn standIn) {
        try (CudaDriver d = open();
                Arena arena = Arena.ofConfined();
                Driver.Queue first = d.queue();
                Driver.Queue second = d.queue();
                Driver.Event done = d.event();
                Driver.Buffer x = d.allocate(256);
                Driver.Launch slow = count(d, x, SLOW);
                Driver.Launch once = count(d, x, 1)) {
            assertTrue(done.passed());
            done.await();
            MemorySegment before = arena.allocate(256);
            MemorySegment after = arena.allocate(256);
            first.zero(x, 0, 256);
            first.launch(slow);
            first.download(x, 0, before, 0, 256);
            first.signal(done);
            first.flush();
            assertFalse(first.synchronize(1_000), "the slow kernel ended within a microsecond");
            second.await(done);
            second.launch(once);
            second.download(x, 0, after, 0, 256);
            assertTrue(second.synchronize(60_000_000_000L));
            assertTrue(done.passed());
            done.await();
            for (int i = 0; i < 64; i++) {
                assertEquals(before.getAtIndex(ValueLayout.JAVA_INT, i) + 1, after.getAtIndex(ValueLayout.JAVA_INT, i));
            }
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(STAND_IN)
    void memoryIsFreedAfterTheWorkThatUsesIt(StandIn standIn) {
        try (CudaDriver d = open();
                Arena arena = Arena.ofConfined();
                Driver.Queue queue = d.queue();
                Driver.Buffer y = d.allocate(256)) {
            Driver.Buffer x = d.allocate(256);
            Driver.Launch slow = count(d, x, SLOW);
            queue.zero(x, 0, 256);
            queue.launch(slow);
            queue.copy(x, 0, y, 0, 256);
            x.close();
            assertEquals(256, d.allocatedBytes());
            MemorySegment out = arena.allocate(256);
            queue.download(y, 0, out, 0, 256);
            queue.synchronize();
            int v = 0;
            for (int i = 0; i < SLOW; i++) {
                v = v * 1103515245 + 12345;
            }
            assertEquals(v, out.getAtIndex(ValueLayout.JAVA_INT, 7));
            slow.close();
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(STAND_IN)
    void givesLocalMemoryAndClustersAtLaunch(StandIn standIn) {
        try (CudaDriver d = open(); Driver.Queue queue = d.queue(); Driver.Buffer x = d.allocate(1024)) {
            queue.zero(x, 0, 1024);
            Driver.Kernel large = d.load("count", Map.of("KERF_DYNAMIC_LOCAL", "100000", "KERF_CLUSTER", "4"));
            try (Driver.Launch l = d.launch(large, new long[] {256}, new long[] {32}, List.of(x, 256, 1))) {
                queue.launch(l);
                assertEquals(100_000, standIn.last("shared"));
                assertEquals(4, standIn.last("cluster"));
                assertEquals(1, standIn.last("attributes"));
                try (Driver.Launch plain = count(d, x, 1)) {
                    queue.launch(plain);
                    assertEquals(1, standIn.last("cluster"));
                }
                d.record(List.of(l)).close();
                assertEquals(100_000, standIn.last("shared"));
                assertEquals(4, standIn.last("cluster"));
            }
            assertThrows(DeviceException.class, () -> d.launch(large, new long[] {96}, new long[] {32},
                    List.of(x, 96, 1)), "3 groups in clusters of 4");
            try (Driver.Launch l = count(d, x, 1)) {
                queue.launch(l);
                assertEquals(0, standIn.last("shared") + standIn.last("attributes"));
            }
            String much = assertThrows(DeviceException.class,
                    () -> d.load("count", Map.of("KERF_DYNAMIC_LOCAL", "1000000"))).getMessage();
            assertTrue(much.contains("CUDA_ERROR_INVALID_VALUE (1) in cuFuncSetAttribute of kernel count with 1000000"),
                    much);
            queue.synchronize();
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(STAND_IN)
    void errorsNameCallStatusAndAdvice(StandIn standIn) {
        try (CudaDriver d = open(); Driver.Buffer x = d.allocate(256)) {
            DeviceException memory = assertThrows(DeviceException.class, () -> d.allocate(1L << 50));
            assertTrue(memory.outOfMemory());
            assertEquals("cuMemAllocFromPoolAsync", memory.call());
            String text = memory.getMessage();
            assertTrue(text.startsWith("CUDA_ERROR_OUT_OF_MEMORY (2) in cuMemAllocFromPoolAsync of 1.0 PiB on "
                    + StandIn.DEVICE + ": the device has 8.0 GiB, of which 8.0 GiB are free; use smaller tiles"), text);

            String build = assertThrows(DeviceException.class, () -> d.load("broken", Map.of())).getMessage();
            assertTrue(build.contains("CUDA_ERROR_INVALID_PTX (218) in cuModuleLoadDataEx of kernel broken from ")
                    && build.contains("broken.cl") && build.contains("undeclared_name"), build);

            Driver.Kernel kernel = d.load("count", Map.of());
            String group = assertThrows(DeviceException.class, () -> d.launch(kernel, new long[] {2048},
                    new long[] {2048}, List.of(x, 1, 1))).getMessage();
            assertTrue(group.contains("count") && group.contains("groups of [2048]"), group);
            assertThrows(DeviceException.class,
                    () -> d.launch(kernel, new long[] {65}, new long[] {32}, List.of(x, 1, 1)));
            String grid = assertThrows(DeviceException.class, () -> d.launch(kernel, new long[] {32, 65536},
                    new long[] {32, 1}, List.of(x, 1, 1))).getMessage();
            assertTrue(grid.contains("[2147483647, 65535, 65535] groups"), grid);
            String argument = assertThrows(IllegalArgumentException.class, () -> d.launch(kernel, new long[] {64},
                    new long[] {32}, List.of(x, 1L, 1))).getMessage();
            assertTrue(argument.contains("kernel count, argument 1 has 4 bytes, not 8"), argument);
            String many = assertThrows(DeviceException.class, () -> d.launch(kernel, new long[] {64},
                    new long[] {32}, List.of(x, 1, 1, 1))).getMessage();
            assertTrue(many.contains("cuFuncGetParamInfo of kernel count, argument 3"), many);
            assertEquals(256, d.allocatedBytes());
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(STAND_IN)
    void closesOnceAndRefusesUseAfterwards(StandIn standIn) {
        CudaDriver d = open();
        Driver.Buffer x = d.allocate(256);
        Driver.Buffer left = d.allocate(100);
        Driver.Queue queue = d.queue();
        Driver.Launch launch = count(d, x, 1);
        Driver.Event event = d.event();
        Driver.Recording recording = d.record(List.of(launch));
        x.close();
        x.close();
        assertEquals(100, d.allocatedBytes());
        assertThrows(ClosedException.class, () -> queue.zero(x, 0, 4));
        assertThrows(ClosedException.class, () -> launch.argument(0, x));
        launch.close();
        assertThrows(ClosedException.class, () -> queue.launch(launch));
        assertThrows(ClosedException.class, () -> d.record(List.of(launch)));
        event.close();
        event.close();
        assertThrows(ClosedException.class, () -> queue.signal(event));
        d.close();
        d.close();
        assertEquals(0, d.allocatedBytes());
        assertThrows(ClosedException.class, queue::synchronize);
        assertThrows(ClosedException.class, () -> queue.zero(left, 0, 4));
        assertThrows(ClosedException.class, () -> queue.replay(recording));
        assertThrows(ClosedException.class, () -> d.allocate(1));
        assertThrows(ClosedException.class, () -> d.load("copy", Map.of()));
        assertThrows(ClosedException.class, d::queue);
    }

    /** Each thread, virtual or not, has its own queue and launches: all get what one alone would. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(STAND_IN)
    void servesManyThreads(StandIn standIn) throws InterruptedException {
        try (CudaDriver d = open()) {
            List<Thread> threads = new ArrayList<>();
            int[] results = new int[6];
            for (int t = 0; t < results.length; t++) {
                int me = t;
                Thread.Builder builder = t % 2 == 0 ? Thread.ofPlatform() : Thread.ofVirtual();
                threads.add(builder.start(() -> {
                    try (Arena arena = Arena.ofConfined();
                            Driver.Queue queue = d.queue();
                            Driver.Buffer x = d.allocate(256);
                            Driver.Launch once = count(d, x, 1);
                            Driver.Recording recorded = d.record(List.of(once))) {
                        queue.zero(x, 0, 256);
                        for (int i = 0; i < 100 + me; i++) {
                            if (i % 2 == 0) {
                                queue.launch(once);
                            } else {
                                queue.replay(recorded);
                            }
                            Thread.yield();
                        }
                        MemorySegment out = arena.allocate(256);
                        queue.download(x, 0, out, 0, 256);
                        queue.synchronize();
                        results[me] = out.getAtIndex(ValueLayout.JAVA_INT, 5);
                    }
                }));
            }
            for (Thread t : threads) {
                t.join();
            }
            assertArrayEquals(new int[] {100, 101, 102, 103, 104, 105}, results);
            assertEquals(0, d.allocatedBytes());
        }
    }
}
