package dev.kerf.backend.gpu;

import dev.kerf.backend.gpu.kernel.Packing;
import dev.kerf.backend.gpu.kernel.Sizes;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.LayoutOp;
import dev.kerf.graph.LayoutOp.Moved;
import dev.kerf.graph.LayoutOp.Turned;
import dev.kerf.graph.MatrixOp;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** Kernels for {@link MatrixOp}s. */
final class MatrixRules {
    /** The last two axes of a weight swapped, so that a kernel reads along its rows. */
    private static final Packing SWAPPED = new Packing("swapped", MatrixRules::swap);
    /** Rows of an item that fill at least half of a kernel's tile. */
    private static final int LONG = 32;

    private MatrixRules() {}

    /** The launches of a node. */
    static List<KernelCall> lower(MatrixOp op, Node node, Target target) {
        return switch (op) {
            case MatrixOp.MatMul m -> matMul(m, node, null, target);
            case MatrixOp.Attention a -> attention(a, node, target);
            case MatrixOp.Rotary r -> List.of(rotary(node, target));
        };
    }

    /** The launch of a product whose rows are turned. */
    static List<KernelCall> lower(Turned op, Node node, Target target) {
        return matMul(op.product(), node, op, target);
    }

    /** The launch of a product that reads rows where they lie. */
    static List<KernelCall> lower(Moved op, Node node, Target target) {
        return matMul(op.product(), node, op, target);
    }

    /** Whether the kernel chosen for a product can read rows by a table: of the one matrix that all of its items are. */
    static boolean moves(Node node, Target target) {
        Moved op = (Moved) node.op();
        List<TensorType> types = op.recorded(node.inputs().stream().map(Value::type).toList());
        Shape own = types.getFirst().shape();
        if (op.product().transposeA() || leading(types.get(1).shape()).elements() != 1
                || node.inputs().stream().anyMatch(v -> v.countAxis() >= 0)) {
            return false;
        }
        Shape a = node.input(0).type().shape();
        long n = node.output().type().shape().dim(-1);
        KernelCall call = target.call("matmul",
                sizes(op.product(), 1, own.product(0, own.rank() - 1), n, own.dim(-1), 0, a.product(0, a.rank() - 1)));
        return call.kernel().index("a_rows") >= 0 && call.storage() == target.storage();
    }

    /** Whether the kernel chosen for a product can turn its rows: one of fixed columns, all of whose rows are one matrix's. */
    static boolean turns(Node node, Target target) {
        Turned op = (Turned) node.op();
        Value a = node.input(0);
        Shape w = node.input(1).type().shape();
        long pairs = node.inputs().getLast().type().shape().dim(1);
        long n = w.dim(op.product().transposeB() ? -2 : -1);
        if (op.product().transposeA() || w.rank() != 2 || n % (2 * pairs) != 0 || cropped(a, target) || a.countAxis() >= 0
                || node.inputs().stream().skip(1).limit(op.operands() - 1L).anyMatch(v -> !target.fixed(v))) {
            return false;
        }
        long rows = a.type().shape().elements() / a.type().shape().dim(-1);
        KernelCall call = target.call("matmul", sizes(op.product(), 1, rows, n, w.elements() / n, pairs, rows));
        return call.kernel().attributes().contains("TURNED") && call.storage() == target.storage();
    }

    /** @param left rows of A that there are */
    private static Sizes sizes(MatrixOp.MatMul op, long batch, long m, long n, long k, long turned, long left) {
        return Sizes.of().set("batch", batch).set("M", m).set("N", n).set("K", k).set("turned", turned).set("left", left)
                .set("transpose_a", op.transposeA() ? 1 : 0);
    }

