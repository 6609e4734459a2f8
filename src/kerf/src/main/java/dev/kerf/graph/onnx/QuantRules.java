package dev.kerf.graph.onnx;

import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.PointwiseOp.Arithmetic;
import dev.kerf.graph.PointwiseOp.Cast;
import dev.kerf.graph.PointwiseOp.Clamp;
import dev.kerf.graph.PointwiseOp.Function;
import dev.kerf.graph.ReduceOp;
import dev.kerf.graph.ReduceOp.Reduction;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.onnx.OnnxTensor;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Quantised forms, in float32: what is stored as whole numbers is computed with as such, so that a result is the same as long as
 * sums are below 2^24.
 */
final class QuantRules {
    private QuantRules() {}

    static Map<String, Rule> rules() {
        return Map.of("DequantizeLinear", QuantRules::dequantize, "QuantizeLinear", QuantRules::quantize,
                "DynamicQuantizeLinear", QuantRules::dynamic, "ConvInteger", QuantRules::convInteger,
                "MatMulInteger", QuantRules::matMulInteger, "QLinearConv", QuantRules::conv, "QLinearMatMul",
                QuantRules::matMul);
    }

    /** A scale or zero point of each place along an axis, or of blocks of places, in a form that broadcasts with x. */
    private static Value spread(Imported n, Value v, Shape x, int axis, long block) {
        Shape s = v.type().shape();
        if (s.elements() == 1) {
            return n.g.reshape(v);
        }
        if (block > 0) {
            long[] apart = new long[s.rank() + 1];
            System.arraycopy(s.dims(), 0, apart, 0, axis + 1);
            apart[axis + 1] = 1;
            System.arraycopy(s.dims(), axis + 1, apart, axis + 2, s.rank() - axis - 1);
            Shape wide = Shape.of(apart).with(axis + 1, block);
            return n.g.reshape(Moves.expand(n.g, Operand.of(n.g.reshape(v, apart)), wide).value(n.g),
                    s.with(axis, s.dim(axis) * block).dims());
        }
        if (s.rank() != 1 || s.dim(0) != x.dim(axis)) {
            return v;
        }
        long[] dims = new long[x.rank()];
        Arrays.fill(dims, 1);
        dims[axis] = s.dim(0);
        return n.g.reshape(v, dims);
    }

    private static int axis(Imported n) {
        int rank = n.shape(0).rank();
        long axis = n.integer("axis", 1);
        return rank == 0 ? 0 : n.axis(Math.min(axis, rank - 1), rank);
    }

    private static void dequantize(Imported n) {
        HostTensor x = n.in(0).known();
        HostTensor scale = n.in(1).known();
        HostTensor zero = n.has(2) ? n.in(2).known() : null;
        Shape s = n.shape(0);
        int axis = axis(n);
        long block = n.integer("block_size", 0);
        if (x != null && scale != null && (!n.has(2) || zero != null) && scale.shape().rank() <= 1 && block == 0) {
            long inner = s.rank() == 0 ? 1 : s.product(axis + 1, s.rank());
            float[] out = new float[Math.toIntExact(x.elements())];
            for (int i = 0; i < out.length; i++) {
                long c = scale.elements() == 1 ? 0 : i / inner % s.dim(axis);
                double off = zero == null ? 0 : zero.getDouble(zero.elements() == 1 ? 0 : c);
                out[i] = (float) ((x.getDouble(i) - off) * scale.getDouble(c));
            }
            n.out(HostTensor.of(s, out));
            return;
        }
        n.out(scaled(n, less(n, n.f32(0), n.has(2) ? n.f32(2) : null, s, axis, block), n.f32(1), s, axis, block));
    }

    private static Value scaled(Imported n, Value x, Value scale, Shape s, int axis, long block) {
        return n.g.multiply(x, spread(n, scale, s, axis, block));
    }

    private static Value less(Imported n, Value x, @Nullable Value zero, Shape s, int axis, long block) {
        return zero == null ? x : n.g.binary(Arithmetic.SUBTRACT, x, spread(n, zero, s, axis, block));
    }

    /** Least and greatest number of the type that a node quantises to. */
    private static float[] range(Imported n, int zero) {
        int said = (int) n.integer("output_dtype", 0);
        HostTensor known = n.has(zero) ? n.in(zero).known() : null;
        if (n.has(zero) && known == null && n.in(zero).type().dtype() != DType.U8) {
            throw n.refuse("its zero points, which say what type it quantises to, are only known in a run");
        }
        DType type = known != null
                ? known.dtype()
                : n.has(zero) ? n.in(zero).type().dtype() : said == 0 ? DType.U8 : OnnxTensor.dtype(said);
        if (type == null || said > 16) {
            throw n.refuse("there is no element type " + OnnxTensor.typeName(said));
        }
        return switch (type) {
            case U8, BOOL -> new float[] {0, 255};
            case I8 -> new float[] {-128, 127};
            case U16 -> new float[] {0, 65535};
            case I16 -> new float[] {-32768, 32767};
            default -> throw n.refuse("quantises to " + type);
        };
    }

