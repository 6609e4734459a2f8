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
import dev.kerf.graph.PointwiseOp;
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

/** Perceptrons, whose parts are one kernel unless somebody wants to see what lies between: the numbers are the same to the bit. */
class PerceptronTest {
    private final Random random = new Random(5);
    private final Map<String, HostTensor> weights = new LinkedHashMap<>();

    /** What a perceptron has besides two weights. */
    private record Parts(boolean norm, boolean bias, PointwiseOp.Function function, boolean residual) {
        static final Parts ALL = new Parts(true, true, PointwiseOp.Function.GELU_ERF, true);
        static final Parts FEWEST = new Parts(false, false, PointwiseOp.Function.RELU, false);
    }

    private Value weight(GraphBuilder g, long... dims) {
        String name = "w" + weights.size();
        HostTensor t = HostTensor.zeros(DType.F32, Shape.of(dims));
        for (long i = 0; i < t.elements(); i++) {
            t.setDouble(i, random.nextFloat() - 0.5f);
        }
        weights.put(name, t);
        return g.weight(name, Shape.of(dims));
    }

    private Graph graph(Parts parts, int inner, int cols, long... dims) {
        GraphBuilder g = new GraphBuilder();
        int depth = (int) dims[dims.length - 1];
        Value x = g.input("x", TensorType.f32(dims));
        Value rows = parts.norm
                ? g.stage("rows", g.layerNorm(x, weight(g, depth), weight(g, depth), dims.length - 1, 1e-6))
                : x;
        Value first = g.linear(rows, weight(g, inner, depth), parts.bias ? weight(g, inner) : null);
        Value between = g.stage("between", g.unary(parts.function, first));
        Value y = g.linear(between, weight(g, cols, inner), parts.bias ? weight(g, cols) : null);
        g.output("y", parts.residual ? g.add(x, y) : y);
        return g.build();
    }

    /** The result, and the algorithms that ran. */
    private record Run(float[] y, List<NodeTiming> timings, long bytes) {
        List<String> algorithms() {
            return timings.stream().map(NodeTiming::what).toList();
        }
    }

    private Run run(Graph graph, int threads, CompileOptions options) {
        try (Device device = Backends.open("cpu", new CpuOptions(threads));
                DeviceWeights w = device.load(Weights.of(weights));
                Executable e = device.compile(graph, w, options.profiled())) {
            float[] x = new float[(int) e.input("x").type().shape().elements()];
            Random numbers = new Random(3);
            for (int i = 0; i < x.length; i++) {
                x[i] = numbers.nextFloat() * 4 - 2;
            }
            e.input("x").upload(MemorySegment.ofArray(x));
            e.run();
            return new Run(e.output("y").toHost().toFloatArray(), e.timings(), e.memory().activations());
        }
    }

    private void check(Parts parts, int inner, int cols, long... dims) {
        weights.clear();
        Graph graph = graph(parts, inner, cols, dims);
        Run apart = run(graph, 2, CompileOptions.of().keep("between"));
        assertTrue(apart.algorithms().size() >= 2, apart.algorithms().toString());
        Run whole = run(graph, 2, CompileOptions.of());
        assertEquals(List.of("perceptron"), whole.algorithms(), () -> graph.nodes().toString());
        assertArrayEquals(apart.y, whole.y);
        assertTrue(whole.bytes < apart.bytes, whole.bytes + " bytes of " + apart.bytes);
        assertEquals(apart.timings.stream().mapToLong(NodeTiming::flops).sum(), whole.timings.getFirst().flops());
        assertTrue(whole.timings.getFirst().bytes() < apart.timings.stream().mapToLong(NodeTiming::bytes).sum());
        for (int threads : new int[] {1, 3}) {
            assertArrayEquals(apart.y, run(graph, threads, CompileOptions.of()).y);
        }
    }

    @Test
    void isOneKernelWithTheSameBits() {
        check(Parts.ALL, 384, 96, 2731, 96);
        check(Parts.ALL, 1536, 384, 5, 173, 384);
        check(Parts.FEWEST, 384, 192, 1, 2749, 192);
        check(new Parts(true, true, PointwiseOp.Function.GELU_TANH, false), 2048, 256, 512, 256);
    }

    @Test
    void anyExtents() {
        check(new Parts(true, true, PointwiseOp.Function.RELU, true), 260, 33, 4099, 33);
        check(new Parts(true, false, PointwiseOp.Function.SILU, false), 1024, 50, 7, 11, 31, 77);
        check(new Parts(false, true, PointwiseOp.Function.GELU_ERF, false), 509, 31, 2503, 1);
    }

    /** What somebody else reads has to be there, and what is small or has long rows isn't worth it. */
    @Test
    void staysApartWhereItHasTo() {
        assertApart(graph(Parts.ALL, 384, 96, 700, 96));
        assertApart(graph(Parts.ALL, 3072, 768, 1024, 768));
        GraphBuilder g = new GraphBuilder();
        Value x = g.input("x", TensorType.f32(4096, 96));
        Value between = g.unary(PointwiseOp.Function.RELU, g.linear(x, weight(g, 384, 96), null));
        g.output("y", g.linear(between, weight(g, 96, 384), null));
        g.output("sum", g.add(between, between));
        assertApart(g.build());
    }

    private void assertApart(Graph graph) {
        List<String> algorithms = run(graph, 2, CompileOptions.of()).algorithms();
        assertTrue(algorithms.size() >= 2 && !algorithms.contains("perceptron"), algorithms.toString());
    }

    /** The norm's result is wanted: the products are one kernel all the same. */
    @Test
    void aNormThatIsWantedIsLeftOut() {
        Graph graph = graph(Parts.ALL, 384, 96, 2731, 96);
        Run whole = run(graph, 2, CompileOptions.of());
        Run normApart = run(graph, 2, CompileOptions.of().keep("rows"));
        assertEquals(List.of("layer_norm", "perceptron"), normApart.algorithms());
        assertArrayEquals(whole.y, normApart.y);
    }
}
