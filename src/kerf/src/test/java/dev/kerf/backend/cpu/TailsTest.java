package dev.kerf.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import dev.kerf.backend.cpu.dense.DenseKernels;
import dev.kerf.backend.cpu.kernel.Intake;
import dev.kerf.backend.cpu.kernel.KernelFamily;
import dev.kerf.backend.cpu.kernel.Tail;
import dev.kerf.backend.cpu.light.LightKernels;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MatrixOp;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.PointwiseOp.Function;
import dev.kerf.graph.SourceOp;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.graph.StateOp;
import dev.kerf.graph.TensorType;
import dev.kerf.graph.plan.Fusion;
import dev.kerf.tensor.Shape;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What becomes part of a node, and what doesn't. */
class TailsTest {
    private final List<KernelFamily> families = List.of(new DenseKernels(), new LightKernels(true));
    private final GraphBuilder g = new GraphBuilder();

    private Value weight(String name, long... dims) {
        return g.weight(name, Shape.of(dims));
    }

    private Graph built(Value y) {
        g.output("y", y);
        return Fusion.fuse(g.build(), Set.of());
    }

    private static long computed(Graph graph) {
        return graph.nodes().stream().filter(n -> !(n.op() instanceof SourceOp)).count();
    }

    private Value normed(int stride) {
        Value x = g.conv2d(g.input("x", TensorType.f32(1, 3, 32, 32)), weight("w", 8, 3, 3, 3), weight("b", 8),
                Window2d.of().pad(1).stride(stride));
        return g.unary(Function.GELU_ERF, g.layerNorm(x, weight("n", 8), weight("m", 8), 1, 1e-6));
    }

    @Test
    void aNormAndItsActivationBecomePartOfAConvolution() {
        Graph graph = built(normed(2));
        Tails.Found found = Tails.of(graph, graph.outputs().values(), families);
        assertEquals(1, computed(found.graph()));
        assertEquals(List.of(new Tail(true, 1e-6, Activation.GELU_ERF, false, false)), List.copyOf(found.tails().values()));
    }

    @Test
    void whatIsKeptStays() {
        Graph graph = built(normed(2));
        Collection<Value> all = graph.nodes().stream().flatMap(n -> n.outputs().stream()).toList();
        assertEquals(computed(graph), computed(Tails.of(graph, all, families).graph()));
    }

    @Test
    void aNormLeavesAsTokens() {
        Value y = g.layerNorm(g.input("x", TensorType.f32(1, 8, 16, 16)), weight("n", 8), weight("m", 8), 1, 1e-6);
        Graph graph = built(g.permute(g.reshape(y, 1, 8, 256), 0, 2, 1));
        Tails.Found found = Tails.of(graph, graph.outputs().values(), families);
        assertEquals(1, computed(found.graph()));
        assertEquals(List.of(new Tail(false, 0, Activation.NONE, true, false)), List.copyOf(found.tails().values()));
    }

    @Test
    void sumsAndTokensAreTakenIn() {
        TensorType image = TensorType.f32(1, 8, 16, 16);
        Value tokens = g.reshape(g.permute(g.input("t", TensorType.f32(1, 256, 8)), 0, 2, 1), 1, 8, 16, 16);
        Value up = g.convTranspose2d(tokens, weight("w", 8, 8, 2, 2), weight("b", 8), Window2d.of().stride(2));
        Value sum = g.unary(Function.GELU_ERF, g.add(g.input("p", image), g.input("q", image)));
        g.output("m", g.matMul(g.input("a", TensorType.f32(1, 4, 8)), g.reshape(sum, 1, 8, 256)));
        Graph graph = built(up);
        Intakes.Found found = Intakes.of(graph, graph.outputs().values(), families, new HashMap<>());
        assertEquals(Set.of(Intake.rows(0), Intake.sum(1, Activation.GELU_ERF)), Set.copyOf(found.intakes().values()));
    }

    /** A product of a sum of a state's numbers, and an attention to what layers make of them. */
    private Graph ofState(boolean updated) {
        TensorType rows = TensorType.f32(1, 300, 32);
        Value state = g.state("s", rows);
        Value sum = g.add(state, g.input("p", rows));
        Value k = heads(g.linear(state, weight("k", 32, 32), weight("kb", 32)), 300);
        Value v = heads(g.linear(state, weight("v", 32, 32), weight("vb", 32)), 300);
        if (updated) {
            g.apply(new StateOp.Assign(), state, g.input("x", rows));
        }
        g.output("product", g.matMul(g.input("l", TensorType.f32(1, 4, 300)), sum));
        Value y = g.apply(new MatrixOp.Attention(0.1f, false), heads(g.input("q", TensorType.f32(1, 5, 32)), 5), k, v);
        return built(g.reshape(g.permute(y, 0, 2, 1, 3), 1, 5, 32));
    }

    private Value heads(Value x, long length) {
        return g.permute(g.reshape(x, 1, length, 2, 16), 0, 2, 1, 3);
    }

    @Test
    void layersAreAbsorbedAndTheirNodesAreTheAttentions() {
        Graph graph = ofState(false);
        int attention = graph.nodes().stream().filter(n -> n.op() instanceof MatrixOp.Attention).findFirst().orElseThrow().id();
        HashMap<Integer, Integer> parts = new HashMap<>();
        Graph made = Absorption.of(graph, graph.outputs().values(), parts);
        assertEquals(2, made.nodes().stream().filter(n -> n.op() instanceof MatrixOp.MatMul m && !m.bias()
                && n.output().type().shape().rank() == 4).count());
        assertEquals(Set.of(attention), Set.copyOf(parts.values()));
        assertEquals(1, Intakes.of(graph, graph.outputs().values(), families, parts).intakes().size());
    }

    @Test
    void nothingIsReadPastAnUpdateOfAState() {
        Graph graph = ofState(true);
        assertSame(graph, Absorption.of(graph, graph.outputs().values(), new HashMap<>()));
        assertEquals(0, Intakes.of(graph, graph.outputs().values(), families, new HashMap<>()).intakes().size());
    }
}
