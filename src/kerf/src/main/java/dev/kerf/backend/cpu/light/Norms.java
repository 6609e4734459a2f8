package dev.kerf.backend.cpu.light;

import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.backend.cpu.kernel.Operand;
import dev.kerf.backend.cpu.kernel.Site;
import dev.kerf.graph.NormOp;
import dev.kerf.graph.PointwiseOp.Arithmetic;
import dev.kerf.graph.PointwiseOp.Function;
import dev.kerf.tensor.Shape;
import java.util.Arrays;
import java.util.List;

/** Softmax, layer norm, batch norm and group norm. */
final class Norms {
    /** Columns that are done at once where the normalised axis isn't the last. */
    static final int COLUMNS = 512;
    /** The same of a layer norm, which reads them several times. */
    private static final int FEW_COLUMNS = 256;
    /** Columns that vectors do at once. */
    private static final int AT_ONCE = 64;

    private Norms() {}

    static List<Kernel> build(NormOp op, Site site, Lanes lanes) {
        Operand x = site.operand(0);
        Operand y = site.result(0);
        return switch (op) {
            case NormOp.Softmax s when Axis.of(x, s.axis()).inner == 1 ->
                List.of(new SoftmaxRows(Axis.of(x, s.axis()), lanes, x, y));
            case NormOp.Softmax s ->
                List.of(new SoftmaxColumns(Axis.of(x, s.axis()), lanes, x, y, site.scratch()));
            case NormOp.LayerNorm n when Axis.of(x, n.axis()).inner == 1 -> List.of(
                    new LayerNormRows(Axis.of(x, n.axis()), RowNorm.of(n, site, lanes), x, y));
            case NormOp.LayerNorm n -> List.of(new LayerNormColumns(
                    Axis.of(x, n.axis()), n.eps(), Pointwise.function(site.tail().activation()),
                    site.tail().transposed(), lanes, x, site.operand(1),
                    site.operand(2), y, site.scratch()));
            case NormOp.BatchNorm n -> List.of(new BatchNorm(n.eps(), lanes, x, site.operand(1), site.operand(2),
                    site.operand(3), site.operand(4), y));
            case NormOp.GroupNorm n -> List.of(new GroupNorm(
                    n.groups(), n.eps(), lanes, x, site.operand(1), site.operand(2), y));
        };
    }

    /** A tensor seen as (outer, size, inner) around an axis, with the count's limits. */
    record Axis(int outer, int size, int inner, Operand count, int axis, int counted) {
        static Axis of(Operand x, int axis) {
            var s = x.type().shape();
            int counted = x.count() == null ? -1 : x.count().type().shape().rank();
            return new Axis((int) s.product(0, axis), s.size(axis), (int) s.product(axis + 1, s.rank()), x.count(),
                    axis, counted);
        }

        /** Valid elements along the axis of an outer row. */
        int valid(int o) {
            return counted == axis ? limit(o) : size;
        }

        private int limit(int o) {
            return Math.clamp(count.ints()[count.offset() + o], 0, size);
        }

        /** Valid outer rows, where axis 0 is counted and comes before this one. */
        int outers(Operand x) {
            if (counted != 0 || axis == 0) {
                return outer;
            }
            int rows = x.type().shape().size(0);
            return outer / Math.max(1, rows) * Math.clamp(count.ints()[count.offset()], 0, rows);
        }
    }

    private record SoftmaxRows(Axis a, Lanes lanes, Operand x, Operand y) implements Kernel {
        @Override
        public int tasks() {
            return Split.tasks(a.outers(x), 4L * a.size);
        }

        @Override
        public void run(int task, int worker) {
            int rows = a.outers(x);
            int tasks = tasks();
            for (int row = Split.first(task, tasks, rows); row < Split.first(task + 1, tasks, rows); row++) {
                int n = a.valid(row);
                int from = x.offset() + row * a.size;
                int to = y.offset() + row * a.size;
                float max = lanes.max(x.floats(), from, n);
                double sum = lanes.expSum(x.floats(), from, max, y.floats(), to, n);
                lanes.binary(Arithmetic.DIVIDE, y.floats(), to, (float) sum, y.floats(), to, n);
            }
        }
    }

