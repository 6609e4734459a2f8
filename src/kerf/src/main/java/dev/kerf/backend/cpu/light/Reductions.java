package dev.kerf.backend.cpu.light;

import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.backend.cpu.kernel.Operand;
import dev.kerf.backend.cpu.kernel.Site;
import dev.kerf.graph.PointwiseOp.Arithmetic;
import dev.kerf.graph.ReduceOp;
import dev.kerf.graph.ReduceOp.Reduction;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;

/** Many elements to one. */
final class Reductions {
    private Reductions() {}

    static List<Kernel> build(ReduceOp op, Site site, Lanes lanes) {
        Operand x = site.operand(0);
        Operand y = site.result(0);
        return switch (op) {
            case ReduceOp.ArgMax a -> List.of(new ArgMax(Norms.Axis.of(x, a.axis()), x, y));
            case ReduceOp.Reduce r when columns(r, x) ->
                List.of(new Columns(r.reduction(), Extents.of(r, x), inner(r, x), lanes, x, y, site.scratch()));
            case ReduceOp.Reduce r when block(r, x) -> List.of(new Rows(r.reduction(), size(r, x), lanes, x, y));
            case ReduceOp.Reduce r -> List.of(new Scattered(r, x, y));
        };
    }

    /** Whether the axes follow each other and nothing is counted: a plain (outer, size, inner). */
    private static boolean block(ReduceOp.Reduce r, Operand x) {
        return x.count() == null && r.axes().getLast() - r.axes().getFirst() == r.axes().size() - 1;
    }

    /** Whether results lie in rows, each made of rows of operands. */
    static boolean columns(ReduceOp.Reduce r, Operand x) {
        return x.count() == null && inner(r, x) > 1;
    }

    private static int size(ReduceOp.Reduce r, Operand x) {
        return (int) x.type().shape().product(r.axes().getFirst(), r.axes().getLast() + 1);
    }

    private static int inner(ReduceOp.Reduce r, Operand x) {
        return (int) x.type().shape().product(r.axes().getLast() + 1, x.type().shape().rank());
    }

    private static Arithmetic arithmetic(Reduction r) {
        return switch (r) {
            case SUM, MEAN -> Arithmetic.ADD;
            case MAX -> Arithmetic.MAX;
            case MIN -> Arithmetic.MIN;
        };
    }

    private static float identity(Reduction r) {
        return switch (r) {
            case SUM, MEAN -> 0;
            case MAX -> Float.NEGATIVE_INFINITY;
            case MIN -> Float.POSITIVE_INFINITY;
        };
    }

    private record Rows(Reduction r, int size, Lanes lanes, Operand x, Operand y) implements Kernel {
        private int rows() {
            return (int) y.type().shape().elements();
        }

        @Override
        public int tasks() {
            return Split.tasks(rows(), size);
        }

        @Override
        public void run(int task, int worker) {
            int tasks = tasks();
            for (int row = Split.first(task, tasks, rows()); row < Split.first(task + 1, tasks, rows()); row++) {
                int from = x.offset() + row * size;
                y.floats()[y.offset() + row] = switch (r) {
                    case SUM -> (float) lanes.sum(x.floats(), from, size);
                    case MEAN -> (float) (lanes.sum(x.floats(), from, size) / size);
                    case MAX -> lanes.max(x.floats(), from, size);
                    case MIN -> lanes.min(x.floats(), from, size);
                };
            }
        }
    }

    /**
     * The axes that are reduced and those that are kept.
     *
     * @param dims        extents of the reduced axes
     * @param strides     elements from one of each to the next
     * @param keptDims    extents of the others
     * @param keptStrides elements from one of each to the next
     * @param size        elements that make a result
     */
    private record Extents(int[] dims, int[] strides, int[] keptDims, int[] keptStrides, int size) {
        static Extents of(ReduceOp.Reduce r, Operand x) {
            Shape s = x.type().shape();
            int[] reduced = r.axes().stream().mapToInt(a -> a).toArray();
            int[] kept = IntStream.range(0, s.rank()).filter(a -> !r.axes().contains(a)).toArray();
            int[] dims = of(reduced, s::size);
            return new Extents(dims, of(reduced, a -> (int) s.strides()[a]), of(kept, s::size),
                    of(kept, a -> (int) s.strides()[a]), Arrays.stream(dims).reduce(1, (a, b) -> a * b));
        }

        private static int[] of(int[] axes, IntUnaryOperator f) {
            return Arrays.stream(axes).map(f).toArray();
        }

        /** Where the operands of a result begin. */
        int start(int result) {
            return offset(keptDims, keptStrides, result);
        }

        /** How far the operand number {@code k} is from there. */
        int step(int k) {
            return offset(dims, strides, k);
        }

        private static int offset(int[] dims, int[] strides, int index) {
            int at = 0;
            int rest = index;
            for (int a = dims.length - 1; a >= 0; a--) {
                at += rest % dims[a] * strides[a];
                rest /= dims[a];
            }
            return at;
        }
    }

