package dev.kerf.graph.plan;

import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.MatrixOp.Rows;
import dev.kerf.graph.MatrixOp.Rows.Axis;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.SourceOp;
import dev.kerf.graph.StateOp;
import dev.kerf.tensor.Shape;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How a value lies in another one that only moves made it of.
 *
 * @param root  the other one, dense
 * @param first element of it
 * @param dims  axes of the root that each axis of the value runs along, the last one fastest; none has the extent 1
 */
record Placement(Value root, long first, List<List<Axis>> dims) {
    /**
     * A value through the reshapes, permutations and slices before it, as far back as that can be told.
     *
     * @param ends values, by their ids, to look no further back than
     */
    static Placement of(Graph graph, Value v, Set<Integer> ends) {
        Node made = graph.producer(v);
        if (ends.contains(v.id()) || v.count() != null || !(made.op() instanceof MoveOp) || v.type().shape().elements() == 0) {
            return dense(v);
        }
        Value x = made.input(0);
        // A state's contents may be others by the time that they are read.
        if (x.count() != null || graph.producer(x).op() instanceof SourceOp.State
                || graph.producer(x).op() instanceof StateOp) {
            return dense(v);
        }
        Placement moved = of(graph, x, ends).moved((MoveOp) made.op());
        return moved == null ? dense(v) : moved;
    }

    /** A value as it lies. */
    static Placement dense(Value v) {
        long[] strides = v.type().shape().strides();
        List<List<Axis>> dims = new ArrayList<>();
        for (int i = 0; i < strides.length; i++) {
            long extent = v.type().shape().dim(i);
            dims.add(extent == 1 ? List.of() : List.of(new Axis(extent, strides[i])));
        }
        return new Placement(v, 0, dims);
    }

    /** What a move makes of the value; null if its axes can't be told. */
    @Nullable
    Placement moved(MoveOp op) {
        return switch (op) {
            case MoveOp.Permute p -> new Placement(root, first, p.order().stream().map(dims::get).toList());
            case MoveOp.Slice s when dims.get(s.axis()).size() == 1 -> sliced(s);
            case MoveOp.Reshape r -> {
                List<List<Axis>> axes = grouped(dims.stream().flatMap(List::stream).toList(), r.shape());
                yield axes == null ? null : new Placement(root, first, axes);
            }
            default -> null;
        };
    }

    private Placement sliced(MoveOp.Slice s) {
        long stride = dims.get(s.axis()).getFirst().stride();
        long extent = (s.end() - s.start() + s.step() - 1) / s.step();
        List<List<Axis>> axes = new ArrayList<>(dims);
        axes.set(s.axis(), extent == 1 ? List.of() : List.of(new Axis(extent, stride * s.step())));
        return new Placement(root, first + s.start() * stride, axes);
    }

    /** A tensor (B, heads, L, D) as rows of the root; null where the numbers of a row don't lie one behind the other. */
    @Nullable
    Rows rows(Shape shape) {
        return rows(shape, root.type().shape(), first, dims);
    }

    /**
     * Where in this value the root's rows lie, the root being (B, heads, L, D) and this all of it in other shapes; null where
     * the numbers of a row don't lie one behind the other.
     */
    @Nullable
    Rows inverse(Shape shape, Shape whole) {
        List<Axis> order = dims.stream().flatMap(List::stream).toList();
        long[] strides = Shape.of(order.stream().mapToLong(Axis::extent).toArray()).strides();
        List<Integer> byRoot = new ArrayList<>();
        for (int i = 0; i < strides.length; i++) {
            byRoot.add(i);
        }
        byRoot.sort(Comparator.comparingLong(i -> -order.get(i).stride()));
        List<List<Axis>> axes = grouped(byRoot.stream().map(i -> new Axis(order.get(i).extent(), strides[i])).toList(), shape);
        return axes == null ? null : rows(shape, whole, 0, axes);
    }

    private static @Nullable Rows rows(Shape shape, Shape whole, long first, List<List<Axis>> dims) {
        List<Axis> row = dims.get(3);
        if (row.size() > 1 || row.size() == 1 && row.getFirst().stride() != 1) {
            return null;
        }
        List<Axis> items = new ArrayList<>(dims.get(0));
        items.addAll(dims.get(1));
        return new Rows(whole, shape, first, merged(items), dims.get(2));
    }

    /** Axes cut and joined to make those of a shape; null where a cut would fall within a step. */
    private static @Nullable List<List<Axis>> grouped(List<Axis> axes, Shape shape) {
        Deque<Axis> rest = new ArrayDeque<>(axes);
        List<List<Axis>> dims = new ArrayList<>();
        for (long extent : shape.dims()) {
            List<Axis> made = new ArrayList<>();
            for (long left = extent; left > 1;) {
                Axis a = rest.pop();
                if (left % a.extent() == 0) {
                    made.add(a);
                    left /= a.extent();
                } else if (a.extent() % left == 0) {
                    long inner = a.extent() / left;
                    made.add(new Axis(left, a.stride() * inner));
                    rest.push(new Axis(inner, a.stride()));
                    left = 1;
                } else {
                    return null;
                }
            }
            dims.add(merged(made));
        }
        return dims;
    }

    private static List<Axis> merged(List<Axis> axes) {
        List<Axis> out = new ArrayList<>();
        for (Axis a : axes) {
            if (!out.isEmpty() && out.getLast().stride() == a.extent() * a.stride()) {
                out.add(new Axis(out.removeLast().extent() * a.extent(), a.stride()));
            } else {
                out.add(a);
            }
        }
        return out;
    }
}
