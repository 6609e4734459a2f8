package dev.kerf.backend.gpu;

import dev.kerf.backend.gpu.kernel.Sizes;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.MoveOp;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Kernels for {@link MoveOp}s. A concat has one launch for each operand, in order. */
final class MoveRules {
    private static final int PADDED_AXES = 5;

    /** Most tensors that one launch picks from. */
    private static final int GATHERED = 3;

    private MoveRules() {}

    /** The launches of a node. */
    static List<KernelCall> lower(MoveOp op, Node node, Target target) {
        Value x = node.input(0);
        Value y = node.outputs().getFirst();
        Shape from = x.type().shape();
        Shape to = y.type().shape();
        return switch (op) {
            case MoveOp.Concat c -> concat(c, node, target);
            case MoveOp.Slice s -> {
                long[] strides = from.strides();
                long start = s.start() * strides[s.axis()];
                strides[s.axis()] *= s.step();
                yield List.of(copy(node, target, x, y, to.dims(), strides, to.strides(), start, 0, s.axis() > 0));
            }
            case MoveOp.Permute p -> {
                long[] dense = from.strides();
                long[] strides = p.order().stream().mapToLong(a -> dense[a]).toArray();
                boolean batch = !p.order().isEmpty() && p.order().getFirst() == 0;
                yield List.of(copy(node, target, x, y, to.dims(), strides, to.strides(), 0, 0, batch));
            }
            case MoveOp.Reshape r ->
                List.of(copy(node, target, x, y, to.dims(), to.strides(), to.strides(), 0, 0, false));
            case MoveOp.Expand e -> {
                boolean batch = from.rank() == to.rank() && from.rank() > 0 && from.dim(0) == to.dim(0);
                long[] strides = from.stridesTo(to);
                yield List.of(copy(node, target, x, y, to.dims(), strides, to.strides(), 0, 0, batch));
            }
            case MoveOp.Pad p -> List.of(pad(p, node, target));
            case MoveOp.Gather g -> gather(g, node, target);
        };
    }

    private static List<KernelCall> concat(MoveOp.Concat op, Node node, Target target) {
        List<KernelCall> calls = new ArrayList<>();
        long[] strides = node.output().type().shape().strides();
        long at = 0;
        for (Value part : node.inputs()) {
            Shape s = part.type().shape();
            calls.add(copy(node, target, part, node.output(), s.dims(), s.strides(), strides, 0,
                    at * strides[op.axis()], op.axis() > 0));
            at += s.dim(op.axis());
        }
        return calls;
    }

    /**
     * Elements moved from some strides to others.
     *
     * @param xStart elements added to x's place
     * @param yStart elements added to y's place
     * @param batch  whether axis 0 of {@code dims} is axis 0 of both, walked item by item
     */
    static KernelCall copy(Node node, Target target, Value x, Value y, long[] dims, long[] xStrides, long[] yStrides,
            long xStart, long yStart, boolean batch) {
        Walk walk = Walk.of(node, target, batch ? dims : unbatched(dims, 1), batch ? xStrides : unbatched(xStrides, 0),
                batch ? yStrides : unbatched(yStrides, 0));
        KernelCall call = target.call("copy", walk.sizes("x", "y").set("x_start", xStart).set("y_start", yStart))
                .attribute("TYPE", Target.bits(y.type().dtype()))
                .attribute("RANK", walk.rank());
        walk.bind(call, "x", x);
        walk.bind(call, "y", y);
        return batch ? call : call.dense("x").dense("y");
    }

    /** An axis of one item put before the others, so that items aren't walked by themselves. */
    private static long[] unbatched(long[] axes, long first) {
        long[] out = new long[axes.length + 1];
        out[0] = first;
        System.arraycopy(axes, 0, out, 1, axes.length);
        return out;
    }