    /** Where groups leave parts of the sums, another launch adds them up. */
    private static List<KernelCall> matMul(MatrixOp.MatMul op, Node node, @Nullable LayoutOp as, Target target) {
        Turned turned = as instanceof Turned t ? t : null;
        Moved moved = as instanceof Moved v ? v : null;
        Value a = node.input(0);
        Value b = node.input(1);
        Shape own = moved == null
                ? a.type().shape()
                : moved.recorded(node.inputs().stream().map(Value::type).toList()).getFirst().shape();
        Shape y = turned == null
                ? node.output().type().shape()
                : Shape.of(own.elements() / own.dim(-1), b.type().shape().dim(op.transposeB() ? -2 : -1));
        Shape batch = leading(y);
        long m = y.dim(-2);
        long n = y.dim(-1);
        long k = own.dim(op.transposeA() ? -2 : -1);
        boolean aCount = counted(op, node, a, op.transposeA() ? -2 : -1, target);
        boolean bCount = counted(op, node, b, op.transposeB() ? -1 : -2, target);
        // One matrix B for all items, as in a linear layer: then their rows are rows of one tall A.
        boolean tall = as != null || leading(b.type().shape()).elements() == 1 && !op.transposeA() && !aCount
                && leading(own).elements() == batch.elements() && !cropped(a, target);
        long items = tall ? 1 : batch.elements();
        boolean swap = op.transposeB() && target.fixed(b);
        Value angles = turned == null ? null : node.inputs().getLast();
        long rows = tall ? m * batch.elements() : m;
        KernelCall call = target
                .call("matmul", sizes(op, items, rows, n, k, angles == null ? 0 : angles.type().shape().dim(1),
                        moved == null ? rows : a.type().shape().product(0, a.type().shape().rank() - 1)))
                .attribute("TRANSPOSE_A", op.transposeA() ? 1 : 0)
                .attribute("TRANSPOSE_B", op.transposeB() && !swap ? 1 : 0)
                .choice("ACT", op.activation().code())
                .choice("HAS_BIAS", op.bias() ? 1 : 0)
                .choice("HAS_RESIDUAL", op.residual() ? 1 : 0)
                .choice("HAS_A_COUNT", aCount ? 1 : 0)
                .choice("HAS_B_COUNT", bCount ? 1 : 0)
                .tensor("a", a)
                .tensor("b", b, swap ? SWAPPED : Packing.DENSE)
                .tensor("y", node.output())
                .real("alpha", op.alpha());
        if (tall) {
            call.table("batches", HostTensor.of(Shape.of(2), new long[2]));
        } else {
            call.starts("batches", "a", apart -> starts(batch, own, apart, b.type().shape()));
        }
        bind(call, "bias", op.bias() ? node.input(2) : null);
        bind(call, "r", op.residual() ? node.input(op.bias() ? 3 : 2) : null);
        bind(call, "a_count", aCount ? a.count() : null);
        bind(call, "b_count", bCount ? b.count() : null);
        if (call.kernel().attributes().contains("TURNED")) {
            call.attribute("TURNED", angles == null ? 0 : angles.type().shape().dim(1));
            bind(call, "cosines", angles == null ? null : node.input(turned.operands()));
            bind(call, "sines", angles);
            call.number("R", angles == null ? 1 : angles.type().shape().dim(0));
        }
        if (call.kernel().index("a_rows") >= 0) {
            rows(call, "a_rows", moved == null ? List.of() : moved.left(), a);
            rows(call, "r_rows", moved == null ? List.of() : moved.added(), node.inputs().getLast());
            boolean less = op.residual() && node.inputs().getLast().type().dtype() != node.output().type().dtype();
            call = (less ? call.addsShort() : call).number("narrow_r", less ? 1 : 0);
        }
        if (call.kernel().index("parts") < 0) {
            return List.of(call.writes(node.output().type().dtype()));
        }
        KernelCall join = target.call("join_parts", Sizes.of()
                .set("N", 1).set("rows", y.elements() / n).set("columns", n).set("b_row", 0).set("b_column", 1)
                .set("Q", n).set("y_plane", n).set("y_width", 0).set("y_row_first", 0).set("y_col_first", 0)
                .set("y_row_step", 1).set("y_col_step", 1))
                .dense("y")
                .dense("r");
        bind(join, "b", op.bias() ? node.input(2) : null);
        return List.of(call, join.after(call).writes(node.output().type().dtype()));
    }

