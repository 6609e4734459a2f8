package dev.kerf.check.ptx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.gpu.Driver;
import dev.kerf.check.ptx.machine.Watch;
import dev.kerf.error.BackendUnavailableException;
import dev.kerf.error.BadInputException;
import dev.kerf.error.DeviceException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The interpreter as a device. */
class PtxDriverTest {
    /** x[thread] = n. */
    private static final String FILL = """
            .version 7.0
            .target sm_75
            .visible .entry fill(.param .u64 x, .param .u32 n)
            {
            .reg .b32 %r<4>;
            .reg .b64 %rd<4>;
            ld.param.u64 %rd1, [x];
            ld.param.u32 %r1, [n];
            mov.u32 %r2, %tid.x;
            mul.wide.s32 %rd2, %r2, 4;
            add.s64 %rd3, %rd1, %rd2;
            st.global.u32 [%rd3], %r1;
            ret;
            }
            """;

    private static final Watch WATCH = new Watch(true, true, false, false);
    private static final long[] ONE_WARP = {32};

    private static int[] read(Driver.Queue queue, Driver.Buffer from, Arena arena) {
        MemorySegment to = arena.allocate(from.bytes());
        queue.download(from, 0, to, 0, from.bytes());
        queue.synchronize();
        return to.toArray(ValueLayout.JAVA_INT);
    }

    private static int[] all(int n) {
        int[] a = new int[32];
        java.util.Arrays.fill(a, n);
        return a;
    }

    @Test
    void isTakenByNameAlone() {
        assertTrue(Backends.named("ptx").priority() < 0);
        assertFalse(Backends.best().info().backend().equals("ptx"));
        assertEquals("ptx:0", Backends.named("ptx").devices().getFirst().id());
        assertThrows(BackendUnavailableException.class, () -> Backends.open("ptx:1"));
        String card = System.setProperty("kerf.ptx.card", "abacus");
        try {
            assertThrows(BadInputException.class, () -> Backends.open("ptx"));
        } finally {
            if (card == null) {
                System.clearProperty("kerf.ptx.card");
            } else {
                System.setProperty("kerf.ptx.card", card);
            }
        }
    }

    /** Not even where there is a compiler, or what it has made before. */
    @Test
    void runsWhatShipsAlone() {
        try (PtxDriver driver = new PtxDriver(Card.of("h100"), WATCH)) {
            String message = assertThrows(BackendUnavailableException.class, () -> driver.load("softmax", Map.of("NEW", "1")))
                    .getMessage();
            assertTrue(message.contains("softmax") && message.endsWith("isn't shipped for sm_90"), message);
        }
    }

    /** As with CUDA: all that comes after says why, closing works, another device is unharmed. */
    @Test
    void isLostAfterAFault() {
        PtxDriver driver = new PtxDriver(Card.of("h100"), WATCH);
        Driver.Queue queue = driver.queue();
        Driver.Event event = driver.event();
        Driver.Buffer small = driver.allocate(64);
        queue.launch(driver.launch(driver.load(FILL, "fill", 0), ONE_WARP, ONE_WARP, List.of(small, 7)));
        queue.signal(event);
        DeviceException first = assertThrows(DeviceException.class, queue::synchronize);
        assertTrue(first.getMessage().contains("OUTSIDE_MEMORY") && first.getMessage().contains("lane 16"), first.getMessage());
        assertNotSame(first, assertThrows(DeviceException.class, event::await));
        assertThrows(DeviceException.class, event::passed);
        driver.close();
        assertEquals(0, driver.allocatedBytes());
    }

    @Test
    void recordingsAndQueuesKeepArguments() {
        try (PtxDriver driver = new PtxDriver(Card.of("a100"), WATCH);
                Arena arena = Arena.ofShared();
                Driver.Queue queue = driver.queue();
                Driver.Buffer a = driver.allocate(128);
                Driver.Buffer b = driver.allocate(128);
                PtxLaunch one = driver.launch(driver.load(FILL, "fill", 0), ONE_WARP, ONE_WARP, List.of(a, 1));
                PtxLaunch two = driver.launch(driver.load(FILL, "fill", 0), ONE_WARP, ONE_WARP, List.of(a, 2));
                Driver.Recording recording = driver.record(List.of(one))) {
            queue.launch(one);
            one.argument(0, b);
            two.argument(0, b);
            queue.launch(two);
            assertArrayEquals(all(1), read(queue, a, arena));
            assertArrayEquals(all(2), read(queue, b, arena));
            queue.zero(a, 0, 128);
            queue.replay(recording);
            assertArrayEquals(all(1), read(queue, a, arena));
            assertArrayEquals(all(2), read(queue, b, arena));
        }
    }

    @Test
    void memoryThatWasFreedIsNobodys() {
        try (PtxDriver driver = new PtxDriver(Card.of("h100"), WATCH); Driver.Queue queue = driver.queue()) {
            Driver.Buffer buffer = driver.allocate(128);
            PtxLaunch launch = driver.launch(driver.load(FILL, "fill", 0), ONE_WARP, ONE_WARP, List.of(buffer, 1));
            queue.launch(launch);
            buffer.close();
            queue.synchronize();
            driver.allocate(128);
            queue.launch(launch);
            assertTrue(assertThrows(DeviceException.class, queue::synchronize).getMessage().startsWith("OUTSIDE_MEMORY"));
        }
    }

    @Test
    void argumentsAndGeometryAreChecked() {
        try (PtxDriver driver = new PtxDriver(Card.of("h100"), WATCH); Driver.Buffer x = driver.allocate(128)) {
            PtxKernel fill = driver.load(FILL, "fill", 0);
            assertThrows(IllegalArgumentException.class, () -> driver.launch(fill, ONE_WARP, ONE_WARP, List.of(x)));
            assertThrows(IllegalArgumentException.class, () -> driver.launch(fill, ONE_WARP, ONE_WARP, List.of(x, 1L)));
            assertThrows(DeviceException.class, () -> driver.launch(fill, new long[] {33}, ONE_WARP, List.of(x, 1)));
            assertThrows(DeviceException.class,
                    () -> driver.launch(fill, new long[] {2048}, new long[] {2048}, List.of(x, 1)));
            assertThrows(DeviceException.class, () -> driver.allocate(1L << 40));
        }
    }
}
