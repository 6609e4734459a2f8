package dev.kerf.graph.onnx;

import dev.kerf.graph.Graph.Value;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.onnx.OnnxAttribute;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** What is known as soon as extents are: shapes, ranges, constants. */
final class ShapeRules {
    private static final long MOST = 1 << 26;

    private ShapeRules() {}

    static Map<String, Rule> rules() {
        return Map.of(
                "Constant", ShapeRules::constant,
                "Shape", ShapeRules::shape,
                "Size", ShapeRules::size,
                "ConstantOfShape", ShapeRules::constantOfShape,
                "Range", ShapeRules::range,
                "EyeLike", ShapeRules::eyeLike,
                "Trilu", ShapeRules::trilu,
                "OneHot", ShapeRules::oneHot);
    }

    private static void constant(Imported n) {
        for (Map.Entry<String, OnnxAttribute> e : n.node.attributes().entrySet()) {
            OnnxAttribute a = e.getValue();
            switch (e.getKey()) {
                case "value" -> {
                    if (a.tensor() == null) {
                        throw n.bad("has no tensor");
                    }
                    n.out(a.tensor().numbers());
                    return;
                }
                case "value_int" -> {
                    n.out(Host.scalar(a.integer()));
                    return;
                }
                case "value_float" -> {
                    n.out(Host.floats(Shape.of(), a.real()));
                    return;
                }
                case "value_ints" -> {
                    n.out(Host.vector(a.integers().stream().mapToLong(v -> v).toArray()));
                    return;
                }
                case "value_floats" -> {
                    n.out(Host.floats(Shape.of(a.reals().size()), a.reals().stream().mapToDouble(v -> v).toArray()));
                    return;
                }
                default -> {
                    // Others say nothing of the value.
                }
            }
        }
        throw n.refuse("is of text, or sparse");
    }

    private static void shape(Imported n) {
        Shape x = n.shape(0);
        int rank = x.rank();
        long start = n.integer("start", 0);
        long end = n.integer("end", rank);
        int from = Math.clamp(start < 0 ? start + rank : start, 0, rank);
        int to = Math.clamp(end < 0 ? end + rank : end, from, Math.max(from, rank));
        long[] which = LongStream.range(from, to).toArray();
        Operand.Open open = open(n);
        if (open == null) {
            n.out(Host.vector(Arrays.stream(which).map(i -> x.dim((int) i)).toArray()));
        } else {
            n.whole(open.take(which, n.g));
        }
    }

    /** The operand's extents, if one of them is a count. */
    private static Operand.@Nullable Open open(Imported n) {
        Value v = n.in(0).known() == null ? n.in(0).value(n.g) : null;
        Value rows = v == null ? null : n.before.turned(v);
        Value count = rows != null ? rows.count() : v == null ? null : v.count();
        if (v == null || count == null) {
            return null;
        }
        List<Long> extents = Arrays.stream(v.type().shape().dims()).boxed().toList();
        return new Operand.Open(extents, rows != null ? 1 : v.countAxis(), n.g.reshape(count));
    }

    private static void size(Imported n) {
        Operand.Open open = open(n);
        if (open == null) {
            n.out(Host.scalar(n.shape(0).elements()));
        } else {
            long each = n.shape(0).elements() / open.extents().get(open.at());
            n.whole(Operand.of(n.g.multiply(open.count(), GatherRules.whole(n, each))));
        }
    }

    private static HostTensor filled(Imported n, DType type, Shape shape, HostTensor value) {
        if (shape.elements() > MOST) {
            throw n.refuse("a constant of " + shape.elements() + " elements, at most " + MOST);
        }
        return Host.walk(value.reshape(Shape.of()), shape, 0, new long[shape.rank()]);
    }

    private static void constantOfShape(Imported n) {
        OnnxAttribute a = n.node.attributes().get("value");
        HostTensor value = a == null || a.tensor() == null ? Host.floats(Shape.of(), 0) : a.tensor().numbers();
        if (value.elements() != 1) {
            throw n.bad("has a value of " + value.elements() + " elements");
        }
        Operand.Open open = n.in(0).open();
        if (open == null) {
            n.out(filled(n, value.dtype(), MoveRules.extents(n, n.longs(0, "extents")), value));
            return;
        }
        Shape all = open.shape();
        Value wide = Operand.of(filled(n, value.dtype(), all, value)).value(n.g);
        n.whole(Operand.of(Moves.counted(n.g, wide, open.count(), open.at(), all.dims())));
    }

    /** 0, 1 … up to a count: the numbers of a capacity, counted. */
    private static boolean upToCount(Imported n) {
        Operand.Open open = n.in(1).open();
        HostTensor start = n.in(0).known();
        HostTensor step = n.in(2).known();
        if (open == null || start == null || step == null || start.getDouble(0) != 0 || step.getDouble(0) != 1) {
            return false;
        }
        int[] numbers = LongStream.range(0, open.extents().get(open.at())).mapToInt(Math::toIntExact).toArray();
        n.whole(Operand.of(n.g.counted(n.g.constant(HostTensor.of(Shape.of(numbers.length), numbers)), open.count(),
                numbers.length)));
        return true;
    }

