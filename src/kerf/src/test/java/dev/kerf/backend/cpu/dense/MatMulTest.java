package dev.kerf.backend.cpu.dense;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.graph.MatrixOp.MatMul;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class MatMulTest {
    private static final double EPS = Math.ulp(1f) / 2;
    private static final long[] NONE = {};

    private static void check(int m, int k, int n, long[] leadA, long[] leadB, boolean fixed) {
        for (int t = 0; t < 4; t++) {
            check(new MatMul((t & 1) == 1, (t & 2) == 2, 1f, Activation.NONE, t == 1, t == 2), m, k, n, leadA, leadB,
                    fixed);
        }
    }

    private static void check(MatMul op, int m, int k, int n, long[] leadA, long[] leadB, boolean fixed) {
        List<TensorType> in = new ArrayList<>();
        in.add(matrix(leadA, op.transposeA() ? k : m, op.transposeA() ? m : k));
        in.add(matrix(leadB, op.transposeB() ? n : k, op.transposeB() ? k : n));
        if (op.bias()) {
            in.add(TensorType.f32(n));
        }
        if (op.residual()) {
            in.add(matrix(leadA.length >= leadB.length ? leadA : leadB, m, n));
        }
        Bed bed = new Bed(
                new DenseKernels(), op, 1 + m % 3, fixed, m % 2 * 3, m * 31L + n, in.toArray(TensorType[]::new))
                .run();
        assertTrue(bed.intact(), () -> bed.node + ": wrote outside");
        compare(bed, op, m, k, n);
    }

    private static TensorType matrix(long[] lead, long rows, long cols) {
        long[] dims = java.util.Arrays.copyOf(lead, lead.length + 2);
        dims[lead.length] = rows;
        dims[lead.length + 1] = cols;
        return TensorType.f32(dims);
    }

    private static void compare(Bed bed, MatMul op, int m, int k, int n) {
        float[] a = bed.dense(0);
        float[] b = bed.dense(1);
        float[] y = bed.dense();
        float[] bias = op.bias() ? bed.dense(2) : new float[n];
        float[] residual = op.residual() ? bed.dense(bed.node.inputs().size() - 1) : new float[y.length];
        Shape shape = bed.node.output().type().shape();
        double scale = 5 + Math.sqrt(k);
        for (int i = 0; i < y.length; i++) {
            int col = i % n;
            int row = i / n % m;
            int ai = start(bed.node.input(0).type().shape(), shape, i / n / m);
            int bi = start(bed.node.input(1).type().shape(), shape, i / n / m);
            double sum = 0;
            double size = 0;
            for (int j = 0; j < k; j++) {
                double t = (double) op.alpha() * a[ai + (op.transposeA() ? j * m + row : row * k + j)]
                        * b[bi + (op.transposeB() ? col * k + j : j * n + col)];
                sum += t;
                size += Math.abs(t);
            }
            sum += (double) bias[col] + residual[i];
            double bound = scale * EPS * (size + Math.abs(bias[col]) + Math.abs(residual[i]) + 1e-3);
            double expected = Bed.function(op.activation()).applyAsDouble(sum);
            double actual = y[i];
            int at = i;
            assertTrue(Math.abs(actual - expected) <= bound,
                    () -> bed.node + " at " + at + ": " + actual + ", expected " + expected + " ± " + bound);
        }
    }

    /** NumPy's broadcasting, worked out anew. */
    private static int start(Shape own, Shape product, int matrix) {
        int left = matrix;
        int at = 0;
        for (int axis = product.rank() - 3; axis >= 0; axis--) {
            int i = left % (int) product.dim(axis);
            left /= (int) product.dim(axis);
            int d = axis - (product.rank() - own.rank());
            at += d >= 0 && own.dim(d) > 1 ? i * (int) own.product(d + 1, own.rank()) : 0;
        }
        return at;
    }

    @Test
    void anySize() {
        int[] sizes = {1, 2, 5, 12, 13, 31, 64};
        for (int m : sizes) {
            for (int k : sizes) {
                for (int n : sizes) {
                    check(m, k, n, NONE, NONE, (m + k + n) % 2 == 0);
                }
            }
        }
    }

    @Test
    void severalBlocks() {
        check(211, 307, 101, NONE, NONE, true);
        check(211, 307, 701, NONE, NONE, false);
        check(3, 521, 1031, NONE, NONE, true);
        check(1, 521, 67, NONE, NONE, true);
        check(409, 1, 3, NONE, NONE, false);
        check(201, 4001, 131, NONE, NONE, true);
        check(55, 4097, 70, NONE, NONE, false);
    }

    @Test
    void leadingAxesBroadcast() {
        check(7, 33, 19, new long[] {3}, new long[] {3}, false);
        check(7, 33, 19, new long[] {3}, NONE, true);
        check(49, 32, 96, new long[] {2, 5}, NONE, true);
        check(7, 33, 19, new long[] {2, 3}, new long[] {3}, false);
        check(7, 33, 19, new long[] {2, 3}, new long[] {2, 1}, false);
        check(7, 33, 19, NONE, new long[] {2, 3}, false);
        check(1, 8, 70, new long[] {4, 1}, new long[] {4, 1}, false);
        // Weights of more than one matrix are packed one after the other.
        check(7, 33, 19, new long[] {3}, new long[] {3}, true);
        check(13, 300, 71, new long[] {2, 3}, new long[] {3}, true);
        check(13, 5, 130, new long[] {2, 3}, new long[] {2, 1}, true);
        check(7, 33, 19, NONE, new long[] {2, 3}, true);
        check(1, 257, 70, new long[] {4, 1}, new long[] {4, 1}, true);
        check(1, 64, 1, new long[] {2}, new long[] {1}, true);
    }

    @Test
    void alphaBiasResidualAndActivation() {
        for (Activation act : Activation.values()) {
            check(new MatMul(false, true, 0.125f, act, true, true), 17, 40, 35, new long[] {2}, NONE, true);
            check(new MatMul(false, false, -3f, act, true, false), 13, 7, 48, new long[] {2}, new long[] {2}, false);
        }
    }
}
