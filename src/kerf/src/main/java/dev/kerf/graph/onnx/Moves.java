package dev.kerf.graph.onnx;

import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MoveOp;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Elements moved: at once where they are known, else by ops of the graph. */
final class Moves {
    private Moves() {}

    static Operand reshape(GraphBuilder g, Operand x, Shape to) {
        HostTensor known = x.known();
        if (x.shape().equals(to)) {
            return x;
        }
        if (x.onHost() && known != null) {
            return Operand.of(known.reshape(to));
        }
        Value v = x.value(g);
        int axis = v.countAxis();
        Value count = v.count();
        Shape from = v.type().shape();
        if (count != null && axis == 0 && to.rank() == from.rank() + 1 && to.dim(0) == 1 && to.dim(1) == from.dim(0)) {
            return Operand.of(counted(g, v, count, 1, to.dims()));
        }
        if (count != null && axis == 1 && from.dim(0) == 1 && to.rank() > 0 && to.dim(0) == from.dim(1)) {
            return Operand.of(counted(g, v, count, 0, to.dims()));
        }
        return Operand.of(g.apply(new MoveOp.Reshape(to), v), x.open());
    }

    /** What is reshaped to a value, at last. */
    static Value unshaped(GraphBuilder g, Value v) {
        return g.producer(v).op() instanceof MoveOp.Reshape ? unshaped(g, g.producer(v).input(0)) : v;
    }

    /** The same elements under other extents, of which an axis has the count of one item; those before it are 1. */
    static Value counted(GraphBuilder g, Value x, Value count, int axis, long... dims) {
        long[] ones = new long[axis];
        Arrays.fill(ones, 1);
        return g.counted(x, g.reshape(count, ones), dims);
    }

    static Operand permute(GraphBuilder g, Operand x, int... order) {
        if (Arrays.equals(order, IntStream.range(0, order.length).toArray())) {
            return x;
        }
        HostTensor known = x.known();
        if (x.onHost() && known != null) {
            long[] strides = known.shape().strides();
            return Operand.of(Host.walk(known, Shape.of(Arrays.stream(order).mapToLong(known.shape()::dim).toArray()), 0,
                    Arrays.stream(order).mapToLong(a -> strides[a]).toArray()));
        }
        return Operand.of(permute(g, x.value(g), order));
    }

    static Value permute(GraphBuilder g, Value x, int... order) {
        return Arrays.equals(order, IntStream.range(0, order.length).toArray())
                ? x
                : g.apply(new MoveOp.Permute(Arrays.stream(order).boxed().toList()), x);
    }

    static Operand expand(GraphBuilder g, Operand x, Shape to) {
        HostTensor known = x.known();
        if (x.shape().equals(to)) {
            return x;
        }
        return x.onHost() && known != null
                ? Operand.of(Host.walk(known, to, 0, known.shape().stridesTo(to)))
                : Operand.of(g.apply(new MoveOp.Expand(to), x.value(g)));
    }

    /** {@code count} elements of an axis from {@code start}, {@code step} apart, which may be negative. */
    static Operand slice(GraphBuilder g, Operand x, int axis, long start, long count, long step) {
        if (start == 0 && step == 1 && count == x.shape().dim(axis)) {
            return x;
        }
        HostTensor known = x.known();
        if (x.onHost() && known != null) {
            long[] strides = known.shape().strides();
            long first = count == 0 ? 0 : start * strides[axis];
            strides[axis] *= step;
            return Operand.of(Host.walk(known, known.shape().with(axis, count), first, strides));
        }
        Value v = x.value(g);
        if (step < 0 || x.open() != null) {
            long[] indices = new long[Math.toIntExact(count)];
            Arrays.setAll(indices, i -> start + i * step);
            return take(g, x, axis, indices);
        }
        long end = count == 0 ? start : start + (count - 1) * step + 1;
        return Operand.of(counted(g, g.apply(new MoveOp.Slice(axis, start, end, step), v), axis, v));
    }

