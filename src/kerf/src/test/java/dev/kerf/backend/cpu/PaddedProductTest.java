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
import dev.kerf.backend.cpu.dense.DenseKernels;
import dev.kerf.backend.cpu.kernel.KernelFamily;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MatrixOp;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.PointwiseOp;
import dev.kerf.graph.ReduceOp;
import dev.kerf.graph.StateOp;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;

/** Products of rows with zeros around them: the zeros are left out, and the numbers are those of the product with them, to the bit. */
class PaddedProductTest {
    private static final int DEPTH = 37;
    private static final int COLS = 70;

    private final float[] weight = numbers(1, COLS * DEPTH);
    private final float[] bias = numbers(2, COLS);

    private static float[] numbers(int seed, long n) {
        Random random = new Random(seed);
        float[] x = new float[(int) n];
        for (int i = 0; i < x.length; i++) {
            x[i] = random.nextFloat() - 0.5f;
        }
        return x;
    }

    private static HostTensor tensor(float[] numbers, long... dims) {
        HostTensor t = HostTensor.zeros(DType.F32, Shape.of(dims));
        for (int i = 0; i < numbers.length; i++) {
            t.setDouble(i, numbers[i]);
        }
        return t;
    }

    private static MoveOp.Pad zeros(long[] before, long[] after) {
        return new MoveOp.Pad(Arrays.stream(before).boxed().toList(), Arrays.stream(after).boxed().toList(),
                MoveOp.PadMode.CONSTANT, 0);
    }

    private record Run(float[] y, List<String> algorithms, long flops) {}

    private Run run(Graph graph, float[] x, int threads, CompileOptions options) {
        try (Device device = Backends.open("cpu", new CpuOptions(threads));
                DeviceWeights w = device.load(
                        Weights.of(Map.of("w", tensor(weight, COLS, DEPTH), "b", tensor(bias, COLS))));
                Executable e = device.compile(graph, w, options.profiled())) {
            e.input("x").upload(MemorySegment.ofArray(x));
            e.run();
            return new Run(e.output("y").toHost().toFloatArray(), e.timings().stream().map(NodeTiming::what).toList(),
                    e.timings().stream().mapToLong(NodeTiming::flops).sum());
        }
    }

    private static Value linear(GraphBuilder g, Value x) {
        return g.linear(x, g.weight("w", Shape.of(COLS, DEPTH)), g.weight("b", Shape.of(COLS)));
    }

    /** The largest of 2 × 2 pixels of a product. */
    private static Value pooled(GraphBuilder g, Value x) {
        Shape s = x.type().shape();
        return g.apply(new ReduceOp.Reduce(ReduceOp.Reduction.MAX, List.of(1, 3), false),
                g.reshape(linear(g, x), s.dim(0) / 2, 2, s.dim(1) / 2, 2, COLS));
    }

    /** A graph that pads what it gets, or gets it padded. */
    private static Graph graph(Shape x, MoveOp.Pad padding, BiFunction<GraphBuilder, Value, Value> product) {
        GraphBuilder g = new GraphBuilder();
        Value in = g.input("x", TensorType.f32(x.dims()));
        g.output("y", product.apply(g, padding == null ? in : g.apply(padding, in)));
        return g.build();
    }

    private void check(List<String> algorithms, BiFunction<GraphBuilder, Value, Value> product, long[] before, long[] after,
            long... dims) {
        MoveOp.Pad padding = zeros(before, after);
        Graph padded = graph(Shape.of(dims), padding, product);
        Shape wide = padding.infer(List.of(TensorType.f32(dims))).getFirst().shape();
        Graph whole = graph(wide, null, product);
        for (float odd : new float[] {0.25f, Float.NaN, Float.NEGATIVE_INFINITY}) {
            float[] x = numbers(3, Shape.of(dims).elements());
            x[0] = odd;
            x[x.length / 2] = odd;
            x[x.length - 1] = odd;
            float[] wanted = run(whole, padded(x, dims, wide, before), 2, CompileOptions.of()).y;
            for (int threads = 1; threads <= 3; threads++) {
                Run made = run(padded, x, threads, CompileOptions.of());
                assertEquals(algorithms, made.algorithms, () -> Arrays.toString(dims));
                assertArrayEquals(wanted, made.y, () -> Arrays.toString(dims));
            }
        }
    }

    private static float[] padded(float[] x, long[] dims, Shape wide, long[] before) {
        float[] y = new float[(int) wide.elements()];
        for (int i = 0; i < x.length; i++) {
            long at = 0;
            int rest = i;
            for (int axis = dims.length - 1, step = 1; axis >= 0; axis--) {
                at += step * (before[axis] + rest % dims[axis]);
                rest /= (int) dims[axis];
                step *= wide.size(axis);
            }
            y[(int) at] = x[i];
        }
        return y;
    }

