package dev.kerf.graph;

import dev.kerf.graph.Op.Activation;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.Shape;
import java.util.List;

/** Matrix products. */
public sealed interface MatrixOp extends Op {
    /**
     * y = act(alpha · A·B + bias + residual) over the last two axes; leading axes broadcast as in NumPy. Operands:
     * A (…, M, K), or (…, K, M) if {@code transposeA}; B (…, K, N), or (…, N, K) if {@code transposeB} (how
     * {@code torch.nn.Linear} stores its weight); bias (N) if {@code bias}; residual (…, M, N) if {@code residual}.
     *
     * @param transposeA whether A is given transposed
     * @param transposeB whether B is given transposed
     * @param alpha      factor of the product
     * @param activation applied last
     * @param bias       whether a bias is given
     * @param residual   whether a tensor of the result's shape is added before the activation
     */
    record MatMul(
            boolean transposeA, boolean transposeB, float alpha, Activation activation, boolean bias, boolean residual)
            implements
                MatrixOp {
        @Override
        public boolean keepsCount(int operand, TensorType type, int axis) {
            return axis < type.shape().rank() - (transposeA ? 2 : 1);
        }

        @Override
        public List<TensorType> infer(List<TensorType> in) {
            Op.require(in.size() == 2 + (bias ? 1 : 0) + (residual ? 1 : 0), this, in, "wrong number of operands");
            Shape a = in.get(0).shape();
            Shape b = in.get(1).shape();
            Op.require(in.stream().allMatch(t -> t.dtype() == DType.F32), this, in, "operands must be float32");
            Op.require(a.rank() >= 2 && b.rank() >= 2, this, in, "operands need two dimensions or more");
            long m = a.dim(transposeA ? -1 : -2);
            long k = a.dim(transposeA ? -2 : -1);
            long n = b.dim(transposeB ? -2 : -1);
            Op.require(b.dim(transposeB ? -1 : -2) == k, this, in, "inner extents differ");
            Op.require(!bias || in.get(2).shape().equals(Shape.of(n)), this, in, "bias must be (N)");
            Shape batch = Broadcast.shape(this, in, leading(a), leading(b));
            long[] y = java.util.Arrays.copyOf(batch.dims(), batch.rank() + 2);
            y[y.length - 2] = m;
            y[y.length - 1] = n;
            Shape shape = Shape.of(y);
            Op.require(!residual || in.getLast().shape().equals(shape), this, in, "residual must be " + shape);
            return List.of(in.getFirst().as(shape));
        }
    }

    /**
     * Scaled dot-product attention, softmax(scale · Q·Kᵀ + bias)·V, statistics in float32, computed blockwise so that the
     * score matrix never exists (Dao et al. 2022, algorithm 1). Operands: Q (B, heads, Lq, D), K (B, heads, Lk, D),
     * V (B, heads, Lk, Dv), bias (broadcasts to (B, heads, Lq, Lk)) if {@code bias}. B of K and V may be 1. A count of K
     * limits the keys; a row without any key is zero.
     *
     * @param scale factor of the scores; torch's default is 1/√D
     * @param bias  whether a bias is added to the scores (−∞ masks a key)
     */
    record Attention(float scale, boolean bias) implements MatrixOp {
        @Override
        public List<TensorType> infer(List<TensorType> in) {
            Op.require(in.size() == (bias ? 4 : 3), this, in, "wrong number of operands");
            Op.require(in.stream().allMatch(t -> t.dtype() == DType.F32), this, in, "operands must be float32");
            Op.require(in.stream().limit(3).allMatch(t -> t.shape().rank() == 4), this, in,
                    "Q, K, V must be (B, heads, L, D)");
            Shape q = in.get(0).shape();
            Shape k = in.get(1).shape();
            Shape v = in.get(2).shape();
            Op.require(q.dim(3) == k.dim(3) && k.dim(2) == v.dim(2) && q.dim(1) == k.dim(1) && q.dim(1) == v.dim(1)
                    && k.dim(0) == v.dim(0) && (k.dim(0) == q.dim(0) || k.dim(0) == 1), this, in,
                    "Q, K, V don't fit together");
            if (bias) {
                Shape scores = Shape.of(q.dim(0), q.dim(1), q.dim(2), k.dim(2));
                Op.require(Broadcast.shape(this, in, scores, in.get(3).shape()).equals(scores), this, in,
                        "bias must broadcast to " + scores);
            }
            return List.of(in.getFirst().as(Shape.of(q.dim(0), q.dim(1), q.dim(2), v.dim(3))));
        }
    }

    private static Shape leading(Shape s) {
        return Shape.of(java.util.Arrays.copyOf(s.dims(), s.rank() - 2));
    }
}