    /** Pieces of {@code COLUMNS} columns of each outer row. */
    private static int pieces(Axis a) {
        return Math.ceilDiv(a.inner, COLUMNS);
    }

    private record SoftmaxColumns(Axis a, Lanes lanes, Operand x, Operand y, Operand scratch) implements Kernel {
        @Override
        public int tasks() {
            return Split.tasks((long) a.outers(x) * pieces(a), 6L * a.size * Math.min(a.inner, COLUMNS));
        }

        @Override
        public void run(int task, int worker) {
            int items = a.outers(x) * pieces(a);
            int tasks = tasks();
            for (int i = Split.first(task, tasks, items); i < Split.first(task + 1, tasks, items); i++) {
                int o = i / pieces(a);
                int column = i % pieces(a) * COLUMNS;
                piece(o * a.size * a.inner + column, a.valid(o), Math.min(COLUMNS, a.inner - column), worker);
            }
        }

        private void piece(int at, int valid, int n, int worker) {
            float[] in = x.floats();
            float[] out = y.floats();
            float[] t = scratch.floats();
            int max = scratch.offset() + worker * 2 * COLUMNS;
            int sum = max + COLUMNS;
            Arrays.fill(t, max, max + n, Float.NEGATIVE_INFINITY);
            Arrays.fill(t, sum, sum + n, 0);
            for (int i = 0; i < valid; i++) {
                lanes.binary(Arithmetic.MAX, in, x.offset() + at + i * a.inner, t, max, t, max, n);
            }
            for (int i = 0; i < valid; i++) {
                int to = y.offset() + at + i * a.inner;
                lanes.binary(Arithmetic.SUBTRACT, in, x.offset() + at + i * a.inner, t, max, out, to, n);
                lanes.unary(Function.EXP, out, to, out, to, n);
                lanes.binary(Arithmetic.ADD, t, sum, out, to, t, sum, n);
            }
            for (int i = 0; i < valid; i++) {
                int to = y.offset() + at + i * a.inner;
                lanes.binary(Arithmetic.DIVIDE, out, to, t, sum, out, to, n);
            }
        }
    }

    /**
     * Whether a layer norm is of columns, and its results can be written as rows if they are to be transposed: so many columns at a
     * time as vectors do at once, next to which nothing is left over.
     */
    static boolean columns(NormOp.LayerNorm n, Shape s, Lanes lanes, boolean transposed) {
        boolean whole = n.axis() == 1 && s.rank() > 2 && s.product(2, s.rank()) % AT_ONCE == 0
                && !(lanes instanceof PlainLanes);
        return s.product(n.axis() + 1, s.rank()) > 1 && (!transposed || whole);
    }

    /** Floats of a thread's room for a layer norm of columns of so many numbers. */
    static int room(int size) {
        return Math.max(2 * FEW_COLUMNS, size * AT_ONCE);
    }

    private record LayerNormRows(Axis a, RowNorm norm, Operand x, Operand y) implements Kernel {
        @Override
        public int tasks() {
            return Split.tasks(a.outers(x), 4L * a.size);
        }

        @Override
        public void run(int task, int worker) {
            int rows = a.outers(x);
            int tasks = tasks();
            int first = Split.first(task, tasks, rows);
            norm.rows(first, Split.first(task + 1, tasks, rows) - first, y.floats(), y.offset() + first * a.size);
        }
    }

