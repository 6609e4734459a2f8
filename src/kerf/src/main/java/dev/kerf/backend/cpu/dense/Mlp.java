package dev.kerf.backend.cpu.dense;

import dev.kerf.backend.cpu.kernel.Compound;
import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.backend.cpu.kernel.Site;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.MatrixOp.MatMul;
import dev.kerf.graph.NormOp.LayerNorm;
import dev.kerf.graph.SourceOp;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A transformer's multilayer perceptron: a product of rows with a weight, an activation, a second product, and before them
 * a layer norm if there is one. Its inner values are several times what goes in and comes out; done some rows at a time, they
 * never leave the cache.
 *
 * @param norm   what normalises the first product's rows, and nothing else reads
 * @param first  the first product
 * @param second the second
 */
public record Mlp(@Nullable Node norm, Node first, Node second) implements Compound {
    /** Fewer inner numbers than this stay in the last-level cache anyway. */
    private static final long MIN_INNER = 1 << 20;
    /** Rows for each thread that are worth it: the weights come in for all of a block. */
    private static final int MIN_ROWS = 128;

    /**
     * The perceptron whose last product a node is; null if there is none, or none that is worth it.
     *
     * @param free whether a value may be left out of memory
     */
    public static @Nullable Mlp of(Node second, Graph graph, Predicate<Value> free, int workers) {
        if (!product(second, graph) || padded(second)) {
            return null;
        }
        Value inner = second.input(0);
        Node first = graph.producer(inner);
        if (!product(first, graph) || padded(first) || first.op() instanceof MatMul m && m.residual()
                || !Compound.only(inner, second, graph, free)) {
            return null;
        }
        Value x = first.input(0);
        Node before = graph.producer(x);
        boolean normed = before.op() instanceof LayerNorm n && n.axis() == x.type().shape().rank() - 1
                && Compound.only(x, first, graph, free);
        Mlp mlp = new Mlp(normed ? before : null, first, second);
        return mlp.plan(workers).fits() && inner.type().shape().elements() >= MIN_INNER
                && mlp.rows() >= (long) MIN_ROWS * workers ? mlp : null;
    }

    /** Whether it is a product of rows, however many axes they have, with one weight. */
    static boolean product(Node n, Graph graph) {
        return n.op() instanceof MatMul m && !m.transposeA() && m.alpha() == 1 && n.output().count() == null
                && n.input(0).count() == null && n.input(1).type().dtype() == DType.F32
                && n.input(1).type().shape().rank() == 2
                && (graph.producer(n.input(1)).op() instanceof SourceOp.Weight
                        || graph.producer(n.input(1)).op() instanceof SourceOp.Constant);
    }

    /** Whether it has zeros around its rows: its result has more. */
    private static boolean padded(Node product) {
        Shape x = product.input(0).type().shape();
        Shape y = product.output().type().shape();
        return x.product(0, x.rank() - 1) != y.product(0, y.rank() - 1);
    }

    @Override
    public List<Node> before() {
        List<Node> list = new ArrayList<>();
        if (norm != null) {
            list.add(norm);
        }
        list.add(first);
        return list;
    }

    @Override
    public long scratchFloats(int workers) {
        return (long) workers * plan(workers).floats();
    }

    @Override
    public String algorithm() {
        return "perceptron";
    }

    @Override
    public Kernel build(Function<Node, Site> sites) {
        return new MlpKernel(this, sites);
    }

    MlpPlan plan(int workers) {
        return MlpPlan.of(Math.toIntExact(rows()), first.input(0).type().shape().size(-1),
                second.input(0).type().shape().size(-1), second.output().type().shape().size(-1), norm != null, workers);
    }

    private long rows() {
        return second.output().type().shape().elements() / Math.max(1, second.output().type().shape().dim(-1));
    }
}
