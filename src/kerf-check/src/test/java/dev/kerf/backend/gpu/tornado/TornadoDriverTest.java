package dev.kerf.backend.gpu.tornado;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.Parity;
import dev.kerf.backend.gpu.SignalHandlers;
import dev.kerf.backend.gpu.kernel.Manifest;
import dev.kerf.error.ClosedException;
import dev.kerf.error.DeviceException;
import dev.kerf.error.UnsupportedOpException;
import dev.kerf.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The driver by itself, on every device of TornadoVM's. */
class TornadoDriverTest {
    private static final String DEVICES = "devices";
    private static final int ITEMS = 64;
    private static final long BYTES = 4L * ITEMS;

    static Stream<String> devices() {
        return Parity.devices().filter(id -> id.startsWith("tornado:"));
    }

    private static Driver open(String id) {
        return TornadoBackend.openDriver(Integer.parseInt(id.substring(id.indexOf(':') + 1)));
    }

    private static List<Object> arguments(Manifest kernel, Map<String, Object> given) {
        List<Object> all = new ArrayList<>();
        for (Manifest.Argument a : kernel.arguments()) {
            Object none = switch (a.type()) {
                case "int" -> 0;
                case "float" -> 0f;
                default -> 0L;
            };
            all.add(given.getOrDefault(a.name(), none));
        }
        return all;
    }

    /** y = a + b for 64 floats. */
    private static Driver.Launch add(Driver d, Driver.Buffer a, Driver.Buffer b, Driver.Buffer y) {
        Map<String, Object> given = new HashMap<>(Map.of("a", a, "b", b, "y", y, "N", 1, "inner", ITEMS, "d1", ITEMS));
        given.put("a_s1", 1L);
        given.put("b_s1", 1L);
        return d.launch(d.load("binary", Map.of("TYPE", "real", "FUNCTION", "0", "ACT", "0", "RANK", "1", "GROUP", "64",
                "ITEMS", "1")), new long[] {64, 1}, new long[] {64, 1}, arguments(Manifest.of("binary"), given));
    }

    /** Keeps a device busy for a while. */
    private static Driver.Launch slow(Driver d, Driver.Buffer y, int rounds) {
        return d.launch(d.load("multiply_add", Map.of("GROUP", "64", "WIDE", "0")), new long[] {64}, new long[] {64},
                List.of(y, ITEMS, rounds, 0.999f, 0.001f));
    }

    private static int argument(String name) {
        return Manifest.of("binary").index(name);
    }

    private static Driver.Buffer filled(Driver d, Driver.Queue queue, float value) {
        Driver.Buffer buffer = d.allocate(BYTES, DType.F32);
        try (Driver.Staging stage = d.staging(BYTES)) {
            for (int i = 0; i < ITEMS; i++) {
                stage.memory().setAtIndex(ValueLayout.JAVA_FLOAT, i, value);
            }
            queue.upload(buffer, 0, stage.memory(), 0, BYTES);
            queue.synchronize();
        }
        return buffer;
    }

