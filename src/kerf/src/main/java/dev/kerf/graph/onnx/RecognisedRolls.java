package dev.kerf.graph.onnx;

import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MoveOp;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Windows that are shifted around the edges (Liu et al. 2021, Swin): exporters write a roll as two slices put together the other way
 * around, for each axis, before or after axes are exchanged for windows. All of that picks rows, the last axis being kept: one
 * Gather by known indices of where the rows came from first. What is picked so far is recorded at each step; steps in between that
 * nobody reads are dropped when the graph is compiled.
 */
final class RecognisedRolls {
    private static final long MOST = 1 << 20;
    /** Least elements of a row: fewer are better moved as they were. */
    private static final long LEAST = 4;

    private final GraphBuilder g;
    private final Map<Integer, Pick> picks = new HashMap<>();

    RecognisedRolls(GraphBuilder g) {
        this.g = g;
    }

    /**
     * Rows of a value.
     *
     * @param base  where they come from
     * @param shape of what is made of them, its last axis being the base's
     * @param rows  which row of the base each one is
     */
    private record Pick(Value base, Shape shape, int[] rows) {
        /** With the axes before the last taken in another way: row i is the one that an index of these strides leads to. */
        Pick walk(Shape to, long start, long[] strides) {
            int[] out = new int[rows.length];
            long[] steps = Shape.of(Arrays.copyOf(to.dims(), to.rank() - 1)).strides();
            for (int i = 0; i < out.length; i++) {
                long at = start;
                for (int a = 0; a < steps.length; a++) {
                    at += i / steps[a] % to.dim(a) * strides[a];
                }
                out[i] = rows[(int) at];
            }
            return new Pick(base, to, out);
        }

        long[] strides() {
            return Shape.of(Arrays.copyOf(shape.dims(), shape.rank() - 1)).strides();
        }
    }

    /** What is put together of two parts, if these are a roll of a value along an axis. */
    @Nullable
    Value concat(int axis, List<Value> parts) {
        Node first = parts.size() == 2 ? g.producer(parts.get(0)) : null;
        if (first == null || !(first.op() instanceof MoveOp.Slice a) || a.axis() != axis || a.step() != 1
                || !(g.producer(parts.get(1)).op() instanceof MoveOp.Slice b) || b.axis() != axis || b.step() != 1
                || !first.input(0).equals(g.producer(parts.get(1)).input(0))) {
            return null;
        }
        Value x = first.input(0);
        Shape s = x.type().shape();
        if (a.end() != s.dim(axis) || b.start() != 0 || b.end() != a.start() || axis == s.rank() - 1 || !fits(x)) {
            return null;
        }
        Pick p = pick(x);
        int[] out = new int[p.rows.length];
        long inner = p.strides()[axis];
        long extent = s.dim(axis);
        for (int i = 0; i < out.length; i++) {
            long at = i / inner % extent;
            out[i] = p.rows[(int) (i + ((at + a.start()) % extent - at) * inner)];
        }
        return made(new Pick(p.base, s, out));
    }

    /** What was rolled, with its axes in another order. */
    @Nullable
    Value permute(Value x, int[] order) {
        int last = order.length - 1;
        if (!rolled(x) || order[last] != last) {
            return null;
        }
        Pick p = pick(x);
        long[] strides = p.strides();
        Shape to = Shape.of(Arrays.stream(order).mapToLong(p.shape::dim).toArray());
        return made(p.walk(to, 0, Arrays.stream(order).limit(last).mapToLong(a -> strides[a]).toArray()));
    }

    private boolean fits(Value x) {
        Shape s = x.type().shape();
        long rows = s.rank() < 2 || s.dim(-1) < LEAST ? 0 : s.elements() / s.dim(-1);
        return rows > 0 && rows <= MOST && x.count() == null;
    }

    private boolean rolled(Value x) {
        Node n = g.producer(x);
        return picks.containsKey(x.id()) || keepsRows(n, x) && n.op() instanceof MoveOp.Reshape && rolled(n.input(0));
    }

    private boolean keepsRows(Node n, Value x) {
        Shape to = x.type().shape();
        return switch (n.op()) {
            case MoveOp.Reshape _ -> n.input(0).type().shape().rank() > 0 && n.input(0).type().shape().dim(-1) == to.dim(-1);
            case MoveOp.Permute p -> p.order().getLast() == to.rank() - 1;
            default -> false;
        } && fits(x) && fits(n.input(0));
    }

    private Pick pick(Value x) {
        Pick known = picks.get(x.id());
        if (known != null) {
            return known;
        }
        Node n = g.producer(x);
        Shape to = x.type().shape();
        if (!keepsRows(n, x)) {
            int[] all = new int[(int) (to.elements() / to.dim(-1))];
            Arrays.setAll(all, i -> i);
            return new Pick(x, to, all);
        }
        Pick before = pick(n.input(0));
        if (n.op() instanceof MoveOp.Permute p) {
            long[] strides = before.strides();
            return before.walk(to, 0, p.order().stream().limit(to.rank() - 1).mapToLong(a -> strides[a]).toArray());
        }
        return new Pick(before.base, to, before.rows);
    }

    private Value made(Pick p) {
        Value table = g.reshape(p.base, p.rows.length, p.shape.dim(-1));
        Value picked = g.apply(new MoveOp.Gather(), table, g.constant(HostTensor.of(Shape.of(p.rows.length), p.rows)));
        Value y = g.reshape(picked, p.shape.dims());
        picks.put(y.id(), p);
        return y;
    }
}
