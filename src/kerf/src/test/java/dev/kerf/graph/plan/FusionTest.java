package dev.kerf.graph.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MatrixOp;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.PointwiseOp.Function;
import dev.kerf.graph.SourceOp;
import dev.kerf.graph.SourceOp.WeightExpr;
import dev.kerf.graph.SpatialOp.Conv2d;
import dev.kerf.graph.SpatialOp.MaxPool2d;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.graph.StateOp;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.Shape;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class FusionTest {
    private final GraphBuilder g = new GraphBuilder();

    private Value norm(Value x, String name) {
        Shape c = Shape.of(x.type().shape().dim(1));
        return g.batchNorm(x, g.weight(name + ".weight", c), g.weight(name + ".bias", c),
                g.weight(name + ".running_mean", c), g.weight(name + ".running_var", c), 1e-5);
    }

    private static List<Node> kernels(Graph graph) {
        return graph.nodes().stream().filter(n -> !(n.op() instanceof SourceOp)).toList();
    }

    @Test
    void convolutionNormAndReluBecomeOneConvolution() {
        Value x = g.input("x", TensorType.f32(1, 3, 8, 8));
        Value y = g.conv2d(x, g.weight("w", Shape.of(4, 3, 3, 3)), null, Window2d.of().pad(1));
        g.output("y", g.relu(norm(y, "bn")));
        Graph fused = Fusion.fuse(g.build(), Set.of());
        Node conv = kernels(fused).getFirst();
        assertEquals(1, kernels(fused).size());
        assertEquals(Activation.RELU, assertInstanceOf(Conv2d.class, conv.op()).activation());
        assertTrue(((Conv2d) conv.op()).bias());
        var weight = assertInstanceOf(WeightExpr.ScaledWeight.class,
                ((SourceOp.Weight) fused.producer(conv.input(1)).op()).expr());
        assertEquals(List.of("w", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var"), weight.tensors());
        assertEquals(4, fused.nodes().size(), "input, weight, bias, convolution; the norm's own weights are gone");
    }

    /** As what an exporter takes apart leaves them behind: nodes that nobody needs. */
    @Test
    void whatNobodyNeedsKeepsNothingApart() {
        Value x = g.input("x", TensorType.f32(1, 3, 8, 8));
        Value unread = g.unary(Function.ABS, x);
        g.add(unread, unread);
        Value y = g.conv2d(x, g.weight("w", Shape.of(3, 3, 3, 3)), null, Window2d.of().pad(1));
        g.multiply(y, y);
        Value sum = g.add(y, x);
        g.unary(Function.SIGMOID, sum);
        g.output("y", g.unary(Function.SILU, sum));
        List<Node> k = kernels(Fusion.fuse(g.build(), Set.of()));
        assertEquals(1, k.size(), k.toString());
        assertEquals(Activation.SILU, assertInstanceOf(Conv2d.class, k.getFirst().op()).activation());
        assertTrue(((Conv2d) k.getFirst().op()).residual());
    }

    /** Also those of what fusion makes itself, where nodes before were dropped. */
    @Test
    void idsOfNodesDiffer() {
        Value x = g.input("x", TensorType.f32(1, 3, 8, 8));
        g.unary(Function.ABS, g.unary(Function.ABS, x));
        Value y = x;
        for (int i = 0; i < 3; i++) {
            y = g.relu(norm(g.conv2d(y, g.weight("w" + i, Shape.of(3, 3, 3, 3)), null, Window2d.of().pad(1)), "bn" + i));
        }
        g.output("y", y);
        List<Node> nodes = Fusion.fuse(g.build(), Set.of()).nodes();
        assertEquals(nodes.size(), nodes.stream().map(Node::id).distinct().count(), nodes.toString());
    }

    @Test
    void aConvolutionTakesThePixelsThatAStrideTakes() {
        Value x = g.input("x", TensorType.f32(1, 3, 25, 38));
        Value some = g.apply(new MaxPool2d(1, 1, Window2d.of().stride(2, 3), false), x);
        g.output("y", g.conv2d(some, g.weight("w", Shape.of(4, 3, 3, 3)), null, Window2d.of().stride(1, 2).pad(1)));
        Value largest = g.apply(new MaxPool2d(2, 1, Window2d.of().stride(2), false), x);
        g.output("z", g.conv2d(largest, g.weight("w", Shape.of(4, 3, 3, 3)), null, Window2d.of()));
        List<Node> k = kernels(Fusion.fuse(g.build(), Set.of()));
        assertEquals(3, k.size());
        assertEquals(new Window2d(2, 6, 2, 3, 2, 3, 2, 3), ((Conv2d) k.getFirst().op()).window());
        assertEquals(x, k.getFirst().input(0));
        assertEquals(Window2d.of(), ((Conv2d) k.getLast().op()).window());
    }

    @Test
    void whatTheSameIndicesPickIsPickedAtOnce() {
        Value index = g.input("index", TensorType.of(DType.I32, 5));
        Value other = g.input("other", TensorType.of(DType.I32, 5));
        Value x = g.input("x", TensorType.f32(7, 4));
        Value late = g.relu(g.apply(new MoveOp.Gather(), x, index));
        g.output("a", late);
        g.output("b", g.apply(new MoveOp.Gather(), g.input("b", TensorType.f32(7)), index));
        g.output("c", g.apply(new MoveOp.Gather(), g.input("c", TensorType.f32(9, 2)), other));
        g.output("d", g.apply(new MoveOp.Gather(), late, index));
        g.output("e", g.apply(new MoveOp.Gather(), x, index));
        Graph fused = Fusion.fuse(g.build(), Set.of());
        List<Node> gathers = kernels(fused).stream().filter(n -> n.op() instanceof MoveOp.Gather).toList();
        assertEquals(List.of(2, 2, 1), gathers.stream().map(n -> n.outputs().size()).toList());
        assertEquals(fused.outputs().get("e"), gathers.getFirst().outputs().getLast());
        assertEquals(fused.outputs().get("d"), gathers.get(1).outputs().getLast());
    }

    @Test
    void aKeptStageIsNotMergedAway() {
        Value x = g.input("x", TensorType.f32(1, 3, 8, 8));
        Value y = g.stage("raw", g.conv2d(x, g.weight("w", Shape.of(4, 3, 1, 1)), null, Window2d.of()));
        g.output("y", g.relu(norm(y, "bn")));
        Graph graph = g.build();
        assertEquals(1, kernels(Fusion.fuse(graph, Set.of())).size());
        Graph kept = Fusion.fuse(graph, Set.of("raw"));
        assertEquals(3, kernels(kept).size());
        assertEquals(graph.stages().get("raw"), kept.stages().get("raw"));
    }

    @Test
    void aValueWithTwoReadersIsNotMergedAway() {
        Value x = g.input("x", TensorType.f32(1, 3, 8, 8));
        Value y = g.conv2d(x, g.weight("w", Shape.of(3, 3, 1, 1)), null, Window2d.of());
        g.output("a", g.relu(y));
        g.output("b", g.multiply(y, y));
        assertEquals(3, kernels(Fusion.fuse(g.build(), Set.of())).size());
    }

    private Value conv(Value x, String weight) {
        return g.conv2d(x, g.weight(weight, Shape.of(4, 4, 1, 1)), null, Window2d.of());
    }

    @Test
    void residualGoesIntoTheFirstOperandsConvolutionWhicheverWasRecordedFirst() {
        Value x = g.input("x", TensorType.f32(2, 4, 8, 8));
        Value first = norm(conv(x, "a"), "bn");
        Value second = conv(x, "b");
        g.output("y", g.relu(g.add(first, second)));
        Value late = conv(x, "d");
        g.output("z", g.relu(g.add(conv(x, "c"), late)));
        Graph fused = Fusion.fuse(g.build(), Set.of());
        List<Node> k = kernels(fused);
        assertEquals(4, k.size());
        for (int i = 0; i < k.size(); i += 2) {
            assertFalse(((Conv2d) k.get(i).op()).residual());
            assertTrue(((Conv2d) k.get(i + 1).op()).residual());
            assertEquals(Activation.RELU, ((Conv2d) k.get(i + 1).op()).activation());
            assertEquals(k.get(i).output(), k.get(i + 1).inputs().getLast());
        }
        assertEquals(List.of(fused.outputs().get("y"), fused.outputs().get("z")),
                List.of(k.get(1).output(), k.get(3).output()));
        assertEquals(List.of(second, late), List.of(k.get(0).output(), k.get(2).output()));
    }

    @Test
    void aShortcutRecordedAfterTheConvolutionIsItsResidualToo() {
        for (boolean shortcutFirst : List.of(true, false)) {
            for (boolean left : List.of(true, false)) {
                GraphBuilder b = new GraphBuilder();
                Value x = b.input("x", TensorType.f32(2, 4, 8, 8));
                Value shortcut = shortcutFirst ? b.maxPool2d(x, 1) : null;
                Value y = b.conv2d(x, b.weight("w", Shape.of(4, 4, 1, 1)), null, Window2d.of());
                shortcut = shortcutFirst ? shortcut : b.maxPool2d(x, 1);
                b.output("y", left ? b.add(y, shortcut) : b.add(shortcut, y));
                List<Node> k = kernels(Fusion.fuse(b.build(), Set.of()));
                assertEquals(2, k.size());
                assertTrue(((Conv2d) k.get(1).op()).residual());
                assertEquals(shortcut, k.get(1).inputs().getLast());
            }
        }
    }

    @Test
    void aKernelDoesNotWaitPastAnUpdateOfWhatItReads() {
        Value state = g.state("s", TensorType.f32(4, 4));
        Value y = g.matMul(state, g.weight("w", Shape.of(4, 4)));
        Value x = g.input("x", TensorType.f32(4, 4));
        g.apply(new StateOp.Assign(), state, x);
        g.output("y", g.add(y, g.softmax(x, 1)));
        List<Node> k = kernels(Fusion.fuse(g.build(), Set.of()));
        assertEquals(4, k.size());
        assertFalse(assertInstanceOf(MatrixOp.MatMul.class, k.getFirst().op()).residual());
    }

    @Test
    void aBroadcastSumIsNoResidual() {
        Value x = g.input("x", TensorType.f32(1, 4, 8, 8));
        Value y = g.conv2d(x, g.weight("a", Shape.of(4, 4, 1, 1)), null, Window2d.of());
        g.output("y", g.add(y, g.weight("pos", Shape.of(1, 4, 1, 1))));
        assertEquals(2, kernels(Fusion.fuse(g.build(), Set.of())).size());
    }

    @Test
    void whatNothingNeedsIsDroppedButStateUpdatesStay() {
        Value x = g.input("x", TensorType.f32(4));
        Value unused = g.relu(x);
        Value state = g.state("s", TensorType.f32(4));
        g.apply(new StateOp.Assign(), state, x);
        g.output("y", g.multiply(x, x));
        Graph fused = Fusion.fuse(g.build(), Set.of());
        assertEquals(2, kernels(fused).size());
        assertTrue(fused.consumers(unused).isEmpty());
    }

    /** A fused node goes by the recorded one that made its results; what fusion adds comes after all that was recorded. */
    @Test
    void nodesKeepTheIdsOfTheRecording() {
        Value x = g.input("x", TensorType.f32(1, 4, 8, 8));
        Value y = g.conv2d(x, g.weight("a", Shape.of(4, 4, 1, 1)), null, Window2d.of());
        Value side = g.multiply(x, x);
        Value normed = g.batchNorm(y, g.weight("w", Shape.of(4)), g.weight("b", Shape.of(4)), g.weight("m", Shape.of(4)),
                g.weight("v", Shape.of(4)), 0);
        g.output("y", g.relu(normed));
        g.output("side", side);
        Graph recorded = g.build();
        Graph fused = Fusion.fuse(recorded, Set.of());
        int added = 0;
        for (int i = 0; i < fused.nodes().size(); i++) {
            Node n = fused.nodes().get(i);
            assertEquals(i, fused.position(n.id()));
            if (n.id() < recorded.nodes().size()) {
                assertEquals(recorded.nodes().get(n.id()), recorded.producer(n.outputs().getFirst()));
                assertEquals(recorded.nodes().get(n.id()).name(), n.name());
            } else {
                assertEquals(recorded.nodes().size() + added++, n.id());
                assertTrue(n.op() instanceof SourceOp.Weight, n.toString());
            }
        }
        assertEquals(2, added);
        assertEquals(2, kernels(fused).size());
    }

    /** Queries, keys and values are parts of one product's rows, window by window; the result goes back to its rows. */
    @Test
    void attentionReadsAndWritesThroughMoves() {
        Value qkv = g.reshape(g.input("qkv", TensorType.f32(4, 6, 24)), 2, 2, 3, 2, 3, 2, 4);
        Value[] three = new Value[3];
        for (int i = 0; i < 3; i++) {
            Value part = g.reshape(g.slice(qkv, 4, i, i + 1), 2, 2, 3, 2, 2, 4);
            three[i] = g.reshape(g.permute(part, 0, 2, 4, 1, 3, 5), 6, 2, 4, 4);
        }
        Value y = g.reshape(g.apply(new MatrixOp.Attention(1, false), three), 2, 3, 2, 2, 2, 4);
        g.output("y", g.reshape(g.permute(y, 0, 3, 1, 4, 2, 5), 4, 6, 8));
        Graph fused = Fusion.fuse(g.build(), Set.of());
        assertEquals(1, kernels(fused).size(), fused.toString());
        var places = assertInstanceOf(MatrixOp.Attention.class, kernels(fused).getFirst().op()).places();
        MatrixOp.Rows k = places.get(1);
        // Window (1, 2), the second head; its token (1, 0): row 3, column 4 of the tokens.
        assertEquals((3 * 6 + 4) * 24 + 8 + 4, k.item((1 * 3 + 2) * 2 + 1) + k.row(2));
        MatrixOp.Rows to = places.get(3);
        assertEquals((3 * 6 + 4) * 8 + 4, to.item((1 * 3 + 2) * 2 + 1) + to.row(2));
    }

    /** What the first attention leaves where a move would have taken it is all that the second can read. */
    @Test
    void attentionReadsWhatAnotherLeftThroughMoves() {
        Value x = g.input("x", TensorType.f32(2, 3, 4, 5));
        Value turned = g.permute(g.apply(new MatrixOp.Attention(1, false), x, x, x), 0, 2, 1, 3);
        g.output("y", g.apply(new MatrixOp.Attention(1, false), turned, turned, turned));
        Value split = g.permute(g.apply(new MatrixOp.Attention(1, false), x, x, x), 0, 2, 1, 3);
        g.output("u", split);
        g.output("v", g.apply(new MatrixOp.Attention(1, false), g.permute(split, 0, 2, 1, 3), x, x));
        Graph fused = Fusion.fuse(g.build(), Set.of());
        assertEquals(4, kernels(fused).size(), fused.toString());
    }

    /** A kept stage, a count and numbers that don't lie one behind the other are taken as they are. */
    @Test
    void attentionTakesWhatItCanNotReadThroughAsItLies() {
        Value x = g.input("x", TensorType.f32(1, 3, 4, 5));
        Value turned = g.permute(x, 0, 1, 3, 2);
        Value y = g.stage("y", g.apply(new MatrixOp.Attention(1, false), turned, turned, turned));
        g.output("z", g.permute(y, 0, 2, 1, 3));
        Graph graph = g.build();
        assertEquals(3, kernels(Fusion.fuse(graph, Set.of("y"))).size());
        assertEquals(2, kernels(Fusion.fuse(graph, Set.of())).size());
    }
}
