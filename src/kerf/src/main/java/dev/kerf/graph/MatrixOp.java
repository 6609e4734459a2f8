package dev.kerf.graph;

import dev.kerf.graph.Op.Activation;
import dev.kerf.error.GraphException;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
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
     * @param scale  factor of the scores; torch's default is 1/√D
     * @param bias   whether a bias is added to the scores (−∞ masks a key)
     * @param places where the rows of Q, K, V and the result lie in operands and a result of other shapes, none of them
     *               counted: what fusion makes of the moves before and after; empty where they lie as said above
     */
    record Attention(float scale, boolean bias, List<Rows> places) implements MatrixOp {
        /** Copies the list. */
        public Attention {
            places = List.copyOf(places);
            if (!places.isEmpty() && places.size() != 4) {
                throw new GraphException("an attention has four places of rows or none, not " + places.size());
            }
        }

        /** Of operands and a result that lie as they are. */
        public Attention(float scale, boolean bias) {
            this(scale, bias, List.of());
        }

        /** (B, heads, L, D) of Q (0), K (1) or V (2) given the operand's own shape. */
        public Shape shape(int operand, Shape own) {
            if (operand < 0 || operand > 2) {
                throw new GraphException("an attention has no rows of operand " + operand);
            }
            return places.isEmpty() ? own : places.get(operand).shape();
        }

        /** (B, heads, L, D) of Q (0), K (1) or V (2) of a node. */
        public Shape shape(int operand, Graph.Node node) {
            return shape(operand, node.input(operand).type().shape());
        }

        @Override
        public List<TensorType> infer(List<TensorType> in) {
            Op.require(in.size() == (bias ? 4 : 3), this, in, "wrong number of operands");
            Op.require(in.stream().allMatch(t -> t.dtype() == DType.F32), this, in, "operands must be float32");
            if (!places.isEmpty()) {
                for (int i = 0; i < 3; i++) {
                    Op.require(in.get(i).shape().equals(places.get(i).whole()), this, in, "operands aren't those of the rows");
                }
                List<TensorType> rows = new ArrayList<>(in);
                for (int i = 0; i < 3; i++) {
                    rows.set(i, in.get(i).as(places.get(i).shape()));
                }
                Shape y = new Attention(scale, bias).infer(rows).getFirst().shape();
                Op.require(y.equals(places.get(3).shape()), this, in, "the result's rows aren't " + y);
                return List.of(in.getFirst().as(places.get(3).whole()));
            }
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

    /**
     * Rotary position embedding (Su et al. 2021): pairs of numbers, half a row apart, turned by the angles of their row. Operands:
     * x (…, L, 2P), the angles' cosines (R, P) and sines (R, P), R a divisor of L: row l is turned by the angles l mod R,
     * y[l, p] = x[l, p] · cos[p] − x[l, P + p] · sin[p] and y[l, P + p] = x[l, p] · sin[p] + x[l, P + p] · cos[p].
     */
    record Rotary() implements MatrixOp {
        @Override
        public boolean keepsCount(int operand, TensorType type, int axis) {
            return operand == 0 && axis < type.shape().rank() - 1;
        }

        @Override
        public List<TensorType> infer(List<TensorType> in) {
            Op.require(in.size() == 3 && in.stream().allMatch(t -> t.dtype() == DType.F32), this, in,
                    "takes x, cosines and sines, all float32");
            Shape x = in.get(0).shape();
            Shape cosines = in.get(1).shape();
            Op.require(x.rank() >= 2 && cosines.rank() == 2 && in.get(2).shape().equals(cosines)
                    && x.dim(-1) == 2 * cosines.dim(1) && cosines.dim(0) >= 1 && x.dim(-2) % cosines.dim(0) == 0, this, in,
                    "x must be (…, L, 2P), cosines and sines (R, P) with R a divisor of L");
            return List.of(in.getFirst());
        }
    }

    /**
     * Where rows of numbers lie: those of row l of item i (the heads of each B one after the other) start at {@code first} plus
     * what the axes of i and of l say, and lie one behind the other.
     *
     * @param whole the shape of the tensor that they lie in
     * @param shape (B, heads, L, D)
     * @param first element of the tensor
     * @param items axes that i counts along, the last one fastest
     * @param rows  axes that l counts along
     */
    record Rows(Shape whole, Shape shape, long first, List<Axis> items, List<Axis> rows) {
        /** Copies the lists. */
        public Rows {
            items = List.copyOf(items);
            rows = List.copyOf(rows);
        }

        /**
         * An axis.
         *
         * @param extent places along it
         * @param stride elements from one to the next
         */
        public record Axis(long extent, long stride) {
            /** Checks the extent. */
            public Axis {
                if (extent < 0) {
                    throw new GraphException("an axis of " + extent + " places");
                }
            }
        }

        /** Rows of a tensor (B, heads, L, D) as they lie. */
        public static Rows dense(Shape s) {
            return new Rows(s, s, 0, List.of(new Axis(s.dim(0) * s.dim(1), s.dim(2) * s.dim(3))),
                    List.of(new Axis(s.dim(2), s.dim(3))));
        }

        /** The element that an item's first row would start at. */
        public long item(long i) {
            return first + at(items, i);
        }

        /** Elements from there to where row l starts. */
        public long row(long l) {
            return at(rows, l);
        }

        private static long at(List<Axis> axes, long index) {
            long at = 0;
            long rest = index;
            for (Axis a : axes.reversed()) {
                long extent = Math.max(1, a.extent);
                at += rest % extent * a.stride;
                rest /= extent;
            }
            return at;
        }
    }

    private static Shape leading(Shape s) {
        return Shape.of(java.util.Arrays.copyOf(s.dims(), s.rank() - 2));
    }
}
