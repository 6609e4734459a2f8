package dev.kerf.backend.gpu.opencl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.Parity;
import dev.kerf.backend.gpu.SignalHandlers;
import dev.kerf.error.ClosedException;
import dev.kerf.error.DeviceException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The driver by itself, on every OpenCL device. */
class OpenClDriverTest {
    private static final String DEVICES = "openCl";

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

    private static final int SLOW = 30_000_000;

    static Stream<String> openCl() {
        return Parity.devices().filter(id -> id.startsWith("opencl:"));
    }

    private static OpenClDriver open(String id) {
        return OpenClBackend.openDriver(Integer.parseInt(id.substring(id.indexOf(':') + 1)));
    }

    private static Driver.Launch count(OpenClDriver d, Driver.Buffer x, int n, int times) {
        return d.launch(d.build("count", COUNT), new long[] {64}, new long[] {32}, List.of(x, n, times));
    }

    /** The JVM's null checks are faults: its handler must stay. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(DEVICES)
    void leavesTheHandlersOfSignalsAlone(String id) {
        long segv = SignalHandlers.handler(11);
        long bus = SignalHandlers.handler(7);
        assertTrue(segv != 0 && segv == SignalHandlers.handler(4), "the JVM has one handler for all");
        try (OpenClDriver d = open(id);
                Driver.Queue queue = d.queue();
                Driver.Buffer x = d.allocate(256);
                Driver.Launch launch = count(d, x, 64, 1)) {
            assertEquals(segv, SignalHandlers.handler(11));
            queue.launch(launch);
            queue.synchronize();
            assertEquals(segv, SignalHandlers.handler(11));
            assertEquals(bus, SignalHandlers.handler(7));
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(DEVICES)
    void movesMemoryInOrder(String id) {
        try (OpenClDriver d = open(id);
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
            String beyond = assertThrows(DeviceException.class, () -> queue.upload(b, 32, in, 0, 64)).getMessage();
            assertTrue(beyond.contains("CL_INVALID_VALUE (-30) in clEnqueueWriteBuffer"), beyond);
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(DEVICES)
    void launchesReplaysAndMeasures(String id) {
        try (OpenClDriver d = open(id);
                Arena arena = Arena.ofConfined();
                Driver.Queue queue = d.profiledQueue();
                Driver.Buffer x = d.allocate(256);
                Driver.Buffer y = d.allocate(256);
                Driver.Launch once = count(d, x, 64, 1);
                Driver.Timer timer = d.timer();
                Driver.Recording twice = d.record(List.of(once, once))) {
            queue.zero(x, 0, 256);
            queue.zero(y, 0, 256);
            queue.launch(once);
            queue.replay(twice);
            queue.launch(once, timer);
            once.argument(0, y);
            queue.launch(once);
            MemorySegment out = arena.allocate(512);
            queue.download(x, 0, out, 0, 256);
            queue.download(y, 0, out, 256, 256);
            queue.synchronize();
            assertEquals(4, out.getAtIndex(ValueLayout.JAVA_INT, 63));
            assertEquals(1, out.getAtIndex(ValueLayout.JAVA_INT, 64));
            assertTrue(timer.nanos() > 0);
            assertSame(d.build("count", COUNT), d.build("count", COUNT));
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(DEVICES)
    void queuesWaitForEventsAndDeadlinesPass(String id) {
        try (OpenClDriver d = open(id);
                Arena arena = Arena.ofConfined();
                Driver.Queue first = d.queue();
                Driver.Queue second = d.queue();
                Driver.Event done = d.event();
                Driver.Buffer x = d.allocate(256);
                Driver.Launch slow = count(d, x, 64, SLOW);
                Driver.Launch once = count(d, x, 64, 1)) {
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
    @MethodSource(DEVICES)
    void errorsNameCallStatusAndAdvice(String id) {
        try (OpenClDriver d = open(id); Driver.Buffer x = d.allocate(256)) {
            DeviceException memory = assertThrows(DeviceException.class, () -> d.allocate(1L << 50));
            assertTrue(memory.outOfMemory());
            assertEquals("clCreateBuffer", memory.call());
            String text = memory.getMessage();
            assertTrue(text.startsWith("CL_") && text.contains("of 1.0 PiB on " + d.facts().info().name())
                    && text.contains("in one piece"), text);

            DeviceException build = assertThrows(DeviceException.class,
                    () -> d.build("broken", "__kernel void broken(__global int *x) { x[0] = undeclared_name; }"));
            assertTrue(build.getMessage().contains("CL_BUILD_PROGRAM_FAILURE (-11) in clBuildProgram of kernel broken"),
                    build.getMessage());
            assertTrue(build.getMessage().contains("undeclared_name"), build.getMessage());

            Driver.Kernel kernel = d.build("count", COUNT);
            long tooMany = 2L * d.facts().maxGroup();
            String group = assertThrows(DeviceException.class, () -> d.launch(kernel, new long[] {tooMany},
                    new long[] {tooMany}, List.of(x, 1, 1))).getMessage();
            assertTrue(group.contains("count") && group.contains("groups of [" + tooMany), group);
            assertThrows(DeviceException.class,
                    () -> d.launch(kernel, new long[] {65}, new long[] {32}, List.of(x, 1, 1)));
            String argument = assertThrows(DeviceException.class, () -> d.launch(kernel, new long[] {64},
                    new long[] {32}, List.of(x, 1L, 1))).getMessage();
            assertTrue(argument.contains("CL_INVALID_ARG_SIZE (-51) in clSetKernelArg of kernel count, argument 1"),
                    argument);
            assertThrows(DeviceException.class,
                    () -> d.launch(kernel, new long[] {64}, new long[] {32}, List.of(x, 1, 1, 1)));
            assertEquals(256, d.allocatedBytes());
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(DEVICES)
    void closesOnceAndRefusesUseAfterwards(String id) {
        OpenClDriver d = open(id);
        Driver.Buffer x = d.allocate(256);
        Driver.Buffer left = d.allocate(100);
        Driver.Queue queue = d.queue();
        Driver.Launch launch = count(d, x, 64, 1);
        Driver.Event event = d.event();
        x.close();
        x.close();
        assertEquals(100, d.allocatedBytes());
        assertThrows(ClosedException.class, () -> queue.zero(x, 0, 4));
        assertThrows(ClosedException.class, () -> launch.argument(0, x));
        launch.close();
        assertThrows(ClosedException.class, () -> queue.launch(launch));
        event.close();
        event.close();
        assertThrows(ClosedException.class, () -> queue.signal(event));
        d.close();
        d.close();
        assertEquals(0, d.allocatedBytes());
        assertThrows(ClosedException.class, queue::synchronize);
        assertThrows(ClosedException.class, () -> queue.zero(left, 0, 4));
        assertThrows(ClosedException.class, () -> d.allocate(1));
        assertThrows(ClosedException.class, () -> d.load("copy", Map.of()));
        assertThrows(ClosedException.class, d::queue);
    }

    /** Each thread has its own queue and launches over shared buffers of its own part: all get what one alone would. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(DEVICES)
    void servesManyThreads(String id) throws InterruptedException {
        try (OpenClDriver d = open(id)) {
            List<Thread> threads = new ArrayList<>();
            int[] results = new int[6];
            for (int t = 0; t < results.length; t++) {
                int me = t;
                threads.add(Thread.ofPlatform().start(() -> {
                    try (Arena arena = Arena.ofConfined();
                            Driver.Queue queue = d.queue();
                            Driver.Buffer x = d.allocate(256);
                            Driver.Launch once = count(d, x, 64, 1)) {
                        queue.zero(x, 0, 256);
                        for (int i = 0; i < 100 + me; i++) {
                            queue.launch(once);
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