    /** The table of which rows an operand has after its moves, for a kernel that reads them where they lie. */
    private static void rows(KernelCall call, String table, List<MoveOp> moves, Value operand) {
        int[] rows = RowTable.of(operand.type().shape(), moves);
        boolean same = moves.isEmpty() || RowTable.follow(rows) && (rows.length == 0 || rows[0] == 0);
        call.number("has_" + table, same ? 0 : 1);
        if (same) {
            call.absent(table);
        } else {
            call.table(table, HostTensor.of(Shape.of(rows.length), rows));
        }
    }

    /** Where groups share a query's keys among them, another launch joins what each of them found. */
    private static List<KernelCall> attention(MatrixOp.Attention op, Node node, Target target) {
        Value k = node.input(1);
        Value v = node.input(2);
        boolean kCount = k.countAxis() == 2;
        boolean vCount = v.countAxis() == 2;
        Shape q = op.shape(0, node);
        Shape keys = op.shape(1, node);
        Sizes sizes = Sizes.of()
                .set("B", q.dim(0)).set("heads", q.dim(1)).set("LQ", q.dim(2)).set("D", q.dim(3))
                .set("KB", keys.dim(0)).set("LK", keys.dim(2)).set("DV", op.shape(2, node).dim(3))
                .set("counted", kCount || vCount ? 1 : 0);
        KernelCall call = target.call("attention", sizes)
                .attribute("HAS_BIAS", op.bias() ? 1 : 0)
                .choice("HAS_K_COUNT", kCount ? 1 : 0)
                .choice("HAS_V_COUNT", vCount ? 1 : 0)
                .tensor("q", node.input(0))
                .tensor("k", k)
                .tensor("v", v)
                .tensor("y", node.output())
                .real("scale", op.scale());
        HostTensor places = places(op);
        bind(call, places);
        bind(call, "k_count", kCount ? k.count() : null);
        bind(call, "v_count", vCount ? v.count() : null);
        bind(call, "bias", op.bias() ? node.input(3) : null);
        long[] strides = new long[4];
        if (op.bias()) {
            Shape scores = Shape.of(q.dim(0), q.dim(1), q.dim(2), keys.dim(2));
            strides = node.input(3).type().shape().stridesTo(scores);
        }
        long parts = Math.max(1, call.groups(1) / Math.max(1, q.dim(1)));
        call.number("bias_b", strides[0])
                .number("bias_h", strides[1])
                .number("bias_q", strides[2])
                .number("bias_k", strides[3])
                .number("parts", parts);
        if (parts == 1) {
            return List.of(call.absent("partial"));
        }
        long bytes = parts * q.product(0, 3) * (op.shape(2, node).dim(3) + 2) * Float.BYTES;
        KernelCall join = target.call("attention_join", sizes)
                .scratch("partial", 0, bytes)
                .number("parts", parts)
                .tensor("y", node.output());
        bind(join, places);
        return List.of(call.scratch("partial", 0, bytes), join);
    }

    private static KernelCall rotary(Node node, Target target) {
        Value x = node.input(0);
        Shape s = x.type().shape();
        Shape angles = node.input(1).type().shape();
        boolean items = s.rank() > 2;
        KernelCall call = target.call("rotary", Sizes.of()
                .set("N", items ? s.dim(0) : 1).set("rows", s.product(items ? 1 : 0, s.rank() - 1))
                .set("R", angles.dim(0)).set("P", angles.dim(1)))
                .tensor("x", x)
                .tensor("cosines", node.input(1))
                .tensor("sines", node.input(2))
                .tensor("y", node.output());
        return items ? call : call.dense("x").dense("y");
    }

