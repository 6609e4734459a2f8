package dev.kerf.graph.onnx;

import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.function.LongBinaryOperator;
import java.util.function.LongUnaryOperator;

/** Arithmetic with numbers that are known while a model is recorded: extents, indices, scales, and small weights. */
final class Host {
    private static final ValueLayout.OfLong I64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Host() {}

    /** Whole numbers as a vector. */
    static HostTensor vector(long... values) {
        return HostTensor.of(Shape.of(values.length), values.clone());
    }

    /** A whole number. */
    static HostTensor scalar(long value) {
        return HostTensor.of(Shape.of(), new long[] {value});
    }

    /** Whole numbers of a tensor. */
    static long[] longs(HostTensor t) {
        long[] out = new long[Math.toIntExact(t.elements())];
        Arrays.setAll(out, t::getLong);
        return out;
    }

    /** Numbers of a tensor. */
    static double[] doubles(HostTensor t) {
        double[] out = new double[Math.toIntExact(t.elements())];
        Arrays.setAll(out, t::getDouble);
        return out;
    }

    /** A float32 tensor of numbers. */
    static HostTensor floats(Shape shape, double... values) {
        float[] out = new float[values.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = (float) values[i];
        }
        return HostTensor.of(shape, out);
    }

    /** Sets an element of a type of whole numbers; what doesn't fit wraps around. */
    static void set(HostTensor t, long i, long value) {
        if (t.dtype().bytes() == 8) {
            t.data().set(I64, i * 8, value);
        } else {
            t.setDouble(i, switch (t.dtype()) {
                case I32 -> (int) value;
                case U32 -> value & 0xFFFF_FFFFL;
                case I16 -> (short) value;
                case U16 -> value & 0xFFFF;
                case I8 -> (byte) value;
                case U8 -> value & 0xFF;
                case BOOL -> value == 0 ? 0 : 1;
                default -> value;
            });
        }
    }

    /**
     * As ONNX's Cast: towards zero, whole numbers wrap around, truth is what isn't 0. To int32, which stands for int64 in a
     * graph, what doesn't fit saturates: ends of slices are such.
     */
    static HostTensor cast(HostTensor x, DType to) {
        if (x.dtype() == to) {
            return x;
        }
        if (to.floating()) {
            return x.to(to);
        }
        HostTensor out = HostTensor.zeros(to, x.shape());
        for (long i = 0; i < x.elements(); i++) {
            boolean truth = to == DType.BOOL && x.dtype().floating();
            long v = truth ? (x.getDouble(i) != 0 ? 1 : 0) : x.getLong(i);
            set(out, i, to == DType.I32 && x.dtype() == DType.I64 ? Math.clamp(v, Integer.MIN_VALUE, Integer.MAX_VALUE) : v);
        }
        return out;
    }

    /** A function of each element. */
    static HostTensor unary(HostTensor x, LongUnaryOperator whole, DoubleUnaryOperator real) {
        HostTensor out = HostTensor.zeros(x.dtype(), x.shape());
        for (long i = 0; i < x.elements(); i++) {
            if (x.dtype().floating()) {
                out.setDouble(i, real.applyAsDouble(x.getDouble(i)));
            } else {
                set(out, i, whole.applyAsLong(x.getLong(i)));
            }
        }
        return out;
    }

    /** A function of two elements each; {@code shape} is what both broadcast to. */
    static HostTensor binary(HostTensor a, HostTensor b, Shape shape, DType to, LongBinaryOperator whole,
            DoubleBinaryOperator real) {
        HostTensor x = walk(a, shape, 0, a.shape().stridesTo(shape));
        HostTensor y = walk(b, shape, 0, b.shape().stridesTo(shape));
        boolean floating = a.dtype().floating() || b.dtype().floating();
        HostTensor out = HostTensor.zeros(to, shape);
        for (long i = 0; i < out.elements(); i++) {
            double r = floating ? real.applyAsDouble(x.getDouble(i), y.getDouble(i)) : 0;
            if (to.floating()) {
                out.setDouble(i, floating ? r : whole.applyAsLong(x.getLong(i), y.getLong(i)));
            } else {
                set(out, i, floating ? (long) r : whole.applyAsLong(x.getLong(i), y.getLong(i)));
            }
        }
        return out;
    }

    /** (…, M, K) · (K, N), summed in float64. */
    static HostTensor matMul(HostTensor a, HostTensor b) {
        int inner = b.shape().size(0);
        int columns = b.shape().size(1);
        double[] right = doubles(b);
        double[] left = doubles(a);
        HostTensor out = HostTensor.zeros(a.dtype(), a.shape().with(-1, columns));
        double[] row = new double[columns];
        for (int i = 0; i < left.length / Math.max(inner, 1); i++) {
            Arrays.fill(row, 0);
            for (int k = 0; k < inner; k++) {
                for (int j = 0; j < columns; j++) {
                    row[j] += left[i * inner + k] * right[k * columns + j];
                }
            }
            for (int j = 0; j < columns; j++) {
                out.setDouble((long) i * columns + j, row[j]);
            }
        }
        return out;
    }

    /** Elements at strides from the first, in the order of a shape. */
    static HostTensor walk(HostTensor x, Shape shape, long first, long[] strides) {
        if (first == 0 && x.shape().elements() == shape.elements() && Arrays.equals(strides, shape.strides())) {
            return x.reshape(shape);
        }
        int size = x.dtype().bytes();
        HostTensor out = HostTensor.zeros(x.dtype(), shape);
        MemorySegment from = x.data();
        MemorySegment to = out.data();
        long[] index = new long[shape.rank()];
        long at = first;
        for (long i = 0, n = shape.elements(); i < n; i++) {
            MemorySegment.copy(from, at * size, to, i * size, size);
            for (int axis = index.length - 1; axis >= 0; axis--) {
                at += strides[axis];
                if (++index[axis] < shape.dim(axis)) {
                    break;
                }
                at -= index[axis] * strides[axis];
                index[axis] = 0;
            }
        }
        return out;
    }

    /** Tensors one after the other along an axis. */
    static HostTensor concat(int axis, List<HostTensor> parts) {
        Shape first = parts.getFirst().shape();
        long n = parts.stream().mapToLong(p -> p.shape().dim(axis)).sum();
        HostTensor out = HostTensor.zeros(parts.getFirst().dtype(), first.with(axis, n));
        int size = out.dtype().bytes();
        long outer = first.product(0, axis);
        long whole = out.shape().product(axis, first.rank()) * size;
        long at = 0;
        for (HostTensor p : parts) {
            long length = p.shape().product(axis, first.rank()) * size;
            for (long o = 0; o < outer; o++) {
                MemorySegment.copy(p.data(), o * length, out.data(), o * whole + at, length);
            }
            at += length;
        }
        return out;
    }

    /** Elements of an axis by their indices, which are within it. */
    static HostTensor take(HostTensor x, int axis, long[] indices) {
        Shape shape = x.shape().with(axis, indices.length);
        HostTensor out = HostTensor.zeros(x.dtype(), shape);
        long inner = shape.product(axis + 1, shape.rank()) * x.dtype().bytes();
        long n = x.shape().dim(axis);
        for (long o = 0; o < shape.product(0, axis); o++) {
            for (int i = 0; i < indices.length; i++) {
                MemorySegment.copy(x.data(), (o * n + indices[i]) * inner, out.data(), (o * indices.length + i) * inner, inner);
            }
        }
        return out;
    }
}
