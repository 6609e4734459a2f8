package dev.kerf.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadInputException;
import dev.kerf.error.CancelledException;
import dev.kerf.error.DeadlineExceededException;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.TensorType;
import dev.kerf.model.plan.PlanCache;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Calls that are given up. */
class LimitTest {
    private static final String DEVICES = "dev.kerf.backend.BackendsUnderTest#devices";
    private static final int SIDE = 384;
    private static final int LAYERS = 60;

    /** Takes long, in many nodes. */
    private static Graph slow() {
        GraphBuilder g = new GraphBuilder();
        Value x = g.input("x", TensorType.f32(SIDE, SIDE));
        Value y = x;
        for (int i = 0; i < LAYERS; i++) {
            y = g.add(g.multiply(g.matMul(y, x), g.constant(0.005f)), x);
        }
        g.output("y", y);
        return g.build();
    }

    private static Executable filled(Device device) {
        Executable e = device.compile(slow(), null, CompileOptions.of());
        float[] x = new float[SIDE * SIDE];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) Math.sin(0.731 * i);
        }
        e.input("x").upload(MemorySegment.ofArray(x));
        return e;
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void aDeadlineEndsARunAndTheNextIsAsEver(String id) {
        try (Device device = Backends.open(id); Executable e = filled(device)) {
            e.run();
            float[] expected = e.output("y").toHost().toFloatArray();
            Limit soon = Limit.within(Duration.ofNanos(300_000));
            assertThrows(DeadlineExceededException.class, () -> soon.run(e::run));
            assertTrue(soon.passed());
            assertThrows(DeadlineExceededException.class, () -> soon.run(() -> {}), "a limit is no new one each time");
            e.run();
            assertArrayEquals(expected, e.output("y").toHost().toFloatArray());
            assertArrayEquals(expected, Limit.within(Duration.ofMinutes(5)).call(() -> {
                e.run();
                return e.output("y").toHost().toFloatArray();
            }));
        }
    }

    /** Whoever gave up a run leaves its error behind; that of the next one isn't lost in it. */
    @ParameterizedTest
    @MethodSource(DEVICES)
    void whatALimitEndedNeverPassesForDone(String id) {
        GraphBuilder g = new GraphBuilder();
        Value x = g.input("x", TensorType.f32(8, 8));
        Value y = x;
        for (int i = 0; i < 60; i++) {
            y = g.add(g.multiply(g.matMul(y, x), g.constant(0.1f)), x);
        }
        g.output("y", y);
        float[] in = new float[64];
        float[] out = new float[64];
        try (Device device = Backends.open(id); Executable e = device.compile(g.build(), null, CompileOptions.of())) {
            Random random = new Random(1);
            for (int run = 0; run < 3000; run++) {
                Arrays.fill(in, run % 7 * 0.1f);
                e.input("x").upload(MemorySegment.ofArray(in));
                e.run();
                e.output("y").download(MemorySegment.ofArray(out));
                Arrays.fill(in, run % 5 * 0.1f + 1);
                e.input("x").upload(MemorySegment.ofArray(in));
                boolean done = true;
                try {
                    Limit.within(Duration.ofNanos(random.nextInt(400_000))).run(e::run);
                } catch (DeadlineExceededException late) {
                    done = false;
                }
                if (done) {
                    float[] got = e.output("y").toHost().toFloatArray();
                    e.run();
                    assertArrayEquals(e.output("y").toHost().toFloatArray(), got, "run " + run);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void anotherThreadCancels(String id) throws InterruptedException {
        try (Device device = Backends.open(id); Executable e = filled(device)) {
            e.run();
            float[] expected = e.output("y").toHost().toFloatArray();
            Limit limit = Limit.untilCancelled();
            CountDownLatch running = new CountDownLatch(2);
            Thread other = Thread.ofPlatform().start(() -> {
                try {
                    running.await();
                } catch (InterruptedException interrupted) {
                    return;
                }
                limit.cancel();
            });
            assertThrows(CancelledException.class, () -> limit.run(() -> {
                while (true) {
                    e.run();
                    running.countDown();
                }
            }));
            other.join();
            e.run();
            assertArrayEquals(expected, e.output("y").toHost().toFloatArray());
        }
    }

    /** A run that went on to its end would have left its result. */
    @Test
    void theCpuStopsBetweenKernels() {
        try (Device device = Backends.open("cpu"); Executable e = filled(device)) {
            e.run();
            float[] expected = e.output("y").toHost().toFloatArray();
            float[] other = new float[SIDE * SIDE];
            Arrays.fill(other, 0.01f);
            e.input("x").upload(MemorySegment.ofArray(other));
            e.run();
            e.input("x").upload(filled(device).input("x").toHost().data());
            // 7 GFLOP take longer on any machine.
            assertThrows(DeadlineExceededException.class, () -> Limit.within(Duration.ofMillis(2)).run(e::run));
            // Waits for whatever is under way.
            float[] left = e.output("y").toHost().toFloatArray();
            assertTrue(expected[5] != 0 && Float.isFinite(expected[5]));
            assertFalse(Arrays.equals(expected, left));
        }
    }

    @Test
    void aWaitForAPlanHasTheSameLimit() {
        try (PlanCache<Integer, AutoCloseable> plans = new PlanCache<>(1, _ -> () -> {})) {
            try (var _ = plans.lease(1)) {
                assertThrows(DeadlineExceededException.class,
                        () -> Limit.within(Duration.ofMillis(5)).call(() -> plans.lease(1)));
                assertEquals(1, plans.size());
            }
            Limit.within(Duration.ofMinutes(1)).call(() -> plans.lease(1)).close();
            assertEquals(1, plans.compiled());
        }
    }

    @Test
    void limitsNest() {
        assertSame(Limit.NONE, Limit.current());
        assertFalse(Limit.NONE.passed());
        Limit outer = Limit.untilCancelled();
        outer.run(() -> {
            Limit inner = Limit.within(Duration.ofHours(1));
            inner.run(() -> {
                assertSame(inner, Limit.current());
                assertTrue(inner.remaining() <= Duration.ofHours(1).toNanos());
                outer.cancel();
                assertThrows(CancelledException.class, inner::check);
            });
            assertSame(outer, Limit.current());
        });
        assertSame(Limit.NONE, Limit.current());
        assertEquals(Long.MAX_VALUE, outer.remaining());
        assertThrows(BadInputException.class, Limit.NONE::cancel);
        assertThrows(BadInputException.class, () -> Limit.within(Duration.ofNanos(-1)));
        assertFalse(Limit.within(Duration.ofSeconds(Long.MAX_VALUE)).passed());
    }

    @Test
    void threadsOfTheCpuAreAnOption() {
        try (Device one = Backends.open("cpu", CpuOptions.of().threads(1)); Device best = Backends.best()) {
            assertEquals(1, one.info().computeUnits());
            // A stand-in for NVIDIA's driver, which another test may have put in its place, is no GPU of the machine.
            boolean standIn = System.getProperty("kerf.cuda.library") != null;
            boolean gpu = Backends.survey().stream().filter(f -> Backends.named(f.name()).priority() >= 0)
                    .filter(f -> !standIn || !f.name().endsWith("cuda"))
                    .anyMatch(f -> f.devices().stream().anyMatch(d -> d.kind() == Device.Info.Kind.GPU));
            assertEquals(gpu, best.info().kind() == Device.Info.Kind.GPU);
        }
        assertThrows(BadInputException.class, () -> CpuOptions.of().threads(0));
        assertThrows(BadInputException.class, () -> CpuOptions.of().threads(CpuOptions.MOST_THREADS + 1));
    }
}