    private static long[] longs(long... list) {
        return list;
    }

    @Test
    void zerosBehindAreLeftOut() {
        List<String> packed = List.of("packed");
        check(packed, PaddedProductTest::linear, longs(0, 0, 0), longs(6, 6, 0), 64, 64, DEPTH);
        check(packed, PaddedProductTest::linear, longs(0, 0, 0), longs(3, 3, 0), 32, 32, DEPTH);
        check(packed, PaddedProductTest::linear, longs(0, 0, 0), longs(13, 13, 0), 1, 1, DEPTH);
        check(packed, PaddedProductTest::linear, longs(0, 0), longs(1, 0), 13, DEPTH);
        check(packed, PaddedProductTest::linear, longs(0, 0), longs(0, 0), 11, DEPTH);
        check(packed, PaddedProductTest::linear, longs(0, 0), longs(400, 0), 1, DEPTH);
    }

    @Test
    void zerosAreNotCounted() {
        Graph graph = graph(Shape.of(6, 7, DEPTH), zeros(longs(0, 2, 0), longs(5, 0, 0)), PaddedProductTest::linear);
        assertEquals(2 * 6 * 7 * DEPTH * COLS, run(graph, numbers(3, 6 * 7 * DEPTH), 2, CompileOptions.of()).flops);
    }

    @Test
    void zerosAroundAreLeftOut() {
        List<String> packed = List.of("packed");
        check(packed, PaddedProductTest::linear, longs(2, 1, 0), longs(1, 4, 0), 17, 31, DEPTH);
        check(packed, PaddedProductTest::linear, longs(1, 2, 3, 0), longs(0, 1, 5, 0), 2, 5, 7, DEPTH);
        check(packed, PaddedProductTest::linear, longs(0, 0, 2, 1, 0), longs(0, 0, 0, 2, 0), 3, 2, 6, 13, DEPTH);
    }

    @Test
    void windowsOfZerosAreLeftOut() {
        List<String> pooled = List.of("pooled");
        check(pooled, PaddedProductTest::pooled, longs(0, 0, 0), longs(6, 6, 0), 64, 64, DEPTH);
        check(pooled, PaddedProductTest::pooled, longs(0, 0, 0), longs(3, 5, 0), 11, 13, DEPTH);
        check(pooled, PaddedProductTest::pooled, longs(1, 3, 0), longs(4, 2, 0), 1, 1, DEPTH);
        check(pooled, PaddedProductTest::pooled, longs(0, 0, 0), longs(1, 1, 0), 5, 7, DEPTH);
        check(pooled, PaddedProductTest::pooled, longs(0, 0, 0), longs(0, 0, 0), 4, 2, DEPTH);
    }

    /** Rows of zeros make the bias, unless a weight isn't finite: they go through the same sums. */
    @Test
    void zerosMakeWhatTheyWouldMake() {
        weight[5] = Float.POSITIVE_INFINITY;
        weight[DEPTH * 9 + 2] = Float.NaN;
        bias[0] = Float.NaN;
        bias[2] = -0f;
        check(List.of("packed"), PaddedProductTest::linear, longs(1, 0, 0), longs(1, 3, 0), 9, 20, DEPTH);
        check(List.of("pooled"), PaddedProductTest::pooled, longs(1, 0, 0), longs(1, 3, 0), 10, 21, DEPTH);
    }

    @Test
    void anyProductOfRows() {
        for (Activation act : List.of(Activation.NONE, Activation.RELU, Activation.GELU_ERF, Activation.SIGMOID)) {
            for (boolean transposed : new boolean[] {true, false}) {
                check(List.of("packed"), (g, x) -> g.apply(new MatrixOp.MatMul(false, transposed, -0.5f, act, false, false), x,
                        transposed
                                ? g.weight("w", Shape.of(COLS, DEPTH))
                                : g.reshape(g.weight("w", Shape.of(COLS, DEPTH)), DEPTH, COLS)),
                        longs(0, 2, 0), longs(5, 0, 0), 6, 7, DEPTH);
            }
        }
        check(List.of("packed", "packed"), (g, x) -> g.concat(1, linear(g, x), linear(g, x)), longs(0, 0, 0), longs(1, 2, 0), 5,
                6, DEPTH);
    }

