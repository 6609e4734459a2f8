package dev.kerf.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.kerf.backend.Backends;
import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.CpuOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceTensor;
import dev.kerf.backend.Executable;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.PointwiseOp;
import dev.kerf.graph.ReduceOp;
import dev.kerf.graph.SpatialOp;
import dev.kerf.graph.StateOp;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What is computed at once is what the nodes are one by one. */
class CompoundTest {
    private static float[] numbers(int seed, long n) {
        Random random = new Random(seed);
        float[] x = new float[(int) n];
        for (int i = 0; i < x.length; i++) {
            x[i] = random.nextFloat() - 0.5f;
        }
        return x;
    }

    private static Value constant(GraphBuilder g, long... dims) {
        HostTensor t = HostTensor.zeros(DType.F32, Shape.of(dims));
        float[] x = numbers(dims.length, t.elements());
        for (int i = 0; i < x.length; i++) {
            t.setDouble(i, x[i]);
        }
        return g.constant(t);
    }

    private static float[] run(Graph graph, CompileOptions options) {
        try (Device device = Backends.open("cpu", new CpuOptions(2)); Executable e = device.compile(graph, null, options)) {
            graph.inputs().forEach((name, v) -> e.input(name)
                    .upload(MemorySegment.ofArray(numbers(1, v.type().shape().elements()))));
            List<DeviceTensor.State> states = graph.states().entrySet().stream().map(s -> {
                DeviceTensor.State state = device.allocateState(s.getValue().type());
                state.upload(MemorySegment.ofArray(numbers(2, s.getValue().type().shape().elements())));
                e.bindState(s.getKey(), state);
                return state;
            }).toList();
            e.run();
            float[] y = e.output("y").toHost().toFloatArray();
            states.forEach(DeviceTensor.State::close);
            return y;
        }
    }

    private static void same(GraphBuilder g, Value y) {
        g.output("y", y);
        Graph graph = g.build();
        assertArrayEquals(run(graph, CompileOptions.of().unfused()), run(graph, CompileOptions.of()), 1e-4f);
    }

    /** Nodes that read a state before it is assigned to see it as it was, whatever they are computed with. */
    @Test
    void statesAreReadBeforeTheyAreAssignedTo() {
        GraphBuilder g = new GraphBuilder();
        TensorType t = TensorType.f32(2048, 256);
        Value state = g.state("s", t);
        Value first = g.unary(PointwiseOp.Function.RELU, g.linear(state, constant(g, 1024, 256), null));
        g.apply(new StateOp.Assign(), state, g.input("x", t));
        same(g, g.linear(first, constant(g, 256, 1024), null));

        g = new GraphBuilder();
        t = TensorType.f32(1, 1, 8, 8);
        state = g.state("s", t);
        Value large = g.bilinear(state, 32, 32, SpatialOp.Sampling.HALF_PIXEL);
        g.apply(new StateOp.Assign(), state, g.input("x", t));
        Value above = g.apply(new PointwiseOp.Compare(PointwiseOp.Relation.GREATER), large, g.constant(0f));
        same(g, g.apply(new PointwiseOp.Cast(DType.F32), above));

        g = new GraphBuilder();
        t = TensorType.f32(1, 8, 8, 16);
        state = g.state("s", t);
        Value product = g.reshape(g.linear(state, constant(g, 32, 16), constant(g, 32)), 4, 2, 4, 2, 32);
        g.apply(new StateOp.Assign(), state, g.input("x", t));
        same(g, g.apply(new ReduceOp.Reduce(ReduceOp.Reduction.MAX, List.of(1, 3), false), product));

        g = new GraphBuilder();
        t = TensorType.f32(12, 16);
        state = g.state("s", t);
        Value rows = g.layerNorm(state, constant(g, 16), constant(g, 16), -1, 1e-6);
        g.apply(new StateOp.Assign(), state, g.input("x", t));
        same(g, g.linear(rows, constant(g, 32, 16), constant(g, 32)));

        g = new GraphBuilder();
        t = TensorType.f32(1, 3, 9, 9);
        state = g.state("s", t);
        Value map = g.conv2d(state, constant(g, 8, 3, 3, 3), null, SpatialOp.Window2d.of().stride(2));
        g.apply(new StateOp.Assign(), state, g.input("x", t));
        same(g, g.permute(map, 0, 2, 3, 1));
    }

    /** A sum isn't made where its product was, nor the product where the sum is, if a state that either reads changed in between. */
    @Test
    void residualsOfStates() {
        TensorType t = TensorType.f32(8, 32);
        for (boolean updated : new boolean[] {false, true}) {
            GraphBuilder g = new GraphBuilder();
            Value state = g.state("s", t);
            Value x = g.input("x", t);
            Value product = g.linear(state, constant(g, 32, 32), null);
            Value other = g.softmax(x, 1);
            Value now = g.apply(new StateOp.Assign(), state, x);
            same(g, g.add(product, updated ? now : other));
        }
        GraphBuilder g = new GraphBuilder();
        Value state = g.state("s", t);
        Value x = g.input("x", t);
        Value product = g.linear(x, constant(g, 32, 32), null);
        Value now = g.apply(new StateOp.Assign(), state, g.softmax(x, 1));
        same(g, g.add(now, product));
    }

    /** A norm of channels with an activation behind it, also where a map is one pixel. */
    @Test
    void normsOfChannelsKeepTheirActivation() {
        for (int side : new int[] {1, 2, 5}) {
            GraphBuilder g = new GraphBuilder();
            Value x = g.input("x", TensorType.f32(2, 8, side, side));
            g.output("y", g.unary(PointwiseOp.Function.RELU, g.layerNorm(x, constant(g, 8), constant(g, 8), 1, 1e-6)));
            float[] numbers = numbers(1, 16L * side * side);
            float[] weight = numbers(1, 8);
            float[] y = run(g.build(), CompileOptions.of());
            for (int i = 0; i < y.length; i++) {
                int pixel = i % (side * side);
                int first = i / (8 * side * side) * 8;
                double[] channels = IntStream.range(0, 8).mapToDouble(c -> numbers[(first + c) * side * side + pixel])
                        .toArray();
                double mean = Arrays.stream(channels).average().orElseThrow();
                double variance = Arrays.stream(channels).map(v -> (v - mean) * (v - mean)).average().orElseThrow();
                int c = i / (side * side) % 8;
                double normal = (channels[c] - mean) / Math.sqrt(variance + 1e-6) * weight[c] + weight[c];
                assertEquals(Math.max(normal, 0), y[i], 1e-5, "side " + side + ", number " + i);
            }
        }
    }
}
