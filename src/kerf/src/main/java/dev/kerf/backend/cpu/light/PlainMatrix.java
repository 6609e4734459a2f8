package dev.kerf.backend.cpu.light;

import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.backend.cpu.kernel.Operand;
import dev.kerf.backend.cpu.kernel.RowPlaces;
import dev.kerf.backend.cpu.kernel.Site;
import dev.kerf.graph.MatrixOp;
import dev.kerf.graph.PointwiseOp.Arithmetic;
import dev.kerf.graph.PointwiseOp.Function;
import dev.kerf.tensor.Shape;
import java.util.Arrays;

/** Matrix product and attention row by row. */
final class PlainMatrix {
    private PlainMatrix() {}

    static Kernel of(MatrixOp.MatMul op, Site site, Lanes lanes) {
        return new Product(op, site, lanes);
    }

    static Kernel of(MatrixOp.Attention op, Site site, Lanes lanes) {
        return new Attention(op, site, lanes);
    }

    private static int valid(Operand x, int axis, int first) {
        int size = x.type().shape().size(axis);
        if (x.count() == null || x.count().type().shape().rank() != axis) {
            return size;
        }
        int item = (int) x.type().shape().product(axis, x.type().shape().rank());
        return Math.clamp(x.count().ints()[x.count().offset() + first / Math.max(1, item)], 0, size);
    }

    private static final class Product implements Kernel {
        private final MatrixOp.MatMul op;
        private final Lanes lanes;
        private final Operand a;
        private final Operand b;
        private final Operand bias;
        private final Operand residual;
        private final Operand y;
        private final Function after;
        private final int m;
        private final int n;
        private final int k;
        private final int rows;
        private final int[] aItems;
        private final int[] bItems;

        Product(MatrixOp.MatMul op, Site site, Lanes lanes) {
            this.op = op;
            this.lanes = lanes;
            this.a = site.operand(0);
            this.b = site.operand(1);
            this.bias = op.bias() ? site.operand(2) : null;
            this.residual = op.residual() ? site.operand(site.node().inputs().size() - 1) : null;
            this.y = site.result(0);
            this.after = Pointwise.function(op.activation());
            Shape s = y.type().shape();
            this.m = s.size(-2);
            this.n = s.size(-1);
            this.k = a.type().shape().size(op.transposeA() ? -2 : -1);
            Shape batch = leading(s);
            this.rows = (int) batch.elements() * m;
            this.aItems = items(batch, leading(a.type().shape()));
            this.bItems = items(batch, leading(b.type().shape()));
        }

        private static Shape leading(Shape s) {
            return Shape.of(Arrays.copyOf(s.dims(), s.rank() - 2));
        }

        /** Which matrix of an operand makes each matrix of the result. */
        private static int[] items(Shape batch, Shape operand) {
            Traversal walk = Traversal.of(batch, operand.stridesTo(batch));
            int[] items = new int[(int) batch.elements()];
            for (int i = 0; i < items.length; i++) {
                items[i] = walk.at(0, i);
            }
            return items;
        }

        @Override
        public int tasks() {
            return n == 0 ? 0 : Split.tasks(rows, (long) n * k);
        }

        @Override
        public void run(int task, int worker) {
            int tasks = tasks();
            for (int row = Split.first(task, tasks, rows); row < Split.first(task + 1, tasks, rows); row++) {
                row(row / m, row % m, y.offset() + row * n);
            }
        }

        private void row(int item, int i, int to) {
            int fromA = aItems[item] * m * k;
            int fromB = bItems[item] * k * n;
            int rank = a.type().shape().rank();
            int inner = Math.min(valid(a, rank - (op.transposeA() ? 2 : 1), fromA),
                    valid(b, b.type().shape().rank() - (op.transposeB() ? 1 : 2), fromB));
            if (!op.transposeA() && i >= valid(a, rank - 2, fromA)) {
                return;
            }
            float[] out = y.floats();
            Arrays.fill(out, to, to + n, 0);
            for (int p = 0; p < inner && !op.transposeB(); p++) {
                lanes.addScaled(left(fromA, i, p), b.floats(), b.offset() + fromB + p * n, out, to, n);
            }
            for (int j = 0; j < n && op.transposeB(); j++) {
                out[to + j] = dot(fromA, i, b.offset() + fromB + j * k, inner);
            }
            if (op.alpha() != 1) {
                lanes.scale(op.alpha(), out, to, out, to, n);
            }
            if (bias != null) {
                lanes.binary(Arithmetic.ADD, out, to, bias.floats(), bias.offset(), out, to, n);
            }
            if (residual != null) {
                lanes.binary(Arithmetic.ADD, out, to, residual.floats(), residual.offset() + to - y.offset(), out, to, n);
            }
            if (after != null) {
                lanes.unary(after, out, to, out, to, n);
            }
        }