    private static void quantize(Imported n) {
        Shape s = n.shape(0);
        int axis = axis(n);
        long block = n.integer("block_size", 0);
        Value scale = spread(n, n.f32(1), s, axis, block);
        Value zero = n.has(2) ? spread(n, n.f32(2), s, axis, block) : null;
        n.out(quantized(n, n.g.binary(Arithmetic.DIVIDE, n.f32(0), scale), zero, range(n, 2)));
    }

    private static Value quantized(Imported n, Value x, @Nullable Value zero, float[] range) {
        Value whole = n.g.unary(Function.ROUND_HALF_EVEN, x);
        return n.add(new Clamp(range[0], range[1]), zero == null ? whole : n.g.add(whole, zero));
    }

    private static void dynamic(Imported n) {
        Value x = n.f32(0);
        List<Integer> axes = IntStream.range(0, n.shape(0).rank()).boxed().toList();
        Value zero = n.g.constant(0);
        Value high = n.g.binary(Arithmetic.MAX, n.add(new ReduceOp.Reduce(Reduction.MAX, axes, false), x), zero);
        Value low = n.g.binary(Arithmetic.MIN, n.add(new ReduceOp.Reduce(Reduction.MIN, axes, false), x), zero);
        Value scale = n.g.binary(Arithmetic.DIVIDE, n.g.binary(Arithmetic.SUBTRACT, high, low), n.g.constant(255));
        Value from = n.g.unary(Function.NEGATE, n.g.binary(Arithmetic.DIVIDE, low, scale));
        Value point = n.g.unary(Function.ROUND_HALF_EVEN, n.add(new Clamp(0, 255), from));
        n.out(quantized(n, n.g.binary(Arithmetic.DIVIDE, x, scale), point, new float[] {0, 255}), scale, point);
    }

    private static @Nullable Value optional(Imported n, int i) {
        return n.has(i) ? n.f32(i) : null;
    }

    private static void convInteger(Imported n) {
        Value x = less(n, n.f32(0), optional(n, 2), n.shape(0), 1, 0);
        Value w = less(n, n.f32(1), optional(n, 3), n.shape(1), 0, 0);
        n.out(n.add(new Cast(DType.I32), SpatialRules.conv(n, x, w, null)));
    }

    /** A zero point of a matrix: of each row on the left, of each column on the right, or one. */
    private static Value of(Imported n, @Nullable Value zero, Value x, boolean left) {
        if (zero == null) {
            return x;
        }
        Shape s = zero.type().shape();
        Value wide = s.rank() == 1 && s.dim(0) > 1 && left
                ? n.g.reshape(zero, s.dim(0), 1)
                : s.elements() == 1
                        ? n.g.reshape(zero)
                        : zero;
        return n.g.binary(Arithmetic.SUBTRACT, x, wide);
    }

    private static void matMulInteger(Imported n) {
        Value a = of(n, optional(n, 2), n.f32(0), true);
        Value b = of(n, optional(n, 3), n.f32(1), false);
        n.out(n.add(new Cast(DType.I32), MatrixRules.product(n, a, b)));
    }

    private static void matMul(Imported n) {
        Value product = MatrixRules.product(n, of(n, n.f32(2), n.f32(0), true), of(n, n.f32(5), n.f32(3), false));
        Value scale = n.g.binary(Arithmetic.DIVIDE, n.g.multiply(n.f32(1), n.f32(4)), n.f32(6));
        n.out(quantized(n, n.g.multiply(product, scale), n.f32(7), range(n, 7)));
    }

    private static void conv(Imported n) {
        Value x = less(n, n.f32(0), n.f32(2), n.shape(0), 1, 0);
        Value w = less(n, n.f32(3), n.f32(5), n.shape(3), 0, 0);
        Value y = SpatialRules.conv(n, x, w, optional(n, 8));
        Value scale = n.g.binary(Arithmetic.DIVIDE, n.g.multiply(n.f32(1), n.f32(4)), n.f32(6));
        n.out(quantized(n, scaled(n, y, scale, y.type().shape(), 1, 0), n.f32(7), range(n, 7)));
    }
}