    /** Rows to one row. Sums go in two levels, so that errors grow with the square root of the number of elements. */
    private record Columns(Reduction r, Extents extents, int inner, Lanes lanes, Operand x, Operand y, Operand scratch)
            implements
                Kernel {
        private static final int LEVEL = 64;

        private int pieces() {
            return Math.ceilDiv(inner, Norms.COLUMNS);
        }

        private int items() {
            return (int) y.type().shape().elements() / inner * pieces();
        }

        @Override
        public int tasks() {
            return y.type().shape().elements() == 0
                    ? 0
                    : Split.tasks(items(), (long) extents.size * Math.min(inner, Norms.COLUMNS));
        }

        @Override
        public void run(int task, int worker) {
            int tasks = tasks();
            int part = scratch.offset() + worker * Norms.COLUMNS;
            for (int i = Split.first(task, tasks, items()); i < Split.first(task + 1, tasks, items()); i++) {
                int result = i / pieces() * inner + i % pieces() * Norms.COLUMNS;
                int n = Math.min(Norms.COLUMNS, inner - i % pieces() * Norms.COLUMNS);
                piece(x.offset() + extents.start(result), y.offset() + result, n, part);
            }
        }

        private void piece(int from, int to, int n, int part) {
            float[] out = y.floats();
            float[] t = scratch.floats();
            Arithmetic f = arithmetic(r);
            Arrays.fill(out, to, to + n, identity(r));
            for (int first = 0; first < extents.size; first += LEVEL) {
                Arrays.fill(t, part, part + n, identity(r));
                for (int k = first; k < Math.min(extents.size, first + LEVEL); k++) {
                    lanes.binary(f, x.floats(), from + extents.step(k), t, part, t, part, n);
                }
                lanes.binary(f, t, part, out, to, out, to, n);
            }
            if (r == Reduction.MEAN) {
                lanes.binary(Arithmetic.DIVIDE, out, to, (float) extents.size, out, to, n);
            }
        }
    }

    /** Any axes, with or without a count: element by element in float64. */
    private static final class Scattered implements Kernel {
        private final Reduction reduction;
        private final Operand x;
        private final Operand y;
        private final Extents extents;
        private final int counted;
        private final int inner;

        Scattered(ReduceOp.Reduce r, Operand x, Operand y) {
            this.reduction = r.reduction();
            this.x = x;
            this.y = y;
            Shape s = x.type().shape();
            extents = Extents.of(r, x);
            counted = x.count() == null ? -1 : x.count().type().shape().rank();
            inner = counted < 0 ? 1 : (int) s.product(counted + 1, s.rank());
        }

        private int results() {
            return (int) y.type().shape().elements();
        }

        @Override
        public int tasks() {
            return Split.tasks(results(), 8L * extents.size);
        }

        @Override
        public void run(int task, int worker) {
            int tasks = tasks();
            for (int i = Split.first(task, tasks, results()); i < Split.first(task + 1, tasks, results()); i++) {
                y.floats()[y.offset() + i] = (float) reduce(extents.start(i));
            }
        }

        private double reduce(int base) {
            double value = identity(reduction);
            int elements = 0;
            for (int k = 0; k < extents.size; k++) {
                int at = base + extents.step(k);
                if (counted >= 0 && !valid(at)) {
                    continue;
                }
                elements++;
                double v = x.floats()[x.offset() + at];
                value = switch (reduction) {
                    case SUM, MEAN -> value + v;
                    case MAX -> Math.max(value, v);
                    case MIN -> Math.min(value, v);
                };
            }
            return reduction == Reduction.MEAN ? value / elements : value;
        }

        private boolean valid(int at) {
            int row = at / inner;
            int capacity = x.type().shape().size(counted);
            return row % capacity < x.count().ints()[x.count().offset() + row / capacity];
        }
    }

    private record ArgMax(Norms.Axis a, Operand x, Operand y) implements Kernel {
        private int columns() {
            return Math.max(1, a.inner());
        }

        @Override
        public int tasks() {
            return Split.tasks((long) a.outer() * columns(), 2L * a.size());
        }

        @Override
        public void run(int task, int worker) {
            int items = a.outer() * columns();
            int tasks = tasks();
            boolean bytes = y.type().dtype() == DType.U8;
            float[] in = x.floats();
            for (int i = Split.first(task, tasks, items); i < Split.first(task + 1, tasks, items); i++) {
                int outer = i / columns();
                int from = x.offset() + outer * a.size() * columns() + i % columns();
                int best = best(in, from, a.valid(outer));
                if (bytes) {
                    y.bytes()[y.offset() + i] = (byte) best;
                } else {
                    y.ints()[y.offset() + i] = best;
                }
            }
        }

        private int best(float[] in, int from, int n) {
            int best = 0;
            float value = in[from];
            for (int k = 1; k < n; k++) {
                float v = in[from + k * columns()];
                if (v > value || v != v && value == value) {
                    best = k;
                    value = v;
                }
            }
            return best;
        }
    }
}
