package dev.kerf.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.CpuOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.Executable;
import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.error.BadInputException;
import dev.kerf.graph.Graph;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.TensorType;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** What threads that aren't there would take. Nothing here is timed. */
class SimulatedThreadsTest {
    private static final Kernel KERNEL = new Kernel() {
        @Override
        public int tasks() {
            return 3;
        }

        @Override
        public void run(int task, int worker) {}
    };

    private static void ran(SimulatedThreads simulated, long... tasks) {
        simulated.begin(KERNEL, tasks.length);
        for (int i = 0; i < tasks.length; i++) {
            simulated.task(KERNEL, i, tasks[i]);
        }
    }

    private static long nanos(int threads, long... tasks) {
        SimulatedThreads simulated = new SimulatedThreads(threads);
        ran(simulated, tasks);
        long nanos = simulated.nanos(KERNEL, tasks.length);
        assertEquals(LongStream.of(tasks).sum(), simulated.together());
        return nanos;
    }

    @Test
    void whoIsFreeFirstTakesTheNextTask() {
        assertEquals(15, nanos(1, 5, 4, 3, 2, 1));
        assertEquals(8, nanos(2, 5, 4, 3, 2, 1), "5 and 2 and 1, 4 and 3");
        assertEquals(9, nanos(2, 1, 1, 1, 1, 7), "the long one last");
        assertEquals(5, nanos(64, 5, 4, 3, 2, 1));
        assertEquals(0, nanos(8));
    }

    /** One task or another is disturbed in every run: none of it counts. */
    @Test
    void aTaskTakesTheLeastOfAllRuns() {
        SimulatedThreads simulated = new SimulatedThreads(3);
        ran(simulated, 5, 900, 4);
        ran(simulated, 700, 5, 4, 6);
        ran(simulated, 5, 6);
        assertEquals(5, simulated.nanos(KERNEL, 3));
        assertEquals(14, simulated.together());
        assertEquals(10, simulated.nanos(KERNEL, 4), "4 and 6");
        assertEquals(5, simulated.nanos(KERNEL, 2));
    }

    @Test
    void theCallingThreadDoesWhatAllWould() {
        List<String> done = new ArrayList<>();
        try (Workers workers = new Workers(64, true)) {
            assertEquals(64, workers.count());
            assertEquals(0, workers.threads().length);
            workers.timed(new Kernel() {
                @Override
                public int tasks() {
                    return 3;
                }

                @Override
                public void run(int task, int worker) {
                    done.add(task + " by " + worker + " in " + Thread.currentThread().threadId());
                }
            });
        }
        long own = Thread.currentThread().threadId();
        assertEquals(List.of("0 by 0 in " + own, "1 by 0 in " + own, "2 by 0 in " + own), done);
    }

    /** Compiled as for real threads, with their result. */
    @Test
    void aDeviceComputesTheSame() {
        GraphBuilder g = new GraphBuilder();
        g.output("y", g.relu(g.multiply(g.input("x", TensorType.f32(300, 1000)), g.constant(2f))));
        Graph graph = g.build();
        List<float[]> results = new ArrayList<>();
        for (boolean simulated : new boolean[] {true, false}) {
            try (Device device = simulated ? CpuBackend.simulated(4) : Backends.open("cpu", CpuOptions.of().threads(4));
                    Executable e = device.compile(graph, null, CompileOptions.of().profiled())) {
                assertEquals(4, device.info().computeUnits());
                e.run();
                results.add(e.output("y").toHost().toFloatArray());
                assertTrue(e.timings().stream().allMatch(t -> t.nanos() > 0), e.timings().toString());
                long[] together = CpuBackend.together(e);
                for (int i = 0; i < together.length; i++) {
                    long nanos = e.timings().get(i).nanos();
                    assertTrue(!simulated || nanos <= together[i] && together[i] <= 4 * nanos,
                            "no node has more than four threads");
                }
            }
        }
        assertArrayEquals(results.getLast(), results.getFirst());
        assertThrows(BadInputException.class, () -> CpuBackend.simulated(0));
    }
}
