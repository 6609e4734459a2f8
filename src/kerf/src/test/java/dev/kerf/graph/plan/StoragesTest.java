package dev.kerf.graph.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MatrixOp.MatMul;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.NormOp.LayerNorm;
import dev.kerf.graph.PointwiseOp;
import dev.kerf.graph.PointwiseOp.Function;
import dev.kerf.graph.SelectOp;
import dev.kerf.graph.SpatialOp.Conv2d;
import dev.kerf.graph.SpatialOp.MaxPool2d;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.Shape;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Which values of a graph have 16 bits, and where they are converted. */
class StoragesTest {
    private final GraphBuilder g = new GraphBuilder();

    private Graph stored(boolean wide, String... stages) {
        Graph fused = Fusion.fuse(g.build(), Set.of(stages));
        return Storages.of(fused, DType.BF16, false, fused.kept(Set.of(stages)).values(), new Storages.Kernels() {
            @Override
            public boolean widens(Node n) {
                return wide;
            }

            @Override
            public boolean narrows(Node n) {
                return wide;
            }
        });
    }

    private static List<Node> all(Graph graph, Class<?> op) {
        return graph.nodes().stream().filter(n -> op.isInstance(n.op())).toList();
    }

    private static DType in(Node n, int i) {
        return n.input(i).type().dtype();
    }

    private static DType out(Node n) {
        return n.output().type().dtype();
    }

    private Value conv(Value x, String name, long o) {
        return g.conv2d(x, g.weight(name, Shape.of(o, x.type().shape().dim(1), 1, 1)), null, Window2d.of());
    }

    private Value norm(Value x, String name) {
        Shape c = Shape.of(x.type().shape().dim(-1));
        return g.layerNorm(x, g.weight(name + ".weight", c), g.weight(name + ".bias", c), x.type().shape().rank() - 1, 1e-6);
    }

    private Value linear(Value x, String name, long n) {
        return g.linear(x, g.weight(name + ".weight", Shape.of(n, x.type().shape().dim(-1))),
                g.weight(name + ".bias", Shape.of(n)));
    }

    /** A U-Net's way: short from the first product to before the last one, whose logits are exact. */
    @Test
    void productsTakeTurnsWithoutConversions() {
        Value x = g.input("x", TensorType.f32(1, 3, 8, 8));
        Value y = g.relu(conv(x, "a", 4));
        Value small = g.relu(conv(g.maxPool2d(y, 2), "b", 4));
        Value up = g.bilinear(small, 8, 8, dev.kerf.graph.SpatialOp.Sampling.HALF_PIXEL);
        Value joined = g.relu(conv(g.concat(1, y, up), "c", 4));
        g.output("logits", conv(joined, "d", 2));
        Graph s = stored(false);
        assertEquals(2, Storages.casts(s), "of the image, and of what the logits are made of");
        List<Node> convs = all(s, Conv2d.class);
        convs.subList(0, 3).forEach(n -> assertEquals(List.of(DType.BF16, DType.BF16), List.of(in(n, 0), out(n))));
        assertEquals(List.of(DType.F32, DType.F32), List.of(in(convs.get(3), 0), out(convs.get(3))));
        assertEquals(DType.BF16, out(all(s, MaxPool2d.class).getFirst()));
        assertEquals(DType.BF16, out(all(s, MoveOp.Concat.class).getFirst()));
        assertEquals(DType.F32, in(convs.getFirst(), 1), "weights are packed as they are read");

        Graph wide = stored(true);
        assertEquals(1, Storages.casts(wide));
        Node last = all(wide, Conv2d.class).getLast();
        assertEquals(List.of(DType.BF16, DType.F32), List.of(in(last, 0), out(last)));
    }

    /** A transformer's way: what branches are added to is float32, and so is what norms read of it. */
    @Test
    void theStreamIsFloat32() {
        Value x = g.input("x", TensorType.f32(20, 8));
        Value y = g.add(x, linear(norm(x, "norm1"), "proj", 8));
        Value hidden = g.unary(Function.GELU_ERF, linear(norm(y, "norm2"), "up", 16));
        g.output("y", g.add(y, linear(hidden, "down", 8)));
        for (boolean wide : new boolean[] {true, false}) {
            Graph s = stored(wide);
            assertEquals(wide ? 0 : 2, Storages.casts(s), "where kernels neither narrow what they read nor add to float32");
            List<Node> norms = all(s, LayerNorm.class);
            List<Node> products = all(s, MatMul.class);
            norms.forEach(n -> assertEquals(DType.F32, in(n, 0)));
            assertEquals(wide ? DType.BF16 : DType.F32, out(norms.getLast()));
            assertEquals(List.of(DType.BF16, DType.BF16), List.of(in(products.get(1), 0), out(products.get(1))),
                    "between two products");
            for (Node sum : List.of(products.getFirst(), products.getLast())) {
                assertEquals(wide ? DType.BF16 : DType.F32, in(sum, 0));
                assertEquals(DType.F32, out(sum));
                assertTrue(((MatMul) sum.op()).residual());
            }
            assertEquals(DType.F32, s.outputs().get("y").type().dtype());
            assertEquals("y", s.outputs().keySet().iterator().next());
        }
    }

