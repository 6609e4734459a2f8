package dev.kerf.backend.gpu.tornado;

import static dev.kerf.backend.gpu.tornado.TornadoFloats.BYTES;
import static dev.kerf.backend.gpu.tornado.TornadoFloats.ITEMS;
import static dev.kerf.backend.gpu.tornado.TornadoFloats.add;
import static dev.kerf.backend.gpu.tornado.TornadoFloats.all;
import static dev.kerf.backend.gpu.tornado.TornadoFloats.argument;
import static dev.kerf.backend.gpu.tornado.TornadoFloats.filled;
import static dev.kerf.backend.gpu.tornado.TornadoFloats.open;
import static dev.kerf.backend.gpu.tornado.TornadoFloats.read;
import static dev.kerf.backend.gpu.tornado.TornadoFloats.slow;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.error.DeviceException;
import dev.kerf.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The driver by itself, on every device of TornadoVM's. */
class TornadoDriverTest {
    private static final String DEVICES = "dev.kerf.backend.gpu.tornado.TornadoFloats#devices";

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
}
