package dev.kerf.graph.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.ImageLayout;
import dev.kerf.graph.LayoutOp.InLayout;
import dev.kerf.graph.LayoutOp.Reorder;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.NormOp;
import dev.kerf.graph.PointwiseOp.Arithmetic;
import dev.kerf.graph.SourceOp;
import dev.kerf.graph.SpatialOp.MaxPool2d;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.Shape;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

class LayoutsTest {
    private final GraphBuilder g = new GraphBuilder();
    private int weights;

    private Value conv(Value x, int o, int kernel) {
        Shape w = Shape.of(o, x.type().shape().dim(1), kernel, kernel);
        return g.conv2d(x, g.weight("w" + weights++, w), null, Window2d.of().pad(kernel / 2));
    }

    private Graph assigned(Predicate<Node> runs) {
        Graph fused = Fusion.fuse(g.build(), Set.of());
        Graph made = Layouts.assign(fused, fused.outputs().values(), ImageLayout.CHANNELS_LAST, runs);
        made.nodes()
                .forEach(n -> assertEquals(
                        n.op() instanceof SourceOp ? List.of() : n.outputs().stream().map(Value::type).toList(),
                        n.op() instanceof SourceOp ? List.of() : n.op().infer(n.inputs().stream().map(Value::type).toList()),
                        n.toString()));
        return made;
    }

    private static List<String> kinds(Graph graph) {
        return graph.nodes().stream().filter(n -> !(n.op() instanceof SourceOp))
                .map(n -> n.op() instanceof InLayout i && i.out() == ImageLayout.CHANNELS_LAST
                        ? i.kind() + " last"
                        : n.op().kind())
                .toList();
    }

    @Test
    void whatNoKernelTakesStaysAsItIs() {
        g.output("y", conv(conv(g.input("x", TensorType.f32(1, 3, 8, 8)), 32, 3), 2, 1));
        Graph fused = Fusion.fuse(g.build(), Set.of());
        assertSame(fused, Layouts.assign(fused, fused.outputs().values(), ImageLayout.CHANNELS_LAST, n -> false));
    }

    /** One reordering on the way in; the last convolution stores planes by itself. */
    @Test
    void aNetworkIsReorderedAtItsBorders() {
        Value x = g.input("x", TensorType.f32(2, 3, 16, 24));
        Value one = g.relu(conv(x, 32, 3));
        Value half = g.relu(conv(g.apply(new MaxPool2d(2, 2, Window2d.of().stride(2), false), one), 48, 3));
        Value up = g.convTranspose2d(half, g.weight("up", Shape.of(48, 32, 2, 2)), null, Window2d.of().stride(2));
        Value both = g.apply(new MoveOp.Concat(1), one, up);
        g.output("logits", conv(g.relu(conv(both, 32, 3)), 2, 1));
        Graph made = assigned(n -> true);
        assertEquals(List.of("reorder", "conv2d last", "max_pool2d last", "conv2d last", "conv_transpose2d last", "conv2d last",
                "conv2d"), kinds(made));
        Node joined = made.nodes().stream().filter(n -> n.op() instanceof InLayout i && i.channels().size() == 2).findFirst()
                .orElseThrow();
        assertEquals(List.of(32, 32), ((InLayout) joined.op()).channels());
        assertEquals(Shape.of(2, 16, 24, 32), joined.input(0).type().shape());
        assertEquals(Shape.of(2, 2, 16, 24), made.outputs().get("logits").type().shape());
    }

    /** Channels are filled up; sums of images follow where nothing fills them up, and where somebody reads them so. */
    @Test
    void arithmeticFollows() {
        Value x = g.input("x", TensorType.f32(1, 20, 9, 9));
        Value a = conv(x, 16, 3);
        Value sum = g.binary(Arithmetic.MULTIPLY, a, conv(x, 16, 1));
        g.output("y", conv(sum, 20, 3));
        g.output("z", sum);
        Graph made = assigned(n -> true);
        assertEquals(List.of("reorder", "conv2d last", "conv2d last", "binary", "conv2d", "reorder"), kinds(made));
        Node in = made.nodes().stream().filter(n -> n.op() instanceof Reorder).findFirst().orElseThrow();
        assertEquals(new Reorder(ImageLayout.CHANNELS_FIRST, ImageLayout.CHANNELS_LAST, 20), in.op());
        assertEquals(Shape.of(1, 9, 9, 24), in.output().type().shape());
    }

    /** A convolution with few results isn't worth reordering for, nor is a concat made that nobody else reads. */
    @Test
    void fewResultsAndOtherReadersOfAConcat() {
        Value x = g.input("x", TensorType.f32(1, 8, 6, 6));
        g.output("few", conv(x, 4, 3));
        Value both = g.apply(new MoveOp.Concat(1), conv(x, 16, 1), conv(x, 24, 1));
        g.output("y", conv(both, 16, 1));
        g.output("both", both);
        Graph made = assigned(n -> true);
        assertEquals("conv2d", kinds(made).getFirst());
        assertTrue(kinds(made).contains("concat"), kinds(made).toString());
        Graph alone = assigned(n -> ((InLayout) n.op()).channels().size() == 1);
        assertEquals(Shape.of(1, 40, 6, 6), alone.outputs().get("both").type().shape());
    }

    /** Tokens are images that lie channel by channel: permuting them costs nothing, nor does a norm over their channels. */
    @Test
    void tokensAreImages() {
        Value tokens = g.input("x", TensorType.f32(1, 6, 10, 32));
        Value image = conv(g.apply(new MoveOp.Permute(List.of(0, 3, 1, 2)), tokens), 64, 1);
        Value norm = g.apply(new NormOp.LayerNorm(1, 1e-6), image, g.weight("nw", Shape.of(64)), g.weight("nb", Shape.of(64)));
        g.output("y", g.apply(new MoveOp.Permute(List.of(0, 2, 3, 1)), conv(norm, 48, 3)));
        assertEquals(List.of("conv2d last", "layer_norm", "conv2d last", "reshape"), kinds(assigned(n -> true)));
    }

    /** A residual that is loaded is laid out when it is. */
    @Test
    void weightsAreLaidOutOnce() {
        Value x = g.input("x", TensorType.f32(1, 8, 4, 6));
        Value sum = g.add(conv(x, 16, 1), g.weight("position", Shape.of(1, 16, 4, 6)));
        g.output("y", conv(sum, 16, 1));
        Graph made = assigned(n -> true);
        assertEquals(List.of("reorder", "conv2d last", "conv2d"), kinds(made));
        assertTrue(made.weights().stream().anyMatch(w -> w.shape().equals(Shape.of(1, 4, 6, 16))), made.toString());
    }

    /** What is loaded isn't filled up: an image of three channels that never changes stays as it is. */
    @Test
    void loadedImagesOfFewChannelsStay() {
        g.output("y", conv(conv(g.weight("image", Shape.of(1, 3, 4, 4)), 16, 1), 16, 1));
        assertEquals(List.of("conv2d", "reorder", "conv2d"), kinds(assigned(n -> true)));
    }
}