        private float left(int from, int i, int p) {
            return a.floats()[a.offset() + from + (op.transposeA() ? p * m + i : i * k + p)];
        }

        private float dot(int fromA, int i, int fromB, int inner) {
            if (!op.transposeA()) {
                return lanes.dot(a.floats(), a.offset() + fromA + i * k, b.floats(), fromB, inner);
            }
            float sum = 0;
            for (int p = 0; p < inner; p++) {
                sum += left(fromA, i, p) * b.floats()[fromB + p];
            }
            return sum;
        }
    }

    /** One query at a time; its scores lie in scratch. */
    private static final class Attention implements Kernel {
        private final MatrixOp.Attention op;
        private final Lanes lanes;
        private final Operand q;
        private final Operand k;
        private final Operand v;
        private final Operand bias;
        private final Operand y;
        private final Operand scratch;
        private final RowPlaces qAt;
        private final RowPlaces kAt;
        private final RowPlaces vAt;
        private final RowPlaces yAt;
        private final int batch;
        private final int keyBatch;
        private final int heads;
        private final int queries;
        private final int depth;
        private final int keys;
        private final int width;
        private final Traversal biasWalk;

        Attention(MatrixOp.Attention op, Site site, Lanes lanes) {
            this.op = op;
            this.lanes = lanes;
            this.q = site.operand(0);
            this.k = site.operand(1);
            this.v = site.operand(2);
            this.bias = op.bias() ? site.operand(3) : null;
            this.y = site.result(0);
            this.scratch = site.scratch();
            this.qAt = RowPlaces.of(op, 0, q);
            this.kAt = RowPlaces.of(op, 1, k);
            this.vAt = RowPlaces.of(op, 2, v);
            this.yAt = RowPlaces.of(op, 3, y);
            Shape shape = op.shape(0, site.node());
            this.batch = shape.size(0);
            this.heads = shape.size(1);
            this.queries = shape.size(2);
            this.depth = shape.size(3);
            this.keyBatch = op.shape(1, site.node()).size(0);
            this.keys = op.shape(1, site.node()).size(2);
            this.width = op.shape(2, site.node()).size(3);
            this.biasWalk = bias == null
                    ? null
                    : Traversal.broadcast(
                            Shape.of(batch, heads, queries, keys), bias.type().shape());
        }

        private int rows() {
            return batch * heads * queries;
        }

        @Override
        public int tasks() {
            return Split.tasks(rows(), (long) keys * (depth + width));
        }

        @Override
        public void run(int task, int worker) {
            int tasks = tasks();
            for (int row = Split.first(task, tasks, rows()); row < Split.first(task + 1, tasks, rows()); row++) {
                row(row, scratch.offset() + worker * keys);
            }
        }

        private void row(int row, int p) {
            int item = row / queries;
            int from = keyBatch == 1 ? item % heads : item;
            int valid = op.places().isEmpty()
                    ? Math.min(valid(k, 2, from * keys * depth), valid(v, 2, from * keys * width))
                    : keys;
            int query = qAt.start(q, item / heads, item % heads) + qAt.row(row % queries);
            int key = kAt.start(k, from / heads, from % heads);
            int value = vAt.start(v, from / heads, from % heads);
            float[] t = scratch.floats();
            for (int j = 0; j < valid; j++) {
                t[p + j] = op.scale() * lanes.dot(q.floats(), query, k.floats(), key + kAt.row(j), depth)
                        + (bias == null ? 0 : bias.floats()[bias.offset() + biasWalk.at(0, row * keys + j)]);
            }
            int to = yAt.start(y, item / heads, item % heads) + yAt.row(row % queries);
            Arrays.fill(y.floats(), to, to + width, 0);
            float max = lanes.max(t, p, valid);
            if (max == Float.NEGATIVE_INFINITY) {
                return;
            }
            double sum = lanes.expSum(t, p, max, t, p, valid);
            for (int j = 0; j < valid; j++) {
                if (t[p + j] != 0) {
                    lanes.addScaled((float) (t[p + j] / sum), v.floats(), value + vAt.row(j), y.floats(), to, width);
                }
            }
        }
    }
}
