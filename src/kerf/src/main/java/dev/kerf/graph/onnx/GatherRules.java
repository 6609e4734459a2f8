package dev.kerf.graph.onnx;

import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.PointwiseOp.Compare;
import dev.kerf.graph.PointwiseOp.Relation;
import dev.kerf.graph.PointwiseOp.Where;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.Arrays;
import java.util.Map;

/** Elements picked by indices, from the end where they are negative. */
final class GatherRules {
    private GatherRules() {}

    static Map<String, Rule> rules() {
        return Map.of("Gather", GatherRules::gather, "GatherElements", GatherRules::elements, "GatherND", GatherRules::tuples);
    }

    /** Known indices as numbers from 0. */
    static long[] positive(Imported n, HostTensor indices, long extent) {
        long[] out = Host.longs(indices);
        for (int i = 0; i < out.length; i++) {
            out[i] += out[i] < 0 ? extent : 0;
            if (out[i] < 0 || out[i] >= extent) {
                throw n.bad("picks element " + indices.getLong(i) + " of " + extent);
            }
        }
        return out;
    }

    /** Indices that a run finds as numbers from 0. */
    static Value positive(Imported n, Operand indices, long extent) {
        HostTensor known = indices.known();
        if (known != null) {
            int[] rows = Arrays.stream(positive(n, known, extent)).mapToInt(Math::toIntExact).toArray();
            return n.g.constant(HostTensor.of(known.shape(), rows));
        }
        Value v = indices.as(DType.I32, n.g);
        Value below = n.add(new Compare(Relation.LESS), v, whole(n, 0));
        return n.add(new Where(), below, n.g.add(v, whole(n, extent)), v);
    }

    static Value whole(Imported n, long value) {
        return n.g.constant(HostTensor.of(Shape.of(), new int[] {Math.toIntExact(value)}));
    }

    private static void gather(Imported n) {
        Shape x = n.shape(0);
        int axis = n.axis(n.integer("axis", 0), x.rank());
        HostTensor known = n.in(1).known();
        Shape indices = n.shape(1);
        if (known != null) {
            HostTensor source = n.in(0).known();
            long[] rows = positive(n, known, x.dim(axis));
            Operand picked = source != null && n.fixed() && rows.length * x.elements() / x.dim(axis) <= 1 << 22
                    ? Operand.of(Host.take(source, axis, rows))
                    : Moves.take(n.g, n.in(0), axis, rows);
            long[] dims = new long[x.rank() - 1 + indices.rank()];
            System.arraycopy(x.dims(), 0, dims, 0, axis);
            System.arraycopy(indices.dims(), 0, dims, axis, indices.rank());
            System.arraycopy(x.dims(), axis + 1, dims, axis + indices.rank(), x.rank() - axis - 1);
            n.out(Moves.reshape(n.g, picked, Shape.of(dims)));
        } else {
            n.out(Moves.gather(n.g, n.in(0).value(n.g), axis, positive(n, n.in(1), x.dim(axis))));
        }
    }

    /** out[i, j, k] = x[index[i, j, k], j, k] along axis 0, and likewise along others. */
    private static void elements(Imported n) {
        Operand index = elementIndices(n);
        HostTensor known = index.known();
        HostTensor source = n.in(0).known();
        if (known != null && source != null && n.in(0).onHost()) {
            n.out(Host.take(source.reshape(Shape.of(source.elements())), 0, Host.longs(known)).reshape(known.shape()));
            return;
        }
        Value x = n.in(0).value(n.g);
        n.out(n.g.apply(new MoveOp.Gather(), n.g.reshape(x, x.type().shape().elements()), index.value(n.g)));
    }