    private static KernelCall pad(MoveOp.Pad op, Node node, Target target) {
        DType dtype = node.output().type().dtype();
        if (!dtype.floating() && dtype != DType.U8) {
            throw target.unsupported(node, "it pads float32 and U8");
        }
        Shape x = node.input(0).type().shape();
        Shape y = node.output().type().shape();
        boolean batch = y.rank() >= 2 && op.before().getFirst() == 0 && op.after().getFirst() == 0;
        int first = batch ? 1 : 0;
        // Axes without padding merge with the one before them: its elements just become longer rows.
        List<long[]> axes = new ArrayList<>();
        for (int i = first; i < y.rank(); i++) {
            long[] axis = {y.dim(i), x.dim(i), op.before().get(i), op.after().get(i)};
            boolean plain = axis[2] == 0 && axis[3] == 0;
            if (plain && !axes.isEmpty() && axes.getLast()[2] == 0 && axes.getLast()[3] == 0) {
                long[] merged = axes.removeLast();
                axis[0] *= merged[0];
                axis[1] *= merged[1];
            }
            axes.add(axis);
        }
        if (axes.isEmpty()) {
            axes.add(new long[] {1, 1, 0, 0});
        }
        if (axes.size() > PADDED_AXES) {
            throw target.unsupported(node, "more than " + PADDED_AXES + " axes that can't be merged");
        }
        Sizes sizes = Sizes.of().set("N", batch ? y.dim(0) : 1);
        long inner = 1;
        for (int i = 0; i < PADDED_AXES; i++) {
            long[] axis = i < axes.size() ? axes.get(i) : new long[] {1, 1, 0, 0};
            sizes.set("d" + (i + 1), axis[0]).set("e" + (i + 1), axis[1]).set("p" + (i + 1), axis[2]);
            inner = Math.multiplyExact(inner, axis[0]);
        }
        KernelCall call = target.call("pad", sizes.set("inner", inner))
                .attribute("TYPE", Target.stored(dtype))
                .attribute("RANK", axes.size() == 4 ? 5 : axes.size())
                .attribute("MODE", op.mode().code())
                .real("value", op.value())
                .tensor("x", node.input(0))
                .tensor("y", node.output());
        return batch ? call : call.dense("x").dense("y");
    }

    /** One launch for what can be moved as words of four bytes; where memory has types, and for all else, one for each tensor. */
    private static List<KernelCall> gather(MoveOp.Gather op, Node node, Target target) {
        List<Value> all = node.inputs().subList(0, op.tensors());
        if (op.tensors() > 1 && op.tensors() <= GATHERED && !target.facts().typedMemory()
                && all.stream().allMatch(x -> Target.bits(x.type().dtype()).equals("int")
                        && Objects.equals(rows(x), rows(all.getFirst())))) {
            return List.of(together(node, target, all));
        }
        List<KernelCall> calls = new ArrayList<>();
        for (int i = 0; i < op.tensors(); i++) {
            Value x = node.input(i);
            Shape s = x.type().shape();
            calls.add(picked(node, x, target.call("gather", picks(node).set("R", s.dim(0)).set("row", s.product(1, s.rank())))
                    .attribute("TYPE", Target.bits(x.type().dtype()))
                    .tensor("x", x)
                    .tensor("y", node.outputs().get(i))));
        }
        return calls;
    }

    private static KernelCall together(Node node, Target target, List<Value> all) {
        Sizes sizes = picks(node).set("tensors", all.size());
        long longest = 0;
        long words = 0;
        for (int i = 0; i < GATHERED; i++) {
            Shape s = all.get(Math.min(i, all.size() - 1)).type().shape();
            long row = s.product(1, s.rank());
            longest = Math.max(longest, row);
            words += i < all.size() ? row : 0;
            sizes.set("R" + i, s.dim(0)).set("row" + i, row);
        }
        KernelCall call = target.call("gather_each", sizes.set("longest", longest).set("words", words));
        for (int i = 0; i < GATHERED; i++) {
            if (i < all.size()) {
                call.tensor("x" + i, all.get(i)).tensor("y" + i, node.outputs().get(i));
            } else {
                call.absent("x" + i).absent("y" + i);
            }
        }
        return picked(node, all.getFirst(), call);
    }

    private static Sizes picks(Node node) {
        Value index = node.inputs().getLast();
        return Count.of(index).sizes().set("I", index.type().shape().elements());
    }

    /** Binds the indices, and how many rows of x there are to pick. */
    private static KernelCall picked(Node node, Value x, KernelCall call) {
        Value index = node.inputs().getLast();
        Value rows = rows(x);
        call.tensor("index", index).errors(node).attribute("HAS_ROWS", rows != null ? 1 : 0);
        return Count.of(index).bind(rows != null ? call.tensor("rows", rows) : call.absent("rows"));
    }

    private static @Nullable Value rows(Value x) {
        return x.count() != null && x.countAxis() == 0 ? x.count() : null;
    }
}