    /** Others may want what is padded, even a product that adds to it; a product before or behind makes no perceptron with it. */
    @Test
    void whatIsPaddedIsThereForOthers() {
        BiFunction<GraphBuilder, Value, Value> both = (g, x) -> g.add(g.unary(PointwiseOp.Function.EXP, x),
                g.linear(linear(g, x), g.constant(tensor(numbers(4, DEPTH * COLS), DEPTH, COLS)), null));
        check(List.of("pad", "unary", "packed", "packed"), both, longs(0, 1, 0), longs(3, 0, 0), 4, 5, DEPTH);
        BiFunction<GraphBuilder, Value, Value> deep = (g, x) -> g.linear(g.unary(PointwiseOp.Function.RELU, g.linear(x,
                g.constant(tensor(numbers(4, 1024 * DEPTH), 1024, DEPTH)), null)),
                g.constant(tensor(numbers(5, 40 * 1024), 40, 1024)), null);
        check(List.of("packed", "packed"), deep, longs(0, 0), longs(300, 0), 1200, DEPTH);
    }

    private void assertApart(Graph graph) {
        List<String> algorithms = run(graph, numbers(3, graph.inputs().get("x").type().shape().elements()), 2,
                CompileOptions.of()).algorithms;
        assertTrue(algorithms.contains("pad"), algorithms.toString());
    }

    @Test
    void othersArePadded() {
        BiFunction<GraphBuilder, Value, Value> linear = PaddedProductTest::linear;
        assertApart(graph(Shape.of(5, 6, DEPTH - 1), zeros(longs(0, 1, 0), longs(0, 0, 1)), linear));
        assertApart(graph(Shape.of(5, 6, DEPTH), new MoveOp.Pad(List.of(0L, 1L, 0L), List.of(0L, 1L, 0L),
                MoveOp.PadMode.CONSTANT, 1), linear));
        assertApart(graph(Shape.of(5, 6, DEPTH), new MoveOp.Pad(List.of(0L, 1L, 0L), List.of(0L, 1L, 0L),
                MoveOp.PadMode.REPLICATE, 0), linear));
        assertApart(graph(Shape.of(0, 6, DEPTH), zeros(longs(2, 1, 0), longs(0, 0, 0)), linear));
        assertApart(graph(Shape.of(5, 6, DEPTH), zeros(longs(0, 1, 0), longs(0, 0, 0)),
                (g, x) -> g.add(linear(g, x),
                        g.slice(g.linear(x, g.constant(tensor(numbers(4, COLS * DEPTH), COLS, DEPTH)), null),
                                0, 0, 5))));
        assertApart(graph(Shape.of(2, 6, DEPTH), zeros(longs(0, 1, 0), longs(0, 0, 0)),
                (g, x) -> g.matMul(x, g.constant(tensor(numbers(4, 2 * DEPTH * 3), 2, DEPTH, 3)))));
        assertApart(graph(Shape.of(2, DEPTH, 6), zeros(longs(0, 0, 1), longs(0, 0, 0)),
                (g, x) -> g.apply(new MatrixOp.MatMul(true, true, 1, Activation.NONE, false, false), x,
                        g.weight("w", Shape.of(COLS, DEPTH)))));
    }

    /** What a state was when it was padded, not what it is when the product is made. */
    @Test
    void nothingIsReadPastAnUpdateOfAState() {
        for (boolean updated : new boolean[] {false, true}) {
            GraphBuilder g = new GraphBuilder();
            TensorType t = TensorType.f32(5, 6, DEPTH);
            Value state = g.state("s", t);
            Value padded = g.apply(zeros(longs(0, 0, 0), longs(1, 1, 0)), state);
            if (updated) {
                g.apply(new StateOp.Assign(), state, g.input("x", t));
            }
            g.output("y", linear(g, padded));
            Graph graph = g.build();
            List<KernelFamily> families = List.of(new DenseKernels());
            assertEquals(updated ? 0 : 1, Intakes.of(graph, graph.outputs().values(), families, new HashMap<>())
                    .intakes().size());
        }
    }

    /** Rows that are counted are padded as far as they go. */
    @Test
    void countedRowsArePadded() {
        GraphBuilder g = new GraphBuilder();
        Value n = g.input("n", new TensorType(DType.I32, Shape.of()));
        Value padded = g.apply(zeros(longs(0, 0, 0), longs(0, 1, 0)), g.input("x", TensorType.f32(5, 6, DEPTH), n));
        g.output("y", linear(g, padded));
        Graph graph = g.build();
        assertEquals(0, Intakes.of(graph, graph.outputs().values(), List.of(new DenseKernels()),
                new HashMap<>()).intakes().size());
    }
}
