package dev.kerf.graph.plan;

import dev.kerf.graph.MoveOp;
import dev.kerf.graph.Op;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.PointwiseOp.Arithmetic;
import dev.kerf.graph.PointwiseOp.Binary;
import dev.kerf.tensor.Shape;
import java.util.List;

/** What ops make of numbers that are known when weights are loaded, in float64. */
final class KnownValues {
    private KnownValues() {}

    /** Whether {@link #of} knows the op. */
    static boolean knows(Op op) {
        return switch (op) {
            case MoveOp.Pad p -> false;
            case MoveOp m -> true;
            case Binary b -> b.activation() == Activation.NONE && b.arithmetic() != Arithmetic.POWER;
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
                for (int i = 0; i < left.length; i++) {
                    left[i] = apply(b.arithmetic(), left[i], right[i]);
                }
                yield left;
            }
            default -> throw new IllegalArgumentException(op + " isn't folded");
        };
    }

    /** Elements of x at strides from the first, in the order of a shape; a new array. */
    private static double[] walked(double[] x, Shape shape, long first, long[] strides) {
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