    private static float[] read(Driver.Queue queue, Driver.Buffer buffer) {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment out = arena.allocate(BYTES, 4);
            queue.download(buffer, 0, out, 0, BYTES);
            queue.synchronize();
            return out.toArray(ValueLayout.JAVA_FLOAT);
        }
    }

    private static float[] all(float value) {
        float[] v = new float[ITEMS];
        Arrays.fill(v, value);
        return v;
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(DEVICES)
    void movesMemoryInOrder(String id) {
        try (Driver d = open(id);
                Arena arena = Arena.ofShared();
                Driver.Queue queue = d.queue();
                Driver.Buffer a = d.allocate(64, DType.I32);
                Driver.Buffer b = d.allocate(64);
                Driver.Staging pinned = d.staging(64)) {
            assertEquals(128, d.allocatedBytes());
            MemorySegment in = pinned.memory();
            for (int i = 0; i < 16; i++) {
                in.setAtIndex(ValueLayout.JAVA_INT, i, i);
            }
            MemorySegment out = arena.allocate(64, 4);
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
            assertThrows(DeviceException.class, () -> queue.upload(b, 32, in, 0, 64));
        }
    }

    /** What the host writes between runs of the same plan gets to the device, and back. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(DEVICES)
    void launchesReplaysAndMeasures(String id) {
        try (Driver d = open(id);
                Driver.Queue queue = d.profiledQueue();
                Driver.Buffer x = filled(d, queue, 0);
                Driver.Buffer y = filled(d, queue, 10);
                Driver.Buffer one = filled(d, queue, 1);
                Driver.Launch once = add(d, x, one, x);
                Driver.Timer timer = d.timer();
                Driver.Recording twice = d.record(List.of(once, once))) {
            queue.launch(once);
            queue.replay(twice);
            queue.launch(once, timer);
            assertArrayEquals(all(4), read(queue, x));
            assertTrue(timer.nanos() > 0);
            queue.zero(x, 0, BYTES / 2);
            queue.replay(twice);
            queue.copy(x, BYTES / 2, one, 0, BYTES / 2);
            queue.launch(once);
            float[] mixed = read(queue, x);
            assertEquals(8, mixed[0]);
            assertEquals(7, mixed[ITEMS - 1]);
            once.argument(argument("a"), y);
            queue.launch(once);
            once.argument(argument("y"), y);
            queue.launch(once);
            assertEquals(16, read(queue, x)[0]);
            assertEquals(11, read(queue, y)[ITEMS - 1]);
            assertSame(d.load("copy", Map.of("RANK", "1")), d.load("copy", Map.of("RANK", "1")));
        }
    }

    /** Buffers and offsets that are replaced time and again, of different sizes, aliased and not. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(DEVICES)
    void rebinds(String id) {
        try (Driver d = open(id);
                Driver.Queue queue = d.queue();
                Driver.Buffer one = filled(d, queue, 1);
                Driver.Buffer two = filled(d, queue, 2);
                Driver.Buffer large = d.allocate(2 * BYTES + 512, DType.F32);
                Driver.Buffer x = filled(d, queue, 0);
                Driver.Buffer y = filled(d, queue, 0);
                Driver.Launch launch = add(d, x, one, x);
                Driver.Launch second = add(d, x, one, y)) {
            queue.zero(large, 0, large.bytes());
            for (int i = 0; i < 3; i++) {
                launch.argument(argument("b"), i % 2 == 0 ? two : one);
                try (Driver.Recording r = d.record(List.of(launch, second))) {
                    queue.replay(r);
                }
            }
            assertArrayEquals(all(5), read(queue, x));
            assertArrayEquals(all(6), read(queue, y));
            // A result within a larger buffer: the rest of it stays as it is.
            launch.argument(argument("y"), large);
            launch.argument(argument("y_off"), 2 * ITEMS - 1);
            queue.launch(launch);
            assertArrayEquals(all(0), read(queue, large));
            launch.argument(argument("y_off"), 1);
            queue.launch(launch);
            float[] begin = read(queue, large);
            assertEquals(0, begin[0]);
            assertEquals(7, begin[1]);
            try (Driver.Buffer end = d.allocate(BYTES, DType.F32)) {
                queue.copy(large, BYTES, end, 0, BYTES);
                float[] rest = read(queue, end);
                assertEquals(7, rest[0]);
                assertEquals(0, rest[1]);
                assertEquals(7, rest[ITEMS - 1]);
            }
            // In place by way of arguments that were apart.
            launch.argument(argument("y_off"), 0);
            launch.argument(argument("y"), two);
            launch.argument(argument("a"), two);
            queue.launch(launch);
            queue.launch(launch);
            assertArrayEquals(all(8), read(queue, two));
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(DEVICES)
    void handsMemoryFromGraphToGraph(String id) {
        try (Driver d = open(id);
                Driver.Queue queue = d.queue();
                Driver.Buffer one = filled(d, queue, 1);
                Driver.Buffer early = filled(d, queue, 0)) {
            List<Driver.Buffer> chain = new ArrayList<>();
            List<Driver.Launch> launches = new ArrayList<>(List.of(add(d, early, one, early)));
            for (int i = 0; i < 120; i++) {
                chain.add(d.allocate(BYTES, DType.F32));
                launches.add(add(d, i == 0 ? early : chain.get(i - 1), one, chain.get(i)));
            }
            try (Driver.Recording all = d.record(launches)) {
                queue.replay(all);
                queue.replay(all);
            }
            assertArrayEquals(all(122), read(queue, chain.getLast()));
            assertArrayEquals(all(3), read(queue, chain.getFirst()));
            assertArrayEquals(all(2), read(queue, early));
            launches.forEach(Driver.Launch::close);
            // What was computed outlives the plan that did it.
            assertArrayEquals(all(63), read(queue, chain.get(60)));
            chain.forEach(Driver.Buffer::close);
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(DEVICES)
    void queuesWaitForEventsAndDeadlinesPass(String id) {
        try (Driver d = open(id);
                Arena arena = Arena.ofShared();
                Driver.Queue first = d.queue();
                Driver.Queue second = d.queue();
                Driver.Event done = d.event();
                Driver.Buffer x = filled(d, first, 0);
                Driver.Buffer one = filled(d, first, 1);
                Driver.Launch slow = slow(d, x, 1_000_000);
                Driver.Launch once = add(d, x, one, x)) {
            assertTrue(done.passed());
            done.await();
            MemorySegment before = arena.allocate(BYTES, 4);
            MemorySegment after = arena.allocate(BYTES, 4);
            first.launch(slow);
            first.download(x, 0, before, 0, BYTES);
            first.signal(done);
            first.flush();
            assertFalse(first.synchronize(1_000), "the slow kernel ended within a microsecond");
            second.await(done);
            second.launch(once);
            second.download(x, 0, after, 0, BYTES);
            assertTrue(second.synchronize(60_000_000_000L));
            assertTrue(done.passed());
            done.await();
            for (int i = 0; i < ITEMS; i++) {
                assertEquals(before.getAtIndex(ValueLayout.JAVA_FLOAT, i) + 1,
                        after.getAtIndex(ValueLayout.JAVA_FLOAT, i));
            }
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(DEVICES)
    void errorsNameWhatIsWrong(String id) {
        try (Driver d = open(id); Driver.Queue queue = d.queue(); Driver.Buffer x = filled(d, queue, 1)) {
            DeviceException memory = assertThrows(DeviceException.class, () -> d.allocate(1L << 50));
            assertTrue(memory.outOfMemory());
            assertTrue(memory.getMessage().contains("on " + d.facts().info().name()), memory.getMessage());
            assertThrows(UnsupportedOpException.class, () -> d.allocate(64, DType.F16));

            String none = assertThrows(UnsupportedOpException.class, () -> d.load("no_such", Map.of())).getMessage();
            assertTrue(none.contains("no kernel no_such (no class NoSuch among ["), none);
            Driver.Kernel kernel = d.load("multiply_add", Map.of("GROUP", "64", "WIDE", "0"));
            long tooMany = 2L * d.facts().maxGroup();
            String group = assertThrows(DeviceException.class, () -> d.launch(kernel, new long[] {tooMany},
                    new long[] {tooMany}, List.of(x, 1, 1, 0f, 0f))).getMessage();
            assertTrue(group.contains("multiply_add") && group.contains("groups of [" + tooMany), group);
            assertThrows(DeviceException.class, () -> d.launch(kernel, new long[] {65}, new long[] {32},
                    List.of(x, 1, 1, 0f, 0f)));
            String argument = assertThrows(DeviceException.class, () -> d.launch(kernel, new long[] {64},
                    new long[] {32}, List.of(x, 1L, 1, 0f, 0f))).getMessage();
            assertTrue(argument.contains("argument 1 of 5"), argument);
            assertThrows(DeviceException.class,
                    () -> d.launch(kernel, new long[] {64}, new long[] {32}, List.of(x, 1, 1)));
            assertEquals(BYTES, d.allocatedBytes());
        }
    }

    /** A kernel that can't be made fails its run, and whoever reads what it should have written is told too. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(DEVICES)
    void failedRunsAreTold(String id) {
        try (Driver d = open(id);
                Driver.Queue queue = d.queue();
                Driver.Queue other = d.queue();
                Driver.Event event = d.event();
                Driver.Buffer x = filled(d, queue, 1);
                Driver.Buffer one = filled(d, queue, 1);
                Driver.Buffer whole = d.allocate(BYTES, DType.I32);
                Driver.Launch right = add(d, x, one, x);
                Driver.Launch wrong = add(d, whole, one, x)) {
            queue.launch(right);
            queue.launch(wrong);
            queue.signal(event);
            other.await(event);
            DeviceException told = assertThrows(DeviceException.class, queue::synchronize);
            assertTrue(told.getMessage().contains("binary"), told.getMessage());
            queue.synchronize();
            event.await();
            assertThrows(DeviceException.class, () -> read(other, x));
            queue.zero(x, 0, BYTES);
            queue.launch(right);
            assertArrayEquals(all(1), read(queue, x));
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(DEVICES)
    void closesOnceAndRefusesUseAfterwards(String id) {
        Driver d = open(id);
        Driver.Queue queue = d.queue();
        Driver.Buffer x = filled(d, queue, 0);
        Driver.Buffer left = d.allocate(100, DType.U8);
        Driver.Launch launch = add(d, x, x, x);
        Driver.Event event = d.event();
        queue.launch(launch);
        queue.synchronize();
        Driver.Recording recording = d.record(List.of(launch));
        x.close();
        x.close();
        assertEquals(100, d.allocatedBytes());
        assertThrows(ClosedException.class, () -> queue.zero(x, 0, 4));
        assertThrows(ClosedException.class, () -> launch.argument(0, x));
        queue.replay(recording);
        assertThrows(ClosedException.class, queue::synchronize);
        launch.close();
        assertThrows(ClosedException.class, () -> queue.launch(launch));
        recording.close();
        assertThrows(ClosedException.class, () -> queue.replay(recording));
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

    /** Each thread has its own queue, buffers and launches: all get what one alone would. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(DEVICES)
    void servesManyThreads(String id) throws InterruptedException {
        try (Driver d = open(id)) {
            List<Thread> threads = new ArrayList<>();
            float[] results = new float[4];
            for (int t = 0; t < results.length; t++) {
                int me = t;
                threads.add(Thread.ofPlatform().start(() -> {
                    try (Driver.Queue queue = d.queue();
                            Driver.Buffer x = filled(d, queue, 0);
                            Driver.Buffer one = filled(d, queue, 1);
                            Driver.Launch once = add(d, x, one, x)) {
                        for (int i = 0; i < 20 + me; i++) {
                            queue.launch(once);
                        }
                        results[me] = read(queue, x)[5];
                    }
                }));
            }
            for (Thread t : threads) {
                t.join();
            }
            assertArrayEquals(new float[] {20, 21, 22, 23}, results);
            assertEquals(0, d.allocatedBytes());
        }
    }

    /** The JVM's null checks are faults: its handler must stay. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(DEVICES)
    void leavesTheHandlersOfSignalsAlone(String id) {
        long segv = SignalHandlers.handler(11);
        assertTrue(segv != 0 && segv == SignalHandlers.handler(4), "the JVM has one handler for all");
        try (Driver d = open(id);
                Driver.Queue queue = d.queue();
                Driver.Buffer x = filled(d, queue, 0);
                Driver.Launch launch = slow(d, x, 1)) {
            queue.launch(launch);
            queue.synchronize();
            assertEquals(segv, SignalHandlers.handler(11));
            assertEquals(SignalHandlers.handler(7), SignalHandlers.handler(4));
        }
    }
}
