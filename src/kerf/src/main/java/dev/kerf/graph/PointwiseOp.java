package dev.kerf.graph;

import dev.kerf.graph.Op.Activation;
import dev.kerf.tensor.DType;
import java.util.List;

/** Ops on each element by itself; two operands broadcast as in NumPy. */
public sealed interface PointwiseOp extends Op {
    @Override
    default boolean keepsCount(int operand, TensorType type, int axis) {
        return true;
    }

    /** Functions of one number. */
    enum Function {
        /** See {@link Activation#RELU}. */
        RELU(0),
        /** See {@link Activation#GELU_ERF}. */
        GELU_ERF(1),
        /** See {@link Activation#GELU_TANH}. */
        GELU_TANH(2),
        /** See {@link Activation#SIGMOID}. */
        SIGMOID(3),
        /** See {@link Activation#SILU}. */
        SILU(4),
        /** tanh x. */
        TANH(5),
        /** e^x. */
        EXP(6),
        /** Natural logarithm. */
        LOG(7),
        /** √x. */
        SQRT(8),
        /** 1/x. */
        RECIPROCAL(9),
        /** |x|. */
        ABS(10),
        /** −x. */
        NEGATE(11),
        /** sin x, x in radians. */
        SIN(12),
        /** cos x, x in radians. */
        COS(13),
        /** Largest integer not above x. */
        FLOOR(14),
        /** Smallest integer not below x. */
        CEIL(15),
        /** Nearest integer, ties to even: {@code torch.round}. */
        ROUND_HALF_EVEN(16),
        /** See {@link Activation#HARD_SWISH}; 17 is {@link Clamp}. */
        HARD_SWISH(18),
        /** See {@link Activation#RELU6}. */
        RELU6(19);

        private final int code;

        Function(int code) {
            this.code = code;
        }

        /** The number by which kernels know it; never another for the same constant. */
        public int code() {
            return code;
        }
    }

    /** Functions of two numbers. MAX and MIN give NaN if either is NaN. */
    enum Arithmetic {
        /** a + b. */
        ADD(0),
        /** a − b. */
        SUBTRACT(1),
        /** a · b. */
        MULTIPLY(2),
        /** a / b. */
        DIVIDE(3),
        /** The larger. */
        MAX(4),
        /** The smaller. */
        MIN(5),
        /** a^b. */
        POWER(6);

        private final int code;

        Arithmetic(int code) {
            this.code = code;
        }

        /** The number by which kernels know it; never another for the same constant. */
        public int code() {
            return code;
        }
    }

    /** Comparisons; any with NaN is false but NOT_EQUAL. */
    enum Relation {
        /** a &gt; b. */
        GREATER(0),
        /** a ≥ b. */
        GREATER_OR_EQUAL(1),
        /** a &lt; b. */
        LESS(2),
        /** a ≤ b. */
        LESS_OR_EQUAL(3),
        /** a = b. */
        EQUAL(4),
        /** a ≠ b. */
        NOT_EQUAL(5);

        private final int code;

        Relation(int code) {
            this.code = code;
        }

        /** The number by which kernels know it; never another for the same constant. */
        public int code() {
            return code;
        }
    }

    /**
     * A function of each element of a float32 operand.
     *
     * @param function which
     */
    record Unary(Function function) implements PointwiseOp {
        @Override
        public List<TensorType> infer(List<TensorType> in) {
            Op.require(in.size() == 1 && in.getFirst().dtype() == DType.F32, this, in, "takes one float32 operand");
            return List.of(in.getFirst());
        }
    }

    /**
     * act(a ∘ b) of two operands of one dtype, float32 or int32; int32 has neither POWER nor an activation.
     *
     * @param arithmetic which
     * @param activation applied last
     */
    record Binary(Arithmetic arithmetic, Activation activation) implements PointwiseOp {
        @Override
        public List<TensorType> infer(List<TensorType> in) {
            Op.require(in.size() == 2 && in.get(0).dtype() == in.get(1).dtype(), this, in,
                    "takes two operands of one dtype");
            DType dtype = in.getFirst().dtype();
            Op.require(dtype == DType.F32
                    || dtype == DType.I32 && arithmetic != Arithmetic.POWER && activation == Activation.NONE,
                    this, in, "operands must be float32, or int32 without power or activation");
            return List.of(in.getFirst().as(Broadcast.shape(this, in, in.get(0).shape(), in.get(1).shape())));
        }
    }

    /**
     * 1 where a ∘ b holds, else 0, as U8; operands of one dtype, float32, int32 or U8.
     *
     * @param relation which
     */
    record Compare(Relation relation) implements PointwiseOp {
        @Override
        public List<TensorType> infer(List<TensorType> in) {
            Op.require(in.size() == 2 && in.get(0).dtype() == in.get(1).dtype(), this, in,
                    "takes two operands of one dtype");
            Op.require(List.of(DType.F32, DType.I32, DType.U8).contains(in.getFirst().dtype()), this, in,
                    "operands must be float32, int32 or U8");
            return List.of(new TensorType(DType.U8, Broadcast.shape(this, in, in.get(0).shape(), in.get(1).shape())));
        }
    }

    /** a where the condition isn't 0, else b. Operands: condition (U8), a, b, both float32 or both int32; all broadcast. */
    record Where() implements PointwiseOp {
        @Override
        public List<TensorType> infer(List<TensorType> in) {
            Op.require(in.size() == 3 && in.get(0).dtype() == DType.U8 && in.get(1).dtype() == in.get(2).dtype()
                    && List.of(DType.F32, DType.I32).contains(in.get(1).dtype()), this, in,
                    "takes a U8 condition and two operands, both float32 or both int32");
            var s = Broadcast.shape(this, in, in.get(1).shape(), in.get(2).shape());
            return List.of(in.get(1).as(Broadcast.shape(this, in, s, in.get(0).shape())));
        }
    }

    /**
     * min(max(x, low), high) of a float32 operand; NaN stays NaN.
     *
     * @param low  lower bound
     * @param high upper bound, at least {@code low}
     */
    record Clamp(float low, float high) implements PointwiseOp {
        /** The number by which kernels know it, among those of {@link Function}. */
        public static final int CODE = 17;

        @Override
        public List<TensorType> infer(List<TensorType> in) {
            Op.require(in.size() == 1 && in.getFirst().dtype() == DType.F32, this, in, "takes one float32 operand");
            Op.require(low <= high, this, in, "the lower bound is above the upper");
            return List.of(in.getFirst());
        }
    }

    /**
     * The operand in another dtype, among F32, I32, U8, U16 and I64. From float to integer: towards zero, saturating, NaN to 0.
     * A graph that is compiled for storage of 16 bits has casts between F32 and F16 or BF16, too.
     *
     * @param to the dtype of the result
     */
    record Cast(DType to) implements PointwiseOp {
        private static final List<DType> TYPES = List.of(DType.F32, DType.I32, DType.U8, DType.U16, DType.I64);

        @Override
        public List<TensorType> infer(List<TensorType> in) {
            Op.require(in.size() == 1 && TYPES.contains(in.getFirst().dtype()) && TYPES.contains(to), this, in,
                    "casts among F32, I32, U8, U16, I64");
            return List.of(in.getFirst().as(to));
        }
    }
}