    private record LayerNormColumns(Axis a, double eps, Function after, boolean transposed, Lanes lanes, Operand x,
            Operand weight, Operand bias,
            Operand y, Operand scratch) implements Kernel {
        @Override
        public int tasks() {
            return Split.tasks((long) a.outers(x) * Math.ceilDiv(a.inner, FEW_COLUMNS),
                    6L * a.size * Math.min(a.inner, FEW_COLUMNS));
        }

        @Override
        public void run(int task, int worker) {
            int items = a.outers(x) * Math.ceilDiv(a.inner, FEW_COLUMNS);
            int tasks = tasks();
            for (int i = Split.first(task, tasks, items); i < Split.first(task + 1, tasks, items); i++) {
                int column = i % Math.ceilDiv(a.inner, FEW_COLUMNS) * FEW_COLUMNS;
                int from = i / Math.ceilDiv(a.inner, FEW_COLUMNS) * a.size * a.inner;
                piece(from + column, from + (transposed ? column * a.size : column), Math.min(FEW_COLUMNS, a.inner - column),
                        worker);
            }
        }

        private void piece(int at, int to, int n, int worker) {
            lanes.normaliseColumns(x.floats(), x.offset() + at, a.inner, a.size, n, eps, weight.floats(), weight.offset(),
                    bias.floats(), bias.offset(), y.floats(), y.offset() + to, transposed, scratch.floats(),
                    scratch.offset() + worker * room(a.size));
            if (after == null) {
                return;
            }
            for (int i = 0; i < (transposed ? 1 : a.size); i++) {
                int row = y.offset() + to + i * a.inner;
                lanes.unary(after, y.floats(), row, y.floats(), row, transposed ? n * a.size : n);
            }
        }
    }

    private record BatchNorm(double eps, Lanes lanes, Operand x, Operand weight, Operand bias, Operand mean,
            Operand var, Operand y) implements Kernel {
        private int channels() {
            return x.type().shape().size(1);
        }

        private int inner() {
            return (int) x.type().shape().product(2, x.type().shape().rank());
        }

        private int planes() {
            return x.type().shape().size(0) * channels();
        }

        @Override
        public int tasks() {
            return Split.tasks(planes(), inner());
        }

        @Override
        public void run(int task, int worker) {
            int tasks = tasks();
            int n = inner();
            for (int p = Split.first(task, tasks, planes()); p < Split.first(task + 1, tasks, planes()); p++) {
                int c = p % channels();
                int item = p / channels();
                float scale = (float) (weight.floats()[weight.offset() + c]
                        / Math.sqrt(var.floats()[var.offset() + c] + eps));
                lanes.normalise(x.floats(), x.offset() + item * x.batchStride() + c * n,
                        mean.floats()[mean.offset() + c], scale, bias.floats()[bias.offset() + c], y.floats(),
                        y.offset() + item * y.batchStride() + c * n, n);
            }
        }
    }

    private record GroupNorm(int groups, double eps, Lanes lanes, Operand x, Operand weight, Operand bias, Operand y)
            implements
                Kernel {
        private int items() {
            return x.type().shape().size(0) * groups;
        }

        private int inner() {
            return (int) x.type().shape().product(2, x.type().shape().rank());
        }

        @Override
        public int tasks() {
            return Split.tasks(items(), 4 * x.type().shape().elements() / Math.max(1, items()));
        }

        @Override
        public void run(int task, int worker) {
            int tasks = tasks();
            int inner = inner();
            int channels = x.type().shape().size(1) / groups;
            int n = channels * inner;
            for (int i = Split.first(task, tasks, items()); i < Split.first(task + 1, tasks, items()); i++) {
                int from = x.offset() + i / groups * x.batchStride() + i % groups * n;
                int to = y.offset() + i / groups * y.batchStride() + i % groups * n;
                float mean = (float) (lanes.sum(x.floats(), from, n) / n);
                double scale = RowNorm.scale(lanes.squares(x.floats(), from, mean, n), n, eps);
                for (int k = 0; k < channels; k++) {
                    int c = i % groups * channels + k;
                    lanes.normalise(x.floats(), from + k * inner, mean,
                            (float) (scale * weight.floats()[weight.offset() + c]), bias.floats()[bias.offset() + c],
                            y.floats(), to + k * inner, inner);
                }
            }
        }
    }
}
