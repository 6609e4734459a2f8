package dev.kerf.graph.plan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.check.oracle.Oracle;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MatrixOp.MatMul;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.PointwiseOp.Arithmetic;
import dev.kerf.graph.SourceOp;
import dev.kerf.graph.SpatialOp.Interpolation;
import dev.kerf.graph.SpatialOp.Resize;
import dev.kerf.graph.SpatialOp.Sampling;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;

/** What is made of weights and constants alone is the same whether it is made when they are loaded or in each run. */
class FoldingTest {
    private static final HostTensor W = numbers(4, 6);
    private static final HostTensor V = numbers(4, 1);
    private static final Weights WEIGHTS = Weights.of(Map.of("w", W, "v", V));

    private static HostTensor numbers(long... dims) {
        HostTensor t = HostTensor.zeros(DType.F32, Shape.of(dims));
        for (int i = 0; i < t.elements(); i++) {
            t.setDouble(i, (i * 7 % 11 - 5.5) / 4);
        }
        return t;
    }

    private static HostTensor integers(int... values) {
        return HostTensor.of(Shape.of(values.length), values);
    }

    private static long kernels(Graph graph) {
        return graph.nodes().stream().filter(n -> !(n.op() instanceof SourceOp)).count();
    }

    /** One multiplication is left: of an input and what is folded. */
    private static void folded(BiFunction<GraphBuilder, Value[], Value> made) {
        for (boolean weights : new boolean[] {true, false}) {
            GraphBuilder g = new GraphBuilder();
            Value w = weights ? g.weight("w", W.shape()) : g.constant(W);
            Value v = weights ? g.weight("v", V.shape()) : g.constant(V);
            Value y = made.apply(g, new Value[] {w, v});
            g.output("y", g.multiply(g.input("x", TensorType.f32()), y));
            Graph graph = g.build();
            Graph fused = Fusion.fuse(graph, Set.of());
            assertEquals(1, kernels(fused), fused.toString());
            Map<String, HostTensor> one = Map.of("x", HostTensor.of(Shape.of(), new float[] {1}));
            HostTensor expected = Oracle.run(graph, WEIGHTS, one, Map.of()).outputs().get("y");
            HostTensor found = Oracle.run(fused, WEIGHTS, one, Map.of()).outputs().get("y");
            assertEquals(expected.shape(), found.shape());
            assertArrayEquals(expected.toFloatArray(), found.toFloatArray(), 1e-6f);
        }
    }

    @Test
    void everyMove() {
        folded((g, in) -> g.permute(g.reshape(in[0], 2, 3, 4), 2, 0, 1));
        folded((g, in) -> g.apply(new MoveOp.Slice(1, 1, 6, 2), in[0]));
        folded((g, in) -> g.concat(1, in[0], in[1], in[0]));
        folded((g, in) -> g.concat(0, in[0], in[0]));
        folded((g, in) -> g.apply(new MoveOp.Expand(Shape.of(3, 4, 5)), in[1]));
        folded((g, in) -> g.apply(new MoveOp.Gather(), in[0], g.constant(integers(3, 0, 0, 2))));
    }

    @Test
    void arithmeticThatBroadcasts() {
        for (Arithmetic f : Arithmetic.values()) {
            if (f != Arithmetic.POWER) {
                folded((g, in) -> g.binary(f, in[0], in[1]));
            }
        }
        folded((g, in) -> g.permute(g.add(g.multiply(in[0], g.constant(0.1f)), in[1]), 1, 0));
    }

    @Test
    void products() {
        folded((g, in) -> g.matMul(in[0], g.reshape(in[0], 6, 4)));
        folded((g, in) -> g.linear(in[0], in[0], g.reshape(in[1], 4)));
        var op = new MatMul(true, false, -0.5f, Activation.NONE, false, true);
        folded((g, in) -> g.apply(op, in[0], in[1], g.reshape(g.slice(in[0], 0, 1, 2), 6, 1)));
        folded((g, in) -> g.apply(new MatMul(true, true, 1, Activation.NONE, false, false), in[0], g.reshape(in[0], 6, 4)));
    }

    @Test
    void resampledPlanes() {
        for (Interpolation by : Interpolation.values()) {
            folded((g, in) -> g.apply(new Resize(7, 2, by, Sampling.HALF_PIXEL, false, 0, 0), g.reshape(in[0], 2, 1, 3, 4)));
        }
        folded((g, in) -> g.apply(new Resize(2, 9, Interpolation.BICUBIC, Sampling.HALF_PIXEL, true, 0, 0),
                g.reshape(in[0], 1, 2, 4, 3)));
    }

    /** Rows out of range stay for the run to refuse, and what an input has a part in stays too. */
    @Test
    void whatIsNotKnownStays() {
        GraphBuilder g = new GraphBuilder();
        Value x = g.input("x", TensorType.f32(4, 6));
        g.output("a", g.apply(new MoveOp.Gather(), g.weight("w", W.shape()), g.constant(integers(4))));
        g.output("b", g.permute(g.add(x, g.constant(W)), 1, 0));
        assertEquals(3, kernels(Fusion.fuse(g.build(), Set.of())));
    }

    /** Kept under their names; packed once for all graphs that fold the same. */
    @Test
    void stagesAreKeptAndEqualOnesShared() {
        GraphBuilder g = new GraphBuilder();
        Value y = g.stage("y", g.permute(g.weight("w", W.shape()), 1, 0));
        g.output("z", g.multiply(g.input("x", TensorType.f32()), y));
        Graph fused = Fusion.fuse(g.build(), Set.of("y"));
        assertTrue(fused.stages().containsKey("y"));
        Map<String, HostTensor> one = Map.of("x", HostTensor.of(Shape.of(), new float[] {1}));
        assertEquals(W.getDouble(6), Oracle.run(fused, WEIGHTS, one, Map.of()).outputs().get("z").getDouble(1));
        assertEquals(picked(0, 2).weights(), picked(0, 2).weights());
        assertNotEquals(picked(0, 2).weights(), picked(0, 1).weights());
        assertEquals(List.of("w"), picked(0, 2).weights().getFirst().tensors());
    }

    private static Graph picked(int... rows) {
        GraphBuilder g = new GraphBuilder();
        Value w = g.apply(new MoveOp.Gather(), g.weight("w", W.shape()), g.constant(integers(rows)));
        g.output("y", g.matMul(g.input("x", TensorType.f32(3, 2)), w));
        return Fusion.fuse(g.build(), Set.of());
    }
}
