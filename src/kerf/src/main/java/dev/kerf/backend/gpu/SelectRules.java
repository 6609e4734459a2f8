package dev.kerf.backend.gpu;

import dev.kerf.backend.gpu.kernel.Sizes;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.SelectOp;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/** Kernels for {@link SelectOp}s. */
final class SelectRules {
    /** Digits of a key. */
    private static final int PASSES = 3;

    private SelectRules() {}

    /** The launches of a node. */
    static List<KernelCall> lower(SelectOp op, Node node, Target target) {
        return switch (op) {
            case SelectOp.Compact c -> {
                KernelCall call = target.call("compact", Sizes.of()
                        .set("R", node.input(0).type().shape().dim(0))
                        .set("capacity", c.capacity()))
                        .real("threshold", c.threshold())
                        .tensor("scores", node.input(0))
                        .tensor("indices", node.outputs().get(0))
                        .tensor("found", node.outputs().get(1))
                        .errors(node);
                yield List.of(Count.of(node.input(0)).bind(call));
            }
            case SelectOp.TopK k -> {
                List<Integer> parts = k.lengths(node.input(0).type().shape().size(1));
                yield ranked(node, target, parts, k.k(), true, 0);
            }
            case SelectOp.Rank r -> {
                Shape x = node.input(0).type().shape();
                yield ranked(node, target, List.of(Math.toIntExact(x.product(1, x.rank()))), r.capacity(), false,
                        r.threshold());
            }
        };
    }

    /**
     * Elements are picked in order of index, their keys kept in scratch memory, and then sorted. Where many groups pick, they
     * go by how many elements of each group's part have which digits.
     */
    private static List<KernelCall> ranked(Node node, Target target, List<Integer> parts, int capacity, boolean best,
            float threshold) {
        Shape x = node.input(0).type().shape();
        long item = x.product(1, x.rank());
        long results = node.outputs().get(best ? 1 : 0).type().shape().dim(1);
        Sizes sizes = Sizes.of().set("B", x.dim(0)).set("N", item).set("row", item / Math.max(1, x.dim(1)))
                .set("capacity", capacity).set("P", parts.size()).set("K", results)
                .set("longest", parts.stream().mapToInt(n -> n).max().orElseThrow());
        HostTensor spans = spans(parts, capacity);
        long bytes = Math.ceilDiv(x.dim(0) * results * 4, 256L) * 256;
        KernelCall pick = target.call("pick", sizes)
                .table("spans", spans)
                .attribute("SELECT", best ? 1 : 0)
                .real("threshold", threshold)
                .tensor("scores", node.input(0))
                .scratch("picked", 0, bytes)
                .scratch("keys", bytes, bytes)
                .errors(node);
        KernelCall order = target.call("order", sizes)
                .table("spans", spans)
                .attribute("HAS_VALUES", best ? 1 : 0)
                .scratch("picked", 0, bytes)
                .scratch("keys", bytes, bytes)
                .tensor("scores", node.input(0));
        List<KernelCall> calls = new ArrayList<>();
        Count count = best ? Count.none() : Count.of(node.input(0));
        if (pick.kernel().index("bins") >= 0) {
            count(node, target, sizes, pick, best ? PASSES : 1, 3 * bytes, threshold).forEach(c -> calls.add(count.bind(c
                    .table("spans", spans).attribute("SELECT", best ? 1 : 0))));
        }
        calls.add(count.bind(pick));
        calls.add(order);
        if (best) {
            pick.scratch("found", 2 * bytes, x.dim(0) * parts.size() * 4);
            order.scratch("found", 2 * bytes, x.dim(0) * parts.size() * 4)
                    .tensor("values", node.outputs().get(0))
                    .tensor("indices", node.outputs().get(1));
            return calls;
        }
        pick.tensor("found", node.outputs().get(1));
        order.tensor("found", node.outputs().get(1))
                .absent("values")
                .tensor("indices", node.outputs().get(0));
        return calls;
    }

    /** (P, 3): of each part its first element, its length, and the first of its results. */
    private static HostTensor spans(List<Integer> parts, int capacity) {
        int[] spans = new int[3 * parts.size()];
        int first = 0;
        int to = 0;
        for (int i = 0; i < parts.size(); i++) {
            spans[3 * i] = first;
            spans[3 * i + 1] = parts.get(i);
            spans[3 * i + 2] = to;
            first += parts.get(i);
            to += Math.min(capacity, parts.get(i));
        }
        return HostTensor.of(Shape.of(parts.size(), 3), spans);
    }

    /** A launch for each digit; the counts of the last one are what {@code pick} goes by. */
    private static List<KernelCall> count(Node node, Target target, Sizes sizes, KernelCall pick, int passes, long from,
            float threshold) {
        long blocks = pick.groups(0);
        long bytes = Math.ceilDiv(sizes.map().get("B") * sizes.map().get("P") * blocks * (pick.parameter("BINS") + 2) * 4, 256L)
                * 256;
        List<KernelCall> calls = new ArrayList<>();
        for (int pass = 0; pass < passes; pass++) {
            KernelCall digits = target.call("digits", sizes)
                    .number("blocks", blocks)
                    .number("pass", pass)
                    .real("threshold", threshold)
                    .tensor("scores", node.input(0))
                    .scratch("bins", from + pass * bytes, bytes);
            calls.add(pass == 0 ? digits.absent("before") : digits.scratch("before", from + (pass - 1) * bytes, bytes));
        }
        pick.number("blocks", blocks).scratch("bins", from + (passes - 1) * bytes, bytes);
        return calls;
    }
}