    private static void range(Imported n) {
        if (upToCount(n)) {
            return;
        }
        HostTensor start = n.known(0, "bounds");
        HostTensor limit = n.known(1, "bounds");
        HostTensor step = n.known(2, "bounds");
        double steps = step.getDouble(0) == 0
                ? Double.NaN
                : Math.ceil((limit.getDouble(0) - start.getDouble(0)) / step.getDouble(0));
        if (!(steps <= MOST)) {
            throw n.bad("has " + steps + " steps");
        }
        int count = (int) Math.max(0, steps);
        HostTensor out = HostTensor.zeros(start.dtype(), Shape.of(count));
        for (int i = 0; i < count; i++) {
            if (start.dtype().floating()) {
                out.setDouble(i, start.getDouble(0) + i * step.getDouble(0));
            } else {
                Host.set(out, i, start.getLong(0) + i * step.getLong(0));
            }
        }
        n.out(out);
    }

    private static void eyeLike(Imported n) {
        Shape x = n.shape(0);
        if (x.rank() != 2) {
            throw n.bad("takes a matrix");
        }
        long k = n.integer("k", 0);
        DType given = dev.kerf.weights.onnx.OnnxTensor.dtype((int) n.integer("dtype", 1));
        HostTensor out = HostTensor.zeros(given == null ? DType.F32 : given, x);
        for (long i = 0; i < x.dim(0); i++) {
            if (i + k >= 0 && i + k < x.dim(1)) {
                out.setDouble(i * x.dim(1) + i + k, 1);
            }
        }
        n.out(out);
    }

    /** Multiplied by a triangle of ones; whole numbers are known, or float32 meanwhile. */
    private static void trilu(Imported n) {
        Shape x = n.shape(0);
        if (x.rank() < 2) {
            throw n.bad("takes matrices");
        }
        long k = n.has(1) ? n.known(1, "diagonals").getLong(0) : 0;
        boolean upper = n.flag("upper", true);
        long rows = x.dim(-2);
        long columns = x.dim(-1);
        HostTensor mask = HostTensor.zeros(DType.BOOL, Shape.of(rows, columns));
        for (long i = 0; i < rows * columns; i++) {
            long off = i % columns - i / columns;
            mask.setDouble(i, (upper ? off >= k : off <= k) ? 1 : 0);
        }
        HostTensor known = n.in(0).known();
        if (n.onHost() && known != null) {
            HostTensor wide = Host.walk(mask, x, 0, mask.shape().stridesTo(x));
            HostTensor out = HostTensor.zeros(known.dtype(), x);
            for (long i = 0; i < x.elements(); i++) {
                if (wide.getLong(i) != 0) {
                    out.setDouble(i, known.getDouble(i));
                }
            }
            n.out(out);
            return;
        }
        DType type = n.in(0).floating() ? DType.F32 : DType.I32;
        n.out(n.add(new dev.kerf.graph.PointwiseOp.Where(), n.g.constant(Host.cast(mask, DType.U8)), n.in(0).as(type, n.g),
                n.g.constant(HostTensor.zeros(type, Shape.of()))));
    }

    /** 1 where the running number along the new axis is the index, else 0, as off + is · (on − off). */
    private static void oneHot(Imported n) {
        long depth = n.known(1, "depths").getLong(0);
        Shape x = n.shape(0);
        int axis = n.axis(n.integer("axis", -1), x.rank() + 1);
        if (depth < 0 || depth > MOST) {
            throw n.bad("a depth of " + depth);
        }
        long[] apart = new long[x.rank() + 1];
        long[] across = new long[x.rank() + 1];
        for (int i = 0; i < apart.length; i++) {
            apart[i] = i == axis ? 1 : x.dim(i < axis ? i : i - 1);
            across[i] = i == axis ? depth : 1;
        }
        int[] numbers = LongStream.range(0, depth).mapToInt(i -> (int) i).toArray();
        var g = n.g;
        var index = Moves.reshape(g, Operand.of(n.in(0).as(DType.I32, g)), Shape.of(apart)).value(g);
        var below = n.add(new dev.kerf.graph.PointwiseOp.Compare(dev.kerf.graph.PointwiseOp.Relation.LESS), index,
                g.constant(HostTensor.of(Shape.of(), new int[] {0})));
        var positive = n.add(new dev.kerf.graph.PointwiseOp.Where(), below,
                g.add(index, g.constant(HostTensor.of(Shape.of(), new int[] {(int) depth}))), index);
        var is = n.add(new dev.kerf.graph.PointwiseOp.Compare(dev.kerf.graph.PointwiseOp.Relation.EQUAL), positive,
                g.constant(HostTensor.of(Shape.of(across), numbers)));
        DType type = n.in(2).floating() ? DType.F32 : DType.I32;
        var values = Moves.reshape(g, Operand.of(n.in(2).as(type, g)), Shape.of(2));
        var off = Moves.reshape(g, Moves.slice(g, values, 0, 0, 1, 1), Shape.of()).value(g);
        var on = Moves.reshape(g, Moves.slice(g, values, 0, 1, 1, 1), Shape.of()).value(g);
        n.out(n.add(new dev.kerf.graph.PointwiseOp.Where(), is, on, off));
    }
}
