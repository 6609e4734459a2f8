package dev.kerf.graph.onnx;

import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.MatrixOp;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.NormOp;
import dev.kerf.graph.PointwiseOp;
import dev.kerf.graph.ReduceOp;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Products, attention, normalisations and reductions: the oracle, Kerf's CPU back end and ONNX Runtime agree. */
class OnnxMatrixTest {
    @Test
    void softmaxes() {
        Agreement.compare(20, 8, c -> {
            Shape s = c.shape(c.between(1, 4), 9);
            c.output(c.apply(new NormOp.Softmax(c.between(0, s.rank() - 1)), c.floats(-9, 9, s.dims())));
        });
    }

    /**
     * Dividing by a small deviation enlarges the roundings of the mean; 32 covers the smallest of these seeds'
     * deviations.
     */
    @Test
    void normalisations() {
        Agreement.compare(40, 32, c -> {
            int rank = c.between(2, 4);
            int channels = c.between(1, 4) * 2;
            long[] d = c.shape(rank, 9).dims();
            d[1] = channels;
            d[rank - 1] = rank == 2 ? channels : c.between(4, 30);
            Value x = c.floats(d);
            switch (c.between(0, 2)) {
                case 0 -> {
                    int axis = c.coin() ? rank - 1 : 1;
                    c.output(c.apply(new NormOp.LayerNorm(axis, 1e-3), x, c.floats(d[axis]), c.floats(d[axis])));
                }
                case 1 -> c.output(c.apply(new NormOp.BatchNorm(1e-3), x, c.floats(channels), c.floats(channels),
                        c.floats(channels), c.floats(0.1, 2, channels)));
                default -> c.output(c.apply(new NormOp.GroupNorm(c.pick(List.of(1, 2, channels)), 1e-3), x,
                        c.floats(channels), c.floats(channels)));
            }
        });
    }

    @Test
    void products() {
        Agreement.compare(60, 4, c -> {
            int m = c.between(1, 20);
            int k = c.between(1, 40);
            int n = c.between(1, 40);
            boolean ta = c.coin();
            boolean tb = c.coin();
            boolean bias = c.coin();
            boolean residual = c.coin();
            Shape batch = c.shape(c.between(0, 2), 3);
            long[] a = RandomCase.matrix(batch.dims(), ta ? k : m, ta ? m : k);
            long[] b = RandomCase.matrix(c.coin() ? new long[0] : c.broadcast(batch), tb ? n : k, tb ? k : n);
            var op = new MatrixOp.MatMul(ta, tb, c.pick(List.of(1f, 0.37f)), c.activation(), bias, residual);
            List<Value> operands = new ArrayList<>(List.of(c.floats(a), c.floats(b)));
            if (bias) {
                operands.add(c.floats(n));
            }
            if (residual) {
                operands.add(c.floats(RandomCase.matrix(batch.dims(), m, n)));
            }
            c.output(c.apply(op, operands.toArray(Value[]::new)));
        });
    }

    /** The roundings of the scores (at most 3) go through the exponential. */
    @Test
    void attentions() {
        Agreement.compare(30, 4 * (1 + 3), c -> {
            int b = c.between(1, 3);
            int heads = c.between(1, 3);
            int lq = c.between(1, 20);
            int lk = c.between(1, 40);
            int d = c.between(1, 9);
            int shared = c.coin() ? 1 : b;
            boolean bias = c.coin();
            Value q = c.floats(b, heads, lq, d);
            Value k = c.floats(shared, heads, lk, d);
            Value v = c.floats(shared, heads, lk, c.between(1, 9));
            var op = new MatrixOp.Attention((float) (1 / Math.sqrt(d)), bias);
            if (!bias) {
                c.output(c.apply(op, q, k, v));
                return;
            }
            HostTensor mask = HostTensor.zeros(DType.F32, Shape.of(c.coin() ? 1 : b, 1, lq, lk));
            for (long i = 0; i < mask.elements(); i++) {
                // Every fifth row sees no key at all.
                mask.setDouble(i, i / lk % 5 == 4 || c.between(0, 3) == 0 ? Double.NEGATIVE_INFINITY : 0.25);
            }
            c.output(c.apply(op, q, k, v, c.builder.constant(mask)));
        });
    }

    @Test
    void reductions() {
        Agreement.compare(40, 4, c -> {
            int rank = c.between(1, 4);
            Value x = c.floats(c.shape(rank, 9).dims());
            List<Integer> axes = new ArrayList<>(IntStream.range(0, rank).filter(a -> c.coin()).boxed().toList());
            if (axes.isEmpty()) {
                axes.add(c.between(0, rank - 1));
            }
            c.output(c.apply(new ReduceOp.Reduce(c.pick(ReduceOp.Reduction.class), axes, c.coin()), x));
            Value ties = c.apply(new PointwiseOp.Cast(DType.F32), c.integers(DType.I32, 0, 3, c.shape(rank, 9).dims()));
            c.output(c.apply(new ReduceOp.ArgMax(c.between(0, rank - 1), c.pick(List.of(DType.U8, DType.I32))), ties));
        });
    }

    @Test
    void countsLimitReductionsAndKeys() {
        Agreement.compare(30, 16, c -> {
            int capacity = c.between(1, 9);
            Value n = c.input(HostTensor.of(Shape.of(), new int[] {c.between(1, capacity)}));
            HostTensor rows = HostTensor.zeros(DType.F32, Shape.of(capacity, 3));
            for (long i = 0; i < rows.elements(); i++) {
                rows.setDouble(i, c.random.nextDouble());
            }
            Value x = c.counted(rows, n);
            for (ReduceOp.Reduction r : ReduceOp.Reduction.values()) {
                c.output(c.apply(new ReduceOp.Reduce(r, List.of(0), c.coin()), x));
            }
            c.output(c.builder.matMul(c.floats(2, capacity), x));
            c.output(c.apply(new ReduceOp.ArgMax(0, DType.I32), x));
            c.output(c.apply(new ReduceOp.Reduce(ReduceOp.Reduction.MAX, List.of(0), false),
                    c.apply(new NormOp.Softmax(0), x)));
            HostTensor indices = HostTensor.zeros(DType.I32, Shape.of(capacity));
            for (long i = 0; i < capacity; i++) {
                // Past the count an index may be anything.
                indices.setDouble(i, i < c.inputs.get("x0").getLong(0) ? c.between(0, 4) : 1000);
            }
            Value picked = c.apply(new MoveOp.Gather(), c.floats(5, 2), c.counted(indices, n));
            c.output(c.apply(new ReduceOp.Reduce(ReduceOp.Reduction.SUM, List.of(0), false), picked));

            Value keys = c.integers(DType.I32, 0, capacity, 2, 3);
            HostTensor k = HostTensor.zeros(DType.F32, Shape.of(2, 3, capacity, 4));
            for (long i = 0; i < k.elements(); i++) {
                boolean valid = i / 4 % capacity < c.inputs.get("x" + (c.inputs.size() - 1)).getLong(i / 4 / capacity);
                k.setDouble(i, valid ? c.random.nextDouble() : Double.NaN);
            }
            Value counted = c.counted(k, keys);
            c.output(c.apply(new MatrixOp.Attention(0.5f, false), c.floats(2, 3, 5, 4), counted, counted));
        });
    }
}