    /** Where in the first operand, as one row, the indices of the second lead along an axis; int32 of the second's shape. */
    static Operand elementIndices(Imported n) {
        Shape x = n.shape(0);
        Shape to = n.shape(1);
        int axis = n.axis(n.integer("axis", 0), x.rank());
        if (to.rank() != x.rank()) {
            throw n.bad("has indices of " + to.rank() + " axes for " + x.rank());
        }
        long[] strides = x.strides();
        int[] rest = new int[Math.toIntExact(to.elements())];
        long[] steps = to.strides();
        for (int i = 0; i < rest.length; i++) {
            long at = 0;
            for (int a = 0; a < x.rank(); a++) {
                at += a == axis ? 0 : i / steps[a] % to.dim(a) * strides[a];
            }
            rest[i] = Math.toIntExact(at);
        }
        HostTensor known = n.in(1).known();
        if (known != null) {
            long[] index = positive(n, known, x.dim(axis));
            for (int i = 0; i < rest.length; i++) {
                rest[i] += Math.toIntExact(index[i] * strides[axis]);
            }
            return Operand.of(HostTensor.of(to, rest));
        }
        Value along = n.g.multiply(positive(n, n.in(1), x.dim(axis)), whole(n, strides[axis]));
        return Operand.of(n.g.add(along, n.g.constant(HostTensor.of(to, rest))));
    }

    /** Elements or slices by tuples of indices along the last axis of the second operand. */
    private static void tuples(Imported n) {
        Shape x = n.shape(0);
        Shape index = n.shape(1);
        int batch = (int) n.integer("batch_dims", 0);
        Operand row = tupleIndices(n, batch);
        int last = index.rank() - 1;
        int depth = index.size(last);
        long inner = x.product(batch + depth, x.rank());
        Value picked = n.g.apply(new MoveOp.Gather(),
                n.g.reshape(n.in(0).value(n.g), x.product(0, batch + depth), inner), row.value(n.g));
        long[] dims = new long[last + x.rank() - batch - depth];
        System.arraycopy(index.dims(), 0, dims, 0, last);
        System.arraycopy(x.dims(), batch + depth, dims, last, x.rank() - batch - depth);
        n.out(Moves.reshape(n.g, Operand.of(picked), Shape.of(dims)));
    }

    /**
     * The rows that tuples along the last axis of the second operand lead to, where the first is seen as rows of what the tuples
     * leave; int32 (items, tuples of each).
     */
    static Operand tupleIndices(Imported n, int batch) {
        Shape x = n.shape(0);
        Shape index = n.shape(1);
        int last = index.rank() - 1;
        int depth = last < 0 ? 0 : index.size(last);
        if (depth < 1 || batch < 0 || batch > last || batch + depth > x.rank()) {
            throw n.bad("has tuples of " + depth + " indices for " + x.rank() + " axes");
        }
        long outer = x.product(0, batch);
        Shape rows = Shape.of(outer, index.product(batch, last));
        long block = x.product(batch, batch + depth);
        HostTensor known = n.in(1).known();
        if (known != null) {
            return Operand.of(knownRows(n, known, rows, batch, depth, block));
        }
        Value row = null;
        Operand all = Moves.reshape(n.g, n.in(1), Shape.of(outer, rows.dim(1), depth));
        for (int d = 0; d < depth; d++) {
            long extent = x.dim(batch + d);
            Operand one = Moves.reshape(n.g, Moves.slice(n.g, all, 2, d, 1, 1), rows);
            Value v = positive(n, one, extent);
            row = row == null ? v : n.g.add(n.g.multiply(row, whole(n, extent)), v);
        }
        if (outer > 1) {
            int[] starts = new int[Math.toIntExact(outer)];
            Arrays.setAll(starts, i -> Math.toIntExact(i * block));
            row = n.g.add(row, n.g.constant(HostTensor.of(Shape.of(outer, 1), starts)));
        }
        return Operand.of(row);
    }

    private static HostTensor knownRows(Imported n, HostTensor index, Shape rows, int batch, int depth, long block) {
        int[] out = new int[Math.toIntExact(rows.elements())];
        for (int i = 0; i < out.length; i++) {
            long row = 0;
            for (int d = 0; d < depth; d++) {
                long extent = n.shape(0).dim(batch + d);
                long v = index.getLong((long) i * depth + d);
                v += v < 0 ? extent : 0;
                if (v < 0 || v >= extent) {
                    throw n.bad("picks element " + index.getLong((long) i * depth + d) + " of " + extent);
                }
                row = row * extent + v;
            }
            out[i] = Math.toIntExact(i / rows.dim(1) * block + row);
        }
        return HostTensor.of(rows, out);
    }
}
