package dev.kerf.graph.plan;

import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.MatrixOp.MatMul;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.Op;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.PointwiseOp.Arithmetic;
import dev.kerf.graph.PointwiseOp.Binary;
import dev.kerf.graph.SpatialOp.Resize;
import dev.kerf.tensor.Shape;
import java.util.Arrays;
import java.util.List;

/** What ops make of numbers that are known when weights are loaded, in float64. */
final class KnownValues {
    private KnownValues() {}

    /** Whether {@link #of} knows the node's op. */
    static boolean knows(Node n) {
        return switch (n.op()) {
            case MoveOp.Pad p -> false;
            case MoveOp m -> true;
            case Binary b -> b.activation() == Activation.NONE && b.arithmetic() != Arithmetic.POWER;
            case MatMul m -> m.activation() == Activation.NONE && n.output().type().shape().rank() == 2;
            case Resize r -> true;
            default -> false;
        };
    }

    /**
     * The result's elements.
     *
     * @param shape  of the result
     * @param shapes of the operands
     * @param values of the operands, row by row
     */
    static double[] of(Op op, Shape shape, List<Shape> shapes, List<double[]> values) {
        double[] x = values.getFirst();
        Shape from = shapes.getFirst();
        long[] strides = from.strides();
        return switch (op) {
            case MoveOp.Reshape r -> x;
            case MoveOp.Expand e -> walked(x, shape, 0, from.stridesTo(shape));
            case MoveOp.Permute p -> walked(x, shape, 0, p.order().stream().mapToLong(a -> strides[a]).toArray());
            case MoveOp.Slice s -> {
                long first = s.start() * strides[s.axis()];
                strides[s.axis()] *= s.step();
                yield walked(x, shape, first, strides);
            }
            case MoveOp.Concat c -> joined(c.axis(), shape, shapes, values);
            case MoveOp.Gather g -> rows(x, from, values.get(1));
            case Binary b -> {
                double[] left = walked(x, shape, 0, from.stridesTo(shape));
                double[] right = walked(values.get(1), shape, 0, shapes.get(1).stridesTo(shape));
                double[] out = new double[left.length];
                for (int i = 0; i < out.length; i++) {
                    out[i] = apply(b.arithmetic(), left[i], right[i]);
                }
                yield out;
            }
            case MatMul m -> product(m, shape, from.size(m.transposeA() ? 0 : 1), values);
            case Resize r -> {
                int planes = Math.toIntExact(from.product(0, 2));
                double[] wide = resampled(x, planes * from.size(2), 1, ResizeTaps.columns(r, from.size(3)));
                yield resampled(wide, planes, r.outW(), ResizeTaps.rows(r, from.size(2)));
            }
            default -> throw new IllegalArgumentException(op + " isn't folded");
        };
    }

    /** Elements of x at strides from the first, in the order of a shape: x itself if they lie so. */
    private static double[] walked(double[] x, Shape shape, long first, long[] strides) {
        if (x.length == shape.elements() && Arrays.equals(strides, shape.strides())) {
            return x;
        }
        double[] out = new double[Math.toIntExact(shape.elements())];
        long[] at = new long[shape.rank()];
        long from = first;
        for (int i = 0; i < out.length; i++) {
            out[i] = x[(int) from];
            for (int axis = at.length - 1; axis >= 0; axis--) {
                from += strides[axis];
                if (++at[axis] < shape.dim(axis)) {
                    break;
                }
                from -= at[axis] * strides[axis];
                at[axis] = 0;
            }
        }
        return out;
    }

    private static double[] product(MatMul op, Shape shape, int depth, List<double[]> values) {
        int rows = shape.size(0);
        int columns = shape.size(1);
        double[] a = values.get(0);
        double[] b = values.get(1);
        double[] out = new double[Math.toIntExact(shape.elements())];
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                double sum = 0;
                for (int k = 0; k < depth; k++) {
                    sum += a[op.transposeA() ? k * rows + i : i * depth + k]
                            * b[op.transposeB() ? j * depth + k : k * columns + j];
                }
                int at = i * columns + j;
                out[at] = op.alpha() * sum + (op.bias() ? values.get(2)[j] : 0) + (op.residual() ? values.getLast()[at] : 0);
            }
        }
        return out;
    }

    /** x (outer, n, inner) with an axis of another length. */
    private static double[] resampled(double[] x, int outer, int inner, ResizeTaps axis) {
        int taps = axis.taps();
        int length = axis.index().length / taps;
        int n = outer == 0 || inner == 0 ? 0 : x.length / outer / inner;
        double[] out = new double[Math.multiplyExact(outer * inner, length)];
        for (int o = 0; o < outer; o++) {
            for (int t = 0; t < length * taps; t++) {
                int from = (o * n + axis.index()[t]) * inner;
                int to = (o * length + t / taps) * inner;
                for (int i = 0; i < inner; i++) {
                    out[to + i] += axis.weight()[t] * x[from + i];
                }
            }
        }
        return out;
    }

    private static double[] joined(int axis, Shape shape, List<Shape> shapes, List<double[]> values) {
        double[] out = new double[Math.toIntExact(shape.elements())];
        int whole = Math.toIntExact(shape.product(axis, shape.rank()));
        int at = 0;
        for (int i = 0; i < values.size(); i++) {
            int part = Math.toIntExact(shapes.get(i).product(axis, shape.rank()));
            for (int row = 0; row * whole < out.length; row++) {
                System.arraycopy(values.get(i), row * part, out, row * whole + at, part);
            }
            at += part;
        }
        return out;
    }

    private static double[] rows(double[] x, Shape from, double[] index) {
        int row = Math.toIntExact(from.product(1, from.rank()));
        double[] out = new double[index.length * row];
        for (int i = 0; i < index.length; i++) {
            System.arraycopy(x, (int) index[i] * row, out, i * row, row);
        }
        return out;
    }

    private static double apply(Arithmetic f, double a, double b) {
        return switch (f) {
            case ADD -> a + b;
            case SUBTRACT -> a - b;
            case MULTIPLY -> a * b;
            case DIVIDE -> a / b;
            case MAX -> Math.max(a, b);
            case MIN -> Math.min(a, b);
            case POWER -> throw new IllegalArgumentException(f + " isn't folded");
        };
    }
}