    static Operand concat(GraphBuilder g, int axis, List<Operand> parts) {
        if (parts.size() == 1) {
            return parts.getFirst();
        }
        List<HostTensor> known = new ArrayList<>();
        for (Operand p : parts) {
            HostTensor k = p.known();
            if (p.onHost() && k != null) {
                known.add(k);
            }
        }
        if (known.size() == parts.size()) {
            return Operand.of(Host.concat(axis, known));
        }
        Operand.Open open = open(parts);
        if (open != null) {
            return open.operand(g);
        }
        Value[] values = parts.stream().map(p -> p.value(g)).toArray(Value[]::new);
        return Operand.of(counted(g, g.apply(new MoveOp.Concat(axis), values), axis, values));
    }

    /** Extents put together, of which just one is a count. */
    static Operand.@Nullable Open open(List<Operand> parts) {
        List<Long> all = new ArrayList<>();
        int at = -1;
        Value count = null;
        for (Operand p : parts) {
            Operand.Open o = p.open();
            HostTensor k = p.known();
            if (p.shape().rank() != 1 || o == null && k == null || o != null && count != null) {
                return null;
            }
            if (o != null) {
                at = all.size() + o.at();
                count = o.count();
                all.addAll(o.extents());
            } else {
                Arrays.stream(Host.longs(k)).forEach(all::add);
            }
        }
        return count == null ? null : new Operand.Open(all, at, count);
    }

    /** What is moved along an axis after the counted one has the count of what it is made of, if all have one. */
    private static Value counted(GraphBuilder g, Value y, int axis, Value... from) {
        Value count = from[0].count();
        boolean all = count != null && axis > from[0].countAxis()
                && Arrays.stream(from).allMatch(v -> v.count() != null && v.count().equals(count));
        return all ? g.counted(y, count, y.type().shape().dims()) : y;
    }

    /** Elements of an axis by known indices: a slice where they are evenly spaced. */
    static Operand take(GraphBuilder g, Operand x, int axis, long[] indices) {
        HostTensor known = x.known();
        if (x.onHost() && known != null) {
            return Operand.of(Host.take(known, axis, indices));
        }
        if (x.open() != null && x.shape().rank() == 1) {
            return x.open().take(indices, g);
        }
        return Operand.of(take(g, x.value(g), axis, indices));
    }

    /** Elements of an axis by known indices: a slice where they are evenly spaced. */
    static Value take(GraphBuilder g, Value x, int axis, long[] indices) {
        long step = indices.length > 1 ? indices[1] - indices[0] : 1;
        boolean even = step > 0 && IntStream.range(1, indices.length).allMatch(i -> indices[i] - indices[i - 1] == step);
        if (indices.length > 0 && even) {
            return g.apply(new MoveOp.Slice(axis, indices[0], indices[indices.length - 1] + 1, step), x);
        }
        int[] rows = Arrays.stream(indices).mapToInt(Math::toIntExact).toArray();
        return gather(g, x, axis, g.constant(HostTensor.of(Shape.of(rows.length), rows)));
    }

    /** Elements of an axis by indices (I) that a run finds, int32 and from 0: the axis becomes those of the indices. */
    static Value gather(GraphBuilder g, Value x, int axis, Value indices) {
        int rank = x.type().shape().rank();
        int[] front = IntStream.concat(IntStream.of(axis), IntStream.range(0, rank).filter(a -> a != axis)).toArray();
        Value picked = g.apply(new MoveOp.Gather(), permute(g, x, front), indices);
        int more = indices.type().shape().rank();
        // (I…, before…, after…) to (before…, I…, after…)
        int[] order = IntStream.concat(IntStream.range(more, more + axis),
                IntStream.concat(IntStream.range(0, more), IntStream.range(more + axis, more + rank - 1))).toArray();
        return permute(g, picked, order);
    }
}
