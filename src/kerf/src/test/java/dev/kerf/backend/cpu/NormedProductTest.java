package dev.kerf.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

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
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.PointwiseOp.Function;
import dev.kerf.graph.ReduceOp;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Products of rows that a norm makes: one kernel unless somebody else wants the rows, with the same numbers to the bit. */
class NormedProductTest {
    private final Random random = new Random(7);
    private final Map<String, HostTensor> weights = new LinkedHashMap<>();
    private GraphBuilder g = new GraphBuilder();

    private Value weight(long... dims) {
        String name = "w" + weights.size();
        HostTensor t = HostTensor.zeros(DType.F32, Shape.of(dims));
        for (long i = 0; i < t.elements(); i++) {
            t.setDouble(i, random.nextFloat() - 0.5f);
        }
        weights.put(name, t);
        return g.weight(name, Shape.of(dims));
    }

    private Value normed(long... dims) {
        long depth = dims[dims.length - 1];
        return g.stage("rows", g.layerNorm(g.input("x", TensorType.f32(dims)), weight(depth), weight(depth), -1, 1e-6));
    }

    private Value linear(Value x, int cols) {
        return g.linear(x, weight(cols, x.type().shape().dim(-1)), weight(cols));
    }

    private Graph graph(Value y) {
        g.output("y", y);
        Graph graph = g.build();
        g = new GraphBuilder();
        return graph;
    }

    private record Run(float[] y, List<String> algorithms) {}

    private Run run(Graph graph, int threads, CompileOptions options) {
        try (Device device = Backends.open("cpu", new CpuOptions(threads));
                DeviceWeights w = device.load(Weights.of(weights));
                Executable e = device.compile(graph, w, options.profiled())) {
            float[] x = new float[(int) e.input("x").type().shape().elements()];
            Random numbers = new Random(3);
            for (int i = 0; i < x.length; i++) {
                x[i] = numbers.nextFloat() * 4 - 2;
            }
            x[0] = Float.NaN;
            x[x.length - 1] = Float.POSITIVE_INFINITY;
            e.input("x").upload(MemorySegment.ofArray(x));
            e.run();
            return new Run(e.output("y").toHost().toFloatArray(), e.timings().stream().map(NodeTiming::what).toList());
        }
    }

    private void check(Graph graph) {
        Run apart = run(graph, 2, CompileOptions.of().keep("rows"));
        assertEquals(List.of("layer_norm", "packed"), apart.algorithms);
        for (int threads = 1; threads <= 3; threads++) {
            Run whole = run(graph, threads, CompileOptions.of());
            assertEquals(List.of("normed"), whole.algorithms);
            assertArrayEquals(apart.y, whole.y);
        }
        weights.clear();
    }

    private void assertApart(List<String> algorithms, Value y) {
        assertEquals(algorithms, run(graph(y), 2, CompileOptions.of()).algorithms);
        weights.clear();
    }

    @Test
    void isOneKernelWithTheSameNumbers() {
        check(graph(linear(normed(2, 1), 1)));
        check(graph(linear(normed(13, 96), 289)));
        check(graph(linear(normed(3, 5, 7, 31), 50)));
        check(graph(linear(normed(4711, 40), 100)));
        check(graph(linear(normed(1, 25, 517), 16)));
    }

    @Test
    void whateverTheProductDoesBesides() {
        check(graph(g.linear(normed(11, 33), weight(20, 33), null)));
        check(graph(g.unary(Function.GELU_ERF, linear(normed(11, 33), 64))));
        Value rows = normed(2, 9, 40);
        check(graph(g.add(linear(rows, 40), g.reshape(weight(720), 2, 9, 40))));
    }

    @Test
    void zerosAroundTheRowsAreLeftOut() {
        for (int after : new int[] {1, 5, 14}) {
            Value padded = g.apply(
                    new MoveOp.Pad(List.of(1L, 0L, 0L), List.of(0L, (long) after, 0L), MoveOp.PadMode.CONSTANT, 0),
                    normed(10, 23, 37));
            check(graph(linear(padded, 70)));
        }
        check(graph(linear(g.apply(new MoveOp.Pad(List.of(0L, 0L), List.of(6L, 0L), MoveOp.PadMode.CONSTANT, 0),
                normed(1, 37)), 70)));
    }

    /** Rows that somebody else reads, norms of columns, products with what is computed; and what is more than a norm and a product. */
    @Test
    void staysApartWhereItHasTo() {
        Value rows = normed(12, 30);
        assertApart(List.of("layer_norm", "packed", "packed"), g.concat(1, linear(rows, 40), linear(rows, 30)));
        Value x = g.input("x", TensorType.f32(2, 12, 30));
        assertApart(List.of("layer_norm", "packed"), linear(g.layerNorm(x, weight(12), weight(12), 1, 1e-6), 40));
        assertApart(List.of("layer_norm", "packed"), g.matMul(normed(12, 30), g.input("b", TensorType.f32(30, 8))));
        assertApart(List.of("layer_norm", "packed"), linear(normed(8, 256), 4096)); // columns are cut
        assertApart(List.of("layer_norm", "packed"), linear(normed(1, 30), 40));
        assertApart(List.of("layer_norm", "pooled"),
                g.apply(new ReduceOp.Reduce(ReduceOp.Reduction.MAX, List.of(1, 3), false),
                        g.reshape(linear(normed(6, 8, 30), 40), 3, 2, 4, 2, 40)));
        assertApart(List.of("perceptron"), linear(g.unary(Function.RELU, linear(normed(2731, 96), 384)), 96));
    }
}