    /** What decides (scores that are picked from) is made in float32, though boxes that come of it are pooled for products. */
    @Test
    void scoresAreFloat32() {
        Value x = conv(g.input("x", TensorType.f32(1, 4, 8, 8)), "a", 4);
        Value scores = g.reshape(conv(x, "b", 1), 1, 64);
        g.output("best", g.add(new SelectOp.TopK(3, List.of()), scores).getFirst());
        g.output("y", conv(conv(x, "c", 4), "d", 4));
        Graph s = stored(false);
        Node b = all(s, Conv2d.class).stream().filter(n -> n.output().type().shape().dim(1) == 1).findFirst().orElseThrow();
        assertEquals(List.of(DType.F32, DType.F32), List.of(in(b, 0), out(b)));
        assertEquals(DType.F32, in(all(s, SelectOp.TopK.class).getFirst(), 0));
    }

    /** A moved value is made short once, before it is moved, and only if products alone read it. */
    @Test
    void movesForProductsAreShort() {
        Value x = g.input("x", TensorType.f32(4, 6, 8));
        Value moved = g.permute(x, 1, 0, 2);
        g.output("y", linear(linear(moved, "a", 8), "b", 8));
        g.output("z", linear(linear(moved, "c", 8), "d", 8));
        Graph s = stored(true);
        assertEquals(1, Storages.casts(s));
        assertEquals(DType.BF16, in(all(s, MoveOp.Permute.class).getFirst(), 0));
        g.output("moved", moved);
        Graph kept = stored(true);
        assertEquals(DType.F32, kept.outputs().get("moved").type().dtype());
        assertEquals(2, Storages.casts(kept), "the caller reads float32");
    }

    /** Counts, indices and what reads them go through as they were; results that callers read are float32 of the same id. */
    @Test
    void stagesKeepTheirValues() {
        Value x = g.input("x", TensorType.f32(1, 4, 8, 8));
        Value inside = g.stage("inside", g.relu(conv(x, "a", 4)));
        g.output("y", conv(inside, "b", 4));
        Graph s = stored(true, "inside");
        assertEquals(inside, s.stages().get("inside"));
        assertEquals(DType.F32, s.producer(inside).output().type().dtype());
        assertTrue(s.producer(inside).op() instanceof PointwiseOp.Cast);
        assertEquals(DType.BF16, in(all(s, Conv2d.class).get(1), 0));
        assertFalse(s.nodes().stream().map(Node::id).distinct().count() < s.nodes().size(), "an id for each node");
    }

    /** Products that fill no tile of tensor cores, and those that make angles, are float32; what they read isn't made short. */
    @Test
    void fewRowsAndAnglesAreFloat32() {
        Value tokens = g.input("tokens", TensorType.f32(7, 8));
        g.output("few", linear(g.relu(linear(tokens, "a", 8)), "b", 8));
        Value places = g.input("places", TensorType.f32(40, 2));
        Value angles = g.multiply(linear(places, "c", 8), g.constant(6.28f));
        Value waves = g.concat(1, g.unary(Function.SIN, angles), g.unary(Function.COS, angles));
        g.output("many", linear(linear(waves, "d", 8), "e", 8));
        Graph s = stored(true);
        List<DType> read = all(s, MatMul.class).stream().map(n -> in(n, 0)).toList();
        assertEquals(List.of(DType.F32, DType.F32, DType.F32, DType.BF16, DType.BF16), read);
        assertEquals(1, Storages.casts(s), "of the waves");
    }

    /** Norms and activations between products stay short; those of float32 values don't. */
    @Test
    void normsBetweenProductsStayShort() {
        Value x = g.input("x", TensorType.f32(1, 4, 8, 8));
        Value y = conv(x, "a", 4);
        Shape c = Shape.of(4);
        Value normed = g.layerNorm(y, g.weight("n.weight", c), g.weight("n.bias", c), 1, 1e-6);
        g.output("y", conv(conv(g.unary(Function.GELU_ERF, normed), "b", 4), "c", 4));
        Graph s = stored(true);
        assertEquals(1, Storages.casts(s), "of the image");
        assertEquals(DType.BF16, in(all(s, LayerNorm.class).getFirst(), 0));
        assertEquals(DType.F32, in(all(s, LayerNorm.class).getFirst(), 1));
    }
}
