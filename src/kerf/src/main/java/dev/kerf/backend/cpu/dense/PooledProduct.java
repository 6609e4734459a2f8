package dev.kerf.backend.cpu.dense;

import dev.kerf.backend.cpu.kernel.Compound;
import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.backend.cpu.kernel.Site;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.MatrixOp.MatMul;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.ReduceOp;
import dev.kerf.tensor.Shape;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A product of the pixels of a map with a weight, and the largest of each small window of what it makes, as Hiera pools its queries:
 * rows are multiplied window by window, so that the largest are found before anything is stored.
 *
 * @param product the product of pixels (…, H, W, C)
 * @param view    its result as (H / h, h, W / w, w, C)
 * @param largest the maximum over h and w
 */
public record PooledProduct(Node product, Node view, Node largest) implements Compound {
    /** Pixels of a window: rows are multiplied by as many or a multiple. */
    static final int WINDOW = Tiles.ROW_STEP;

    /** The pooled product whose last node a reduction is; null if there is none. */
    public static @Nullable PooledProduct of(Node largest, Graph graph, Predicate<Value> free) {
        if (!(largest.op() instanceof ReduceOp.Reduce r) || r.reduction() != ReduceOp.Reduction.MAX
                || !r.axes().equals(List.of(1, 3)) || !Compound.only(largest.input(0), largest, graph, free)) {
            return null;
        }
        Node view = graph.producer(largest.input(0));
        if (!(view.op() instanceof MoveOp.Reshape) || largest.input(0).type().shape().rank() != 5
                || !Compound.only(view.input(0), view, graph, free)) {
            return null;
        }
        Node product = graph.producer(view.input(0));
        Shape pooled = largest.input(0).type().shape();
        boolean plain = Mlp.product(product, graph) && product.op() instanceof MatMul m && !m.residual() && m.bias()
                && m.activation() == Activation.NONE;
        return plain && pooled.dim(-1) == product.output().type().shape().dim(-1)
                && pooled.dim(1) * pooled.dim(3) == WINDOW && pooled.elements() > 0
                        ? new PooledProduct(product, view, largest)
                        : null;
    }

    @Override
    public List<Node> before() {
        return List.of(product, view);
    }

    @Override
    public long scratchFloats(int workers) {
        return MatMulKernel.scratchFloats((MatMul) product.op(), product, workers);
    }

    @Override
    public String algorithm() {
        return "pooled";
    }

    @Override
    public Kernel build(Function<Node, Site> sites) {
        Site site = sites.apply(largest);
        return new MatMulKernel((MatMul) product.op(), sites.apply(product), site.result(0), site.scratch(), this, null);
    }

    /** The pixel that is multiplied in some place of the order window by window. */
    int pixel(int place) {
        Shape s = largest.input(0).type().shape();
        int high = s.size(1);
        int wide = s.size(3);
        int across = s.size(2);
        int window = place / WINDOW;
        int row = window / across * high + place % WINDOW / wide;
        return row * across * wide + window % across * wide + place % WINDOW % wide;
    }
}
