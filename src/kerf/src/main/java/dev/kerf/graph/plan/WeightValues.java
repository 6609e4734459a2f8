package dev.kerf.graph.plan;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.error.BadWeightsException;
import dev.kerf.graph.SourceOp;
import dev.kerf.graph.SourceOp.WeightExpr;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.function.Function;

/**
 * The numbers behind {@link WeightExpr}s: float32, computed in float64 and rounded once.
 *
 * <pre>{@code
 * HostTensor w = WeightValues.evaluate(new WeightExpr.Tensor("inc.double_conv.0.weight", Shape.of(64, 3, 3, 3)),
 * weights); }</pre>
 */
public final class WeightValues {
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble F64 = ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort I16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private WeightValues() {}

    /**
     * The float32 values of an expression. A tensor that the file stores as float32 is returned itself, uncopied: don't
     * write to it, and keep the weights open as long as it is read.
     *
     * @throws BadWeightsException if a tensor is missing, misshapen or of integers
     */
    public static HostTensor evaluate(WeightExpr expr, Weights weights) {
        if (expr instanceof WeightExpr.Tensor t) {
            return narrow(tensor(t, weights));
        }
        double[] wide = wide(expr, weights);
        float[] out = new float[wide.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = (float) wide[i];
        }
        return HostTensor.of(expr.shape(), out);
    }

    /**
     * What is made of an expression's values while they are read.
     *
     * @throws BadFileException if the file became shorter meanwhile
     */
    public static <T> T read(WeightExpr expr, Weights weights, Function<HostTensor, T> use) {
        try {
            T made = use.apply(evaluate(expr, weights));
            // The rest of the last page of a file that became shorter reads as zeros: asking again refuses it.
            expr.tensors().forEach(weights::tensor);
            return made;
        } catch (InternalError e) {
            // What the JVM makes of reading memory mapped from a part of a file that is no longer there.
            throw new BadFileException(
                    weights.source() + ": was cut off while it was read; open it again when it is whole", e);
        }
    }

    private static HostTensor tensor(WeightExpr.Tensor t, Weights weights) {
        HostTensor value = weights.tensor(t.name(), t.shape());
        if (!value.dtype().floating()) {
            throw new BadWeightsException("tensor '" + t.name() + "' " + value
                    + ": expected floating-point numbers (F64, F32, F16 or BF16)");
        }
        return value;
    }

    private static HostTensor narrow(HostTensor t) {
        if (t.dtype() == DType.F32) {
            return t;
        }
        HostTensor out = HostTensor.zeros(DType.F32, t.shape());
        MemorySegment from = t.data();
        MemorySegment to = out.data();
        long n = t.elements();
        switch (t.dtype()) {
            case F64 -> {
                for (long i = 0; i < n; i++) {
                    to.set(F32, i * 4, (float) from.get(F64, i * 8));
                }
            }
            case F16 -> {
                for (long i = 0; i < n; i++) {
                    to.set(F32, i * 4, Float.float16ToFloat(from.get(I16, i * 2)));
                }
            }
            case BF16 -> {
                for (long i = 0; i < n; i++) {
                    to.set(F32, i * 4, Float.intBitsToFloat(from.get(I16, i * 2) << 16));
                }
            }
            default -> throw new BadInputException(t + " is not floating-point");
        }
        return out;
    }

    private static double[] wide(WeightExpr expr, Weights weights) {
        return switch (expr) {
            case WeightExpr.Tensor t -> wide(tensor(t, weights));
            case WeightExpr.ScaledWeight s -> scaled(s, weights);
            case WeightExpr.ShiftedBias b -> shifted(b, weights);
            case WeightExpr.FourierGrid f -> waves(f, weights);
            case WeightExpr.Computed c -> c.op() instanceof SourceOp.Constant k
                    ? wide(k.value())
                    : KnownValues.of(c.op(), c.shape(), c.operands().stream().map(WeightExpr::shape).toList(),
                            c.operands().stream().map(e -> wide(e, weights)).toList());
        };
    }

    private static double[] wide(HostTensor t) {
        double[] out = new double[Math.toIntExact(t.elements())];
        if (!t.dtype().floating()) {
            Arrays.setAll(out, t::getDouble);
            return out;
        }
        if (t.dtype() == DType.F64) {
            MemorySegment.copy(t.data(), F64, 0, out, 0, out.length);
            return out;
        }
        MemorySegment from = narrow(t).data();
        for (int i = 0; i < out.length; i++) {
            out[i] = from.get(F32, i * 4L);
        }
        return out;
    }

    private static double[] scaled(WeightExpr.ScaledWeight s, Weights weights) {
        Shape shape = s.shape();
        double[] w = wide(s.weight(), weights);
        double[] scale = scale(s.norm(), weights);
        long channels = shape.dim(s.axis());
        if (scale.length != channels * s.groups() || shape.dim(0) % s.groups() != 0) {
            throw new BadWeightsException("batch norm of " + scale.length + " channels can't scale axis " + s.axis()
                    + " of a weight " + shape + " in " + s.groups() + " groups");
        }
        int inner = Math.toIntExact(shape.product(s.axis() + 1, shape.rank()));
        // With groups (a transposed convolution) axis 0 runs through the groups one after the other.
        long rowsOfGroup = Math.max(1, shape.dim(0) / s.groups());
        for (int i = 0; i < w.length; i += inner) {
            long row = i / inner;
            long group = s.groups() == 1 ? 0 : row / channels / rowsOfGroup;
            double f = scale[(int) (group * channels + row % channels)];
            for (int j = i; j < i + inner; j++) {
                w[j] *= f;
            }
        }
        return w;
    }

    private static double[] shifted(WeightExpr.ShiftedBias b, Weights weights) {
        double[] scale = scale(b.norm(), weights);
        double[] mean = wide(b.norm().mean(), weights);
        double[] out = wide(b.norm().bias(), weights);
        double[] own = b.bias() == null ? new double[out.length] : wide(b.bias(), weights);
        for (int i = 0; i < out.length; i++) {
            out[i] += (own[i] - mean[i]) * scale[i];
        }
        return out;
    }

    private static double[] waves(WeightExpr.FourierGrid f, Weights weights) {
        double[] m = wide(f.matrix(), weights);
        int n = m.length / 2;
        double[] out = new double[Math.toIntExact(f.shape().elements())];
        for (int cell = 0; cell < f.rows() * f.columns(); cell++) {
            double x = 2 * (cell % f.columns() + 0.5) / f.columns() - 1;
            double y = 2 * (cell / f.columns() + 0.5) / f.rows() - 1;
            for (int i = 0; i < n; i++) {
                double angle = 2 * Math.PI * (x * m[i] + y * m[n + i]);
                out[2 * n * cell + i] = Math.sin(angle);
                out[2 * n * cell + n + i] = Math.cos(angle);
            }
        }
        return out;
    }

    private static double[] scale(WeightExpr.BatchStats norm, Weights weights) {
        double[] scale = wide(norm.weight(), weights);
        double[] var = wide(norm.var(), weights);
        for (int i = 0; i < scale.length; i++) {
            scale[i] /= Math.sqrt(var[i] + norm.eps());
        }
        return scale;
    }
}
