package dev.kerf.backend.gpu;

import dev.kerf.backend.gpu.kernel.Sizes;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.ReduceOp;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/** Kernels for {@link ReduceOp}s. */
final class ReduceRules {
    private static final int AXES = 3;

    private ReduceRules() {}

    /** The launches of a node. */
    static List<KernelCall> lower(ReduceOp op, Node node, Target target) {
        return List.of(switch (op) {
            case ReduceOp.Reduce r -> reduce(r, node, target);
            case ReduceOp.ArgMax a -> argMax(a, node, target);
        });
    }

    private static KernelCall reduce(ReduceOp.Reduce op, Node node, Target target) {
        Value x = node.input(0);
        Shape s = x.type().shape();
        long[] strides = s.strides();
        List<long[]> kept = new ArrayList<>(); // extent, stride
        List<long[]> reduced = new ArrayList<>();
        for (int i = 0; i < s.rank(); i++) {
            List<long[]> axes = op.axes().contains(i) ? reduced : kept;
            long[] last = axes.isEmpty() ? null : axes.getLast();
            if (last != null && last[1] == s.dim(i) * strides[i]) {
                axes.set(axes.size() - 1, new long[] {last[0] * s.dim(i), strides[i]});
            } else {
                axes.add(new long[] {s.dim(i), strides[i]});
            }
        }
        if (kept.size() > AXES || reduced.size() > AXES) {
            throw target.unsupported(node, "more than " + AXES + " kept or reduced axes that can't be merged");
        }
        boolean counted = x.count() != null && op.axes().contains(x.countAxis());
        Count count = counted ? Count.of(x) : Count.none();
        Sizes sizes = count.sizes();
        set(sizes, "k", kept);
        set(sizes, "r", reduced);
        sizes.set("outer", node.output().type().shape().elements())
                .set("inner", op.axes().stream().mapToLong(s::dim).reduce(1, Math::multiplyExact))
                .set("counted", counted ? 1 : 0);
        return count.bind(target.call("reduce", sizes)
                .attribute("REDUCTION", op.reduction().code())
                .tensor("x", x)
                .tensor("y", node.output()));
    }

    /** Extents and strides of at most three axes, the last one last; extents are at least 1, for they divide. */
    private static void set(Sizes sizes, String name, List<long[]> axes) {
        for (int i = 1; i <= AXES; i++) {
            int at = axes.size() - AXES + i - 1;
            sizes.set(name + i, at >= 0 ? Math.max(1, axes.get(at)[0]) : 1)
                    .set(name + "s" + i, at >= 0 ? axes.get(at)[1] : 0);
        }
    }

    private static KernelCall argMax(ReduceOp.ArgMax op, Node node, Target target) {
        Value x = node.input(0);
        Shape s = x.type().shape();
        boolean batch = op.axis() > 0;
        KernelCall call = target.call("arg_max", Sizes.of()
                .set("N", batch ? s.dim(0) : 1)
                .set("outer", batch ? s.product(1, op.axis()) : 1)
                .set("n", s.dim(op.axis()))
                .set("inner", s.product(op.axis() + 1, s.rank())))
                .attribute("Y_T", Target.stored(op.dtype()))
                .tensor("x", x)
                .tensor("y", node.output());
        Count count = x.countAxis() == op.axis() ? Count.of(x) : Count.none();
        return batch ? count.bind(call) : count.bind(call).dense("x");
    }
}
