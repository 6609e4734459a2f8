package dev.kerf.backend.gpu.tornado;

import static dev.kerf.backend.gpu.tornado.TornadoFloats.BYTES;
import static dev.kerf.backend.gpu.tornado.TornadoFloats.add;
import static dev.kerf.backend.gpu.tornado.TornadoFloats.all;
import static dev.kerf.backend.gpu.tornado.TornadoFloats.argument;
import static dev.kerf.backend.gpu.tornado.TornadoFloats.filled;
import static dev.kerf.backend.gpu.tornado.TornadoFloats.open;
import static dev.kerf.backend.gpu.tornado.TornadoFloats.read;
import static dev.kerf.backend.gpu.tornado.TornadoFloats.slow;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.SignalHandlers;
import dev.kerf.error.ClosedException;
import dev.kerf.error.DeviceException;
import dev.kerf.error.UnsupportedOpException;
import dev.kerf.tensor.DType;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What TornadoVM's drivers refuse and tell, and what they leave alone. */
class TornadoDriverErrorsTest {
    private static final String DEVICES = "dev.kerf.backend.gpu.tornado.TornadoFloats#devices";

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