    /** Where rows lie: of q, y, k and v in turn first from their item's start on, then these starts; null if as they come. */
    private static @Nullable HostTensor places(MatrixOp.Attention op) {
        if (op.places().isEmpty()) {
            return null;
        }
        List<MatrixOp.Rows> all = List.of(op.places().get(0), op.places().get(3), op.places().get(1), op.places().get(2));
        LongStream rows = all.stream().flatMapToLong(r -> LongStream.range(0, r.shape().dim(2)).map(r::row));
        LongStream items = all.stream()
                .flatMapToLong(r -> LongStream.range(0, r.shape().dim(0) * r.shape().dim(1)).map(r::item));
        long[] table = LongStream.concat(rows, items).toArray();
        return HostTensor.of(Shape.of(table.length), table);
    }

    private static void bind(KernelCall call, @Nullable HostTensor places) {
        call.number("has_places", places == null ? 0 : 1);
        if (places == null) {
            call.absent("places");
        } else {
            call.table("places", places).dense("q").dense("k").dense("v").dense("y");
        }
    }

    private static void bind(KernelCall call, String argument, Value value) {
        if (value == null) {
            call.absent(argument);
        } else {
            call.tensor(argument, value);
        }
    }

    /** Whether an operand's count counts the terms of the sums. */
    private static boolean counted(MatrixOp.MatMul op, Node node, Value v, int inner, Target target) {
        int rank = v.type().shape().rank();
        if (v.countAxis() != rank + inner) {
            return false;
        }
        if (inner == -1) {
            throw target.unsupported(node, "a count for each row of the sums' axis");
        }
        return true;
    }

    /** Whether A is cut out of rows that are wider, and has enough of each to fill tiles: it is read where it lies. */
    private static boolean cropped(Value a, Target target) {
        Shape s = a.type().shape();
        return s.rank() == 3 && s.dim(1) >= LONG && target.graph().producer(a).op() instanceof MoveOp.Slice cut
                && cut.axis() == 1 && cut.step() == 1;
    }

    /** Where each item's matrices start: of A, whose items of axis 0 are so far apart, and of B in turn. */
    private static HostTensor starts(Shape batch, Shape a, long apart, Shape b) {
        long[] aStrides = leading(a).stridesTo(batch);
        long[] bStrides = leading(b).stridesTo(batch);
        int first = batch.rank() + 2 - a.rank(); // A's axis 0
        int items = Math.toIntExact(batch.elements());
        long[] starts = new long[2 * items];
        for (int item = 0; item < items; item++) {
            int rest = item;
            for (int axis = batch.rank() - 1; axis >= 0; axis--) {
                int i = rest % batch.size(axis);
                rest /= batch.size(axis);
                boolean far = axis == first && aStrides[axis] > 0;
                starts[2 * item] += i * (far ? apart : aStrides[axis] * a.dim(-2) * a.dim(-1));
                starts[2 * item + 1] += i * bStrides[axis] * b.dim(-2) * b.dim(-1);
            }
        }
        return HostTensor.of(Shape.of(starts.length), starts);
    }

    private static HostTensor swap(HostTensor w) {
        int rows = w.shape().size(-2);
        int cols = w.shape().size(-1);
        float[] from = w.toFloatArray();
        float[] to = new float[from.length];
        for (int first = 0; first < from.length; first += rows * cols) {
            for (int i = 0; i < rows; i++) {
                for (int j = 0; j < cols; j++) {
                    to[first + j * rows + i] = from[first + i * cols + j];
                }
            }
        }
        return HostTensor.of(w.shape().with(-2, cols).with(-1, rows), to);
    }

    private static Shape leading(Shape s) {
        return Shape.of(Arrays.copyOf(s.dims(), s.rank() - 2));
    }
}
