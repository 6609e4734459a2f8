package dev.kerf.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.CpuOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceWeights;
import dev.kerf.backend.Executable;
import dev.kerf.backend.Executable.NodeTiming;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.ReduceOp;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Products whose windows' largest alone are wanted: one kernel, unless somebody wants the product. */
class PooledProductTest {
    private static HostTensor numbers(int seed, long... dims) {
        Random random = new Random(seed);
        HostTensor t = HostTensor.zeros(DType.F32, Shape.of(dims));
        for (long i = 0; i < t.elements(); i++) {
            t.setDouble(i, random.nextFloat() - 0.5f);
        }
        return t;
    }

    /** The largest of windows of {@code high} by {@code wide} pixels of a product; pixels as (H, W, C) or with more axes before. */
    private static Graph graph(int h, int w, int high, int wide, int depth, int cols, long... pixels) {
        GraphBuilder g = new GraphBuilder();
        Value x = g.input("x", TensorType.f32(pixels));
        Value product = g.stage("product", g.linear(x, g.weight("w", Shape.of(cols, depth)), g.weight("b", Shape.of(cols))));
        Value windows = g.reshape(product, h, high, w, wide, cols);
        g.output("y", g.apply(new ReduceOp.Reduce(ReduceOp.Reduction.MAX, List.of(1, 3), false), windows));
        return g.build();
    }

    private record Run(float[] y, List<String> algorithms) {}

    private static Run run(Graph graph, int depth, int cols, int threads, float odd, CompileOptions options) {
        try (Device device = Backends.open("cpu", new CpuOptions(threads));
                DeviceWeights w = device.load(Weights.of(Map.of("w", numbers(1, cols, depth), "b", numbers(2, cols))));
                Executable e = device.compile(graph, w, options.profiled())) {
            float[] x = numbers(3, e.input("x").type().shape().elements()).toFloatArray();
            x[x.length / 2] = odd;
            e.input("x").upload(MemorySegment.ofArray(x));
            e.run();
            return new Run(e.output("y").toHost().toFloatArray(), e.timings().stream().map(NodeTiming::what).toList());
        }
    }

    private static void check(int h, int w, int high, int wide, int depth, int cols, long... pixels) {
        Graph graph = graph(h, w, high, wide, depth, cols, pixels);
        for (float odd : new float[] {0.25f, Float.NaN, Float.NEGATIVE_INFINITY}) {
            Run apart = run(graph, depth, cols, 2, odd, CompileOptions.of().keep("product"));
            assertTrue(apart.algorithms.size() >= 2, apart.algorithms.toString());
            for (int threads = 1; threads <= 3; threads++) {
                Run pooled = run(graph, depth, cols, threads, odd, CompileOptions.of());
                assertEquals(List.of("pooled"), pooled.algorithms);
                assertArrayEquals(apart.y, pooled.y);
            }
        }
    }

    @Test
    void isOneKernelWithTheSameNumbers() {
        check(16, 16, 2, 2, 96, 384, 32, 32, 96);
        check(35, 35, 2, 2, 40, 100, 70, 70, 40);
        check(1, 1, 2, 2, 1, 1, 2, 2, 1);
        check(7, 3, 2, 2, 5, 33, 1, 14, 6, 5);
        check(5, 9, 4, 1, 17, 64, 20, 9, 17);
        check(5, 9, 1, 4, 17, 47, 5, 36, 17);
        check(200, 3, 2, 2, 12, 65, 400, 6, 12);
    }

    /** Windows of another size, and products that aren't pixels by pixels. */
    @Test
    void staysApartWhereItHasTo() {
        assertApart(graph(5, 9, 3, 3, 17, 64, 15, 27, 17), 17, 64);
        GraphBuilder g = new GraphBuilder();
        Value x = g.input("x", TensorType.f32(8, 8, 17));
        Value product = g.linear(x, g.weight("w", Shape.of(64, 17)), g.weight("b", Shape.of(64)));
        g.output("y", g.apply(new ReduceOp.Reduce(ReduceOp.Reduction.MAX, List.of(1, 3), false),
                g.reshape(product, 4, 2, 4, 2, 64)));
        g.output("too", g.add(product, product));
        assertApart(g.build(), 17, 64);
    }

    private static void assertApart(Graph graph, int depth, int cols) {
        List<String> algorithms = run(graph, depth, cols, 2, 0, CompileOptions.of()).algorithms;
        assertTrue(algorithms.size() >= 2 && !algorithms.contains("pooled"), algorithms.toString());
    }
}
