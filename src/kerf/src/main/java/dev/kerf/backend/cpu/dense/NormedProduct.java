package dev.kerf.backend.cpu.dense;

import dev.kerf.backend.cpu.kernel.Compound;
import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.backend.cpu.kernel.Site;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.MatrixOp.MatMul;
import dev.kerf.graph.NormOp.LayerNorm;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A layer norm of rows and a product of them with a weight, as before a transformer's attention: rows are normalised as they are
 * packed, so that nothing has to be written and read again.
 *
 * @param norm    the norm
 * @param product what alone reads its rows
 */
public record NormedProduct(Node norm, Node product) implements Compound {
    /** The compound whose product a node is; null if there is none, or one that would normalise rows again for other columns. */
    public static @Nullable NormedProduct of(Node product, Graph graph, Predicate<Value> free, int workers) {
        if (!Mlp.product(product, graph)) {
            return null;
        }
        Value x = product.input(0);
        Node norm = graph.producer(x);
        if (!(norm.op() instanceof LayerNorm n) || n.axis() != x.type().shape().rank() - 1
                || !Compound.only(x, product, graph, free)) {
            return null;
        }
        MatMulPlan plan = MatMulPlan.of((MatMul) product.op(), product, workers);
        return plan.rows() > 1 && plan.blockN() >= plan.cols() && plan.blockK() >= plan.depth()
                ? new NormedProduct(norm, product)
                : null;
    }

    @Override
    public List<Node> before() {
        return List.of(norm);
    }

    @Override
    public long scratchFloats(int workers) {
        MatMulPlan plan = MatMulPlan.of((MatMul) product.op(), product, workers);
        return (long) workers * (plan.floats() + ProductRows.normalFloats(plan));
    }

    @Override
    public String algorithm() {
        return "normed";
    }

    @Override
    public Kernel build(Function<Node, Site> sites) {
        Site site = sites.apply(product);
        return new MatMulKernel((MatMul) product.op(), site, site.result(0), site.scratch(), null, sites.apply(norm).rows());
    }
}
