package dev.kerf.check.oracle;

import dev.kerf.backend.cpu.kernel.Functions;
import dev.kerf.graph.MatrixOp;
import dev.kerf.tensor.Shape;
import java.util.List;
import java.util.stream.IntStream;

/** Matrix product and attention. */
final class ScalarMatrix {
    private ScalarMatrix() {}

    static void matMul(MatrixOp.MatMul op, List<Wide> in, Wide y) {
        Wide a = in.get(0);
        Wide b = in.get(1);
        int m = y.dim(-2);
        int n = y.dim(-1);
        int k = a.dim(op.transposeA() ? -2 : -1);
        Shape batch = leading(y.type().shape());
        long[] aStrides = leading(a.type().shape()).stridesTo(batch);
        long[] bStrides = leading(b.type().shape()).stridesTo(batch);
        IntStream.range(0, Math.toIntExact(batch.elements()) * m).parallel().forEach(row -> {
            int item = row / m;
            int i = row % m;
            int aFirst = offset(batch, aStrides, item) * m * k;
            int bFirst = offset(batch, bStrides, item) * k * n;
            // A count along the inner axis leaves the products past it out.
            int valid = Math.min(a.valid(a.rank() - (op.transposeA() ? 2 : 1), aFirst),
                    b.valid(b.rank() - (op.transposeB() ? 1 : 2), bFirst));
            for (int j = 0; j < n; j++) {
                double sum = 0;
                for (int p = 0; p < valid; p++) {
                    sum += a.v()[aFirst + (op.transposeA() ? p * m + i : i * k + p)]
                            * b.v()[bFirst + (op.transposeB() ? j * k + p : p * n + j)];
                }
                int at = row * n + j;
                sum = op.alpha() * sum + (op.bias() ? in.get(2).v()[j] : 0)
                        + (op.residual() ? in.getLast().v()[at] : 0);
                y.v()[at] = Functions.apply(op.activation(), sum);
            }
        });
    }

    static void attention(MatrixOp.Attention op, List<Wide> in, Wide y) {
        Wide q = in.get(0);
        Wide k = in.get(1);
        Wide v = in.get(2);
        Shape shape = op.shape(0, q.type().shape());
        Shape kShape = op.shape(1, k.type().shape());
        Shape vShape = op.shape(2, v.type().shape());
        int heads = shape.size(1);
        int queries = shape.size(2);
        int depth = shape.size(3);
        int keys = kShape.size(2);
        int width = vShape.size(3);
        List<MatrixOp.Rows> at = op.places().isEmpty()
                ? List.of(MatrixOp.Rows.dense(shape), MatrixOp.Rows.dense(kShape), MatrixOp.Rows.dense(vShape),
                        MatrixOp.Rows.dense(y.type().shape()))
                : op.places();
        Shape scores = Shape.of(shape.dim(0), heads, queries, keys);
        long[] biasStrides = op.bias() ? in.get(3).type().shape().stridesTo(scores) : null;
        IntStream.range(0, Math.toIntExact(shape.dim(0)) * heads).parallel().forEach(item -> {
            double[] p = new double[keys];
            int kItem = kShape.dim(0) == 1 ? item % heads : item;
            int valid = op.places().isEmpty()
                    ? Math.min(k.valid(2, kItem * keys * depth), v.valid(2, kItem * keys * width))
                    : keys;
            int[] keyAt = IntStream.range(0, valid).map(j -> (int) (at.get(1).item(kItem) + at.get(1).row(j))).toArray();
            int[] valueAt = IntStream.range(0, valid).map(j -> (int) (at.get(2).item(kItem) + at.get(2).row(j))).toArray();
            for (int i = 0; i < queries; i++) {
                int queryAt = (int) (at.get(0).item(item) + at.get(0).row(i));
                int resultAt = (int) (at.get(3).item(item) + at.get(3).row(i));
                double max = Double.NEGATIVE_INFINITY;
                for (int j = 0; j < valid; j++) {
                    double dot = 0;
                    for (int d = 0; d < depth; d++) {
                        dot += q.v()[queryAt + d] * k.v()[keyAt[j] + d];
                    }
                    p[j] = op.scale() * dot;
                    if (op.bias()) {
                        p[j] += in.get(3).v()[offset(scores, biasStrides, (item * queries + i) * keys + j)];
                    }
                    max = Math.max(max, p[j]);
                }
                double total = 0;
                for (int j = 0; j < valid; j++) {
                    // Where every key is masked, −∞ − −∞ would be NaN; such a row has no key and is zero.
                    p[j] = max == Double.NEGATIVE_INFINITY ? 0 : Math.exp(p[j] - max);
                    total += p[j];
                }
                for (int d = 0; d < width; d++) {
                    double sum = 0;
                    for (int j = 0; j < valid; j++) {
                        sum += p[j] == 0 ? 0 : p[j] * v.v()[valueAt[j] + d];
                    }
                    y.v()[resultAt + d] = total == 0 ? 0 : sum / total;
                }
            }
        });
    }

    static void rotary(List<Wide> in, Wide y) {
        Wide x = in.get(0);
        int pairs = in.get(1).dim(1);
        int angles = in.get(1).dim(0) * pairs;
        for (int row = 0; row * 2 * pairs < x.v().length; row++) {
            for (int p = 0; p < pairs; p++) {
                int at = row * 2 * pairs + p;
                double cos = in.get(1).v()[(row * pairs + p) % angles];
                double sin = in.get(2).v()[(row * pairs + p) % angles];
                y.v()[at] = x.v()[at] * cos - x.v()[at + pairs] * sin;
                y.v()[at + pairs] = x.v()[at] * sin + x.v()[at + pairs] * cos;
            }
        }
    }

    private static Shape leading(Shape s) {
        return Shape.of(java.util.Arrays.copyOf(s.dims(), s.rank() - 2));
    }

    /** Where element {@code index} (row-major in {@code shape}) lies under other strides. */
    static int offset(Shape shape, long[] strides, int index) {
        long at = 0;
        int rest = index;
        for (int axis = shape.rank() - 1; axis >= 0; axis--) {
            at += rest % shape.size(axis) * strides[axis];
            rest /= shape.size(axis);
        }
        return (int) at;
    }
}
