package dev.kerf.check.op;

import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.MatrixOp;
import dev.kerf.graph.NormOp;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.PointwiseOp;
import dev.kerf.graph.ReduceOp.Reduction;
import dev.kerf.graph.ReduceOp;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.Shape;
import java.util.List;

/** Products, norms, functions of elements, reductions. */
final class ArithmeticCases {
    private ArithmeticCases() {}

    static void matrices(List<OpCase> cases) {
        for (int[] d : new int[][] {{1, 1, 1}, {5, 7, 3}, {17, 33, 65}, {64, 64, 64}, {1, 129, 31}, {130, 5, 1},
            {7, 17, 131}}) {
            for (boolean ta : new boolean[] {false, true}) {
                for (boolean tb : new boolean[] {false, true}) {
                    cases.add(new OpCase("mat_mul " + java.util.Arrays.toString(d) + (ta ? " Aᵀ" : "") + (tb ? " Bᵀ" : ""),
                            d[2], c -> c.out(c.apply(new MatrixOp.MatMul(ta, tb, 1, Activation.NONE, false, false),
                                    ta ? c.x(d[2], d[0]) : c.x(d[0], d[2]), tb ? c.x(d[1], d[2]) : c.x(d[2], d[1])))));
                }
            }
        }
        cases.add(new OpCase("linear with bias, residual, gelu", 40, c -> c.out(c.apply(
                new MatrixOp.MatMul(false, true, 0.5f, Activation.GELU_TANH, true, true), c.x(2, 9, 37), c.w(19, 37),
                c.w(19), c.x(2, 9, 19)))));
        cases.add(new OpCase("mat_mul broadcast", 5, c -> c.out(c.apply(
                new MatrixOp.MatMul(false, false, 2, Activation.NONE, false, false), c.x(3, 1, 4, 5), c.x(2, 5, 6)))));
        cases.add(new OpCase("mat_mul of features and positions", 40, c -> {
            c.out(c.apply(new MatrixOp.MatMul(false, false, 1, Activation.NONE, false, false), c.x(1, 3, 34),
                    c.graph().add(c.w(1, 34, 70), c.x(1, 34, 70))));
            c.out(c.apply(new MatrixOp.MatMul(false, false, 1, Activation.NONE, false, false), c.x(1, 3, 34),
                    c.graph().add(c.x(1, 34, 70), c.w(1, 34, 70))));
        }));
        for (int n : new int[] {130, 5, 700}) {
            cases.add(new OpCase("mat_mul of a sum's gelu " + n, 40, c -> c.out(c.apply(
                    new MatrixOp.MatMul(false, false, 1, Activation.NONE, false, false), c.x(1, 3, 34), c.graph().reshape(
                            c.graph().unary(PointwiseOp.Function.GELU_ERF, c.graph().add(c.x(1, 34, n, 2), c.x(1, 34, n, 2))),
                            1, 34,
                            2L * n)))));
        }
        // Roundings of a score, a sum of 640 products and 40 more, are what its weight is off by where scores are large.
        for (float scale : new float[] {0.02f, 0.1f}) {
            cases.add(new OpCase("attention of few queries to keys that layers make " + scale, scale > 0.05f ? 680 : 200, c -> {
                var g = c.graph();
                Value x = c.x(2, 300, 40);
                Value q = g.permute(g.reshape(c.x(2, 7, 48), 2, 7, 3, 16), 0, 2, 1, 3);
                Value k = g.permute(g.reshape(g.linear(g.add(x, c.x(2, 300, 40)), c.w(48, 40), c.w(48)), 2, 300, 3, 16), 0, 2,
                        1,
                        3);
                Value v = g.permute(g.reshape(g.linear(x, c.w(48, 40), c.w(48)), 2, 300, 3, 16), 0, 2, 1, 3);
                Value y = c.apply(new MatrixOp.Attention(scale, false), q, k, v);
                c.out(g.reshape(g.permute(y, 0, 2, 1, 3), 2, 7, 48));
            }));
        }
        cases.add(new OpCase("attention of few queries, of few keys", 80, c -> {
            c.out(c.apply(new MatrixOp.Attention(0.25f, false), c.x(2, 3, 7, 16), c.x(1, 3, 300, 16), c.x(1, 3, 300, 32)));
            c.out(c.apply(new MatrixOp.Attention(0.25f, true), c.x(2, 3, 70, 16), c.x(2, 3, 9, 16), c.x(2, 3, 9, 16),
                    c.x(2, 1, 1, 9)));
        }));
        cases.add(new OpCase("attention", 40, c -> c.out(c.apply(new MatrixOp.Attention(0.25f, false),
                c.x(2, 3, 17, 16), c.x(2, 3, 33, 16), c.x(2, 3, 33, 8)))));
        cases.add(new OpCase("attention with bias, shared keys", 60, c -> c.out(c.apply(
                new MatrixOp.Attention(0.5f, true), c.x(2, 2, 5, 7), c.x(1, 2, 70, 7), c.x(1, 2, 70, 9), c.x(5, 70)))));
        cases.add(new OpCase("attention between moves", 40, c -> {
            // Windows of 3×2 tokens in 6×8, two heads, all in one product's rows.
            var g = c.graph();
            Value qkv = g.reshape(c.x(6, 8, 30), 2, 3, 4, 2, 3, 2, 5);
            Value[] three = new Value[3];
            for (int i = 0; i < 3; i++) {
                Value part = g.reshape(g.slice(qkv, 4, i, i + 1), 2, 3, 4, 2, 2, 5);
                three[i] = g.reshape(g.permute(part, 0, 2, 4, 1, 3, 5), 8, 2, 6, 5);
            }
            Value y = g.reshape(c.apply(new MatrixOp.Attention(0.4f, false), three), 2, 4, 2, 3, 2, 5);
            c.out(g.reshape(g.permute(y, 0, 3, 1, 4, 2, 5), 6, 8, 10));
        }));
        cases.add(new OpCase("attention in many windows, some tokens asking", 60, c -> {
            // Windows of 3×2 tokens in 24×32, two heads, all in one product's rows; of the queries the first row of each window.
            var g = c.graph();
            Value qkv = g.reshape(c.x(24, 32, 96), 8, 3, 16, 2, 3, 2, 16);
            Value[] three = new Value[3];
            for (int i = 0; i < 3; i++) {
                Value part = g.reshape(g.slice(qkv, 4, i, i + 1), 8, 3, 16, 2, 2, 16);
                three[i] = g.reshape(g.permute(part, 0, 2, 4, 1, 3, 5), 128, 2, 6, 16);
            }
            Value all = g.reshape(c.apply(new MatrixOp.Attention(0.4f, false), three), 8, 16, 2, 3, 2, 16);
            c.out(g.reshape(g.permute(all, 0, 3, 1, 4, 2, 5), 24, 32, 32));
            Value some = g.slice(three[0], 2, 0, 2);
            c.out(c.apply(new MatrixOp.Attention(0.4f, false), some, three[1], three[2]));
        }));
        cases.add(new OpCase("attention of tokens with bias", 60, c -> {
            var g = c.graph();
            Value q = g.permute(g.reshape(c.x(2, 7, 12), 2, 7, 3, 4), 0, 2, 1, 3);
            Value k = g.permute(g.reshape(c.x(1, 9, 12), 1, 9, 3, 4), 0, 2, 1, 3);
            Value v = g.permute(g.reshape(c.x(1, 9, 15), 1, 9, 3, 5), 0, 2, 1, 3);
            Value y = c.apply(new MatrixOp.Attention(0.5f, true), q, k, v, c.x(9));
            c.out(g.reshape(g.permute(y, 0, 2, 1, 3), 2, 7, 15));
        }));
        cases.add(new OpCase("attention of more tokens than a tile", 80, c -> {
            var g = c.graph();
            Value q = g.permute(g.reshape(c.x(2, 70, 51), 2, 70, 3, 17), 0, 2, 1, 3);
            Value k = g.permute(g.reshape(c.x(2, 131, 51), 2, 131, 3, 17), 0, 2, 1, 3);
            Value v = g.permute(g.reshape(c.x(2, 131, 198), 2, 131, 3, 66), 0, 2, 1, 3);
            Value y = c.apply(new MatrixOp.Attention(0.25f, false), q, k, v);
            c.out(g.reshape(g.permute(y, 0, 2, 1, 3), 2, 70, 198));
        }));
        cases.add(new OpCase("attention over what an attention left", 40, c -> {
            var g = c.graph();
            Value once = g.permute(c.apply(new MatrixOp.Attention(0.5f, false), c.x(2, 3, 4, 5), c.x(2, 3, 4, 5),
                    c.x(2, 3, 4, 5)), 0, 2, 1, 3);
            c.out(c.apply(new MatrixOp.Attention(0.5f, false), once, once, once));
        }));
        cases.add(new OpCase("rotary", 4, c -> c.out(c.apply(new MatrixOp.Rotary(), c.x(2, 12, 10), c.w(4, 5), c.w(4, 5)))));
        cases.add(
                new OpCase("rotary rows", 4, c -> c.out(c.apply(new MatrixOp.Rotary(), c.x(3, 130), c.w(3, 65), c.w(3, 65)))));
        cases.add(new OpCase("attention over one key", 8, c -> c.out(c.apply(new MatrixOp.Attention(1, false),
                c.x(1, 1, 1, 1), c.x(1, 1, 1, 1), c.x(1, 1, 1, 3)))));
    }

    static void norms(List<OpCase> cases) {
        for (long[] d : new long[][] {{1, 1}, {3, 5}, {2, 37, 3}, {2, 3, 5, 131}, {1, 7, 600}}) {
            for (int a = 0; a < d.length; a++) {
                int axis = a;
                cases.add(new OpCase("softmax " + Shape.of(d) + " axis " + a, 16 + d[a],
                        c -> c.out(c.apply(new NormOp.Softmax(axis), c.x(d)))));
                cases.add(new OpCase("layer_norm " + Shape.of(d) + " axis " + a, 16 + d[a], c -> c.out(c.apply(
                        new NormOp.LayerNorm(axis, 1e-2), c.x(d), c.w(d[axis]), c.w(d[axis])))));
            }
        }
        cases.add(new OpCase("batch_norm", 8, c -> c.out(c.graph().batchNorm(
                c.x(2, 5, 3, 7), c.w(5), c.w(5), c.w(5), c.positiveWeight(5), 1e-5))));
        for (int groups : new int[] {1, 2, 6}) {
            cases.add(new OpCase("group_norm " + groups, 64, c -> c.out(c.apply(
                    new NormOp.GroupNorm(groups, 1e-5), c.x(2, 6, 5, 7), c.w(6), c.w(6)))));
        }
    }

    static void pointwise(List<OpCase> cases) {
        for (PointwiseOp.Function f : PointwiseOp.Function.values()) {
            boolean positive = f == PointwiseOp.Function.LOG || f == PointwiseOp.Function.SQRT
                    || f == PointwiseOp.Function.RECIPROCAL;
            cases.add(new OpCase("unary " + f, 9, c -> c.out(c.apply(
                    new PointwiseOp.Unary(f), positive ? c.positive(3, 5, 67) : c.x(3, 5, 67)))));
        }
        cases.add(new OpCase("round ties to even", 1, c -> c.out(c.apply(
                new PointwiseOp.Unary(PointwiseOp.Function.ROUND_HALF_EVEN), c.given(0.5f, 1.5f, 2.5f, -0.5f, -1.5f)))));
        float nan = Float.NaN;
        float inf = Float.POSITIVE_INFINITY;
        for (PointwiseOp.Arithmetic f : PointwiseOp.Arithmetic.values()) {
            for (long[][] d : new long[][][] {{{5, 7}, {5, 7}}, {{5, 7}, {}}, {{2, 3, 1, 5}, {3, 4, 1}}, {{1, 9}, {8, 1}},
                {{3, 1}, {3, 65}}}) {
                cases.add(new OpCase("binary " + f + " " + Shape.of(d[0]) + Shape.of(d[1]), 9, c -> c.out(c.apply(
                        new PointwiseOp.Binary(f, Activation.NONE), c.positive(d[0]), c.positive(d[1])))));
            }
            if (f != PointwiseOp.Arithmetic.POWER) {
                cases.add(new OpCase("binary int32 " + f, 1, c -> c.out(c.apply(
                        new PointwiseOp.Binary(f, Activation.NONE),
                        c.ints(Shape.of(2, 3), 7, -7, 0, Integer.MAX_VALUE, 5, -3), c.ints(Shape.of(3), 2, 3, -4)))));
                cases.add(new OpCase("binary of NaN and infinity " + f, 1, c -> c.out(c.apply(
                        new PointwiseOp.Binary(f, Activation.NONE), c.given(nan, 1, inf, -inf, nan),
                        c.given(1, nan, 2, -3, nan)))));
            }
        }
        for (Activation act : Activation.values()) {
            cases.add(new OpCase("binary with activation " + act, 9, c -> c.out(c.apply(
                    new PointwiseOp.Binary(PointwiseOp.Arithmetic.MULTIPLY, act), c.x(4, 33), c.given(-8)))));
        }
        cases.add(new OpCase("hard swish at its ends", 4, c -> c.out(c.apply(new PointwiseOp.Unary(
                PointwiseOp.Function.HARD_SWISH),
                c.given(nan, inf, -inf, -3, Math.nextUp(-3f), 3, Math.nextDown(3f), 3e38f, 0)))));
        for (PointwiseOp.Relation r : PointwiseOp.Relation.values()) {
            cases.add(new OpCase("compare " + r, 1, c -> {
                c.out(c.apply(new PointwiseOp.Compare(r), c.given(1, 2, 3, nan, inf), c.given(2, 2, 1, nan, inf)));
                c.out(c.apply(new PointwiseOp.Compare(r), c.whole(DType.I32, 3, 5, 7), c.whole(DType.I32, 3, 7)));
                c.out(c.apply(new PointwiseOp.Compare(r), c.whole(DType.U8, 255, 33), c.whole(DType.U8, 255, 1)));
            }));
        }
        cases.add(new OpCase("where", 1, c -> {
            Value condition = c.whole(DType.U8, 1, 3, 1, 5);
            c.out(c.apply(new PointwiseOp.Where(), condition, c.x(4, 5), c.x(1)));
            c.out(c.apply(new PointwiseOp.Where(), condition, c.whole(DType.I32, 9, 4, 1), c.whole(DType.I32, 9, 5)));
        }));
        cases.add(new OpCase("clamp", 1, c -> c.out(c.apply(new PointwiseOp.Clamp(-0.5f, 0.25f), c.x(3, 67)))));
        cases.add(new OpCase("clamp NaN", 1, c -> c.out(c.apply(
                new PointwiseOp.Clamp(-0.5f, 0.25f), c.given(nan, inf, -inf, 0, 3)))));
        List<DType> types = List.of(DType.F32, DType.I32, DType.U8, DType.U16, DType.I64);
        for (DType to : types) {
            cases.add(new OpCase("cast to " + to, 1, c -> {
                c.out(c.apply(new PointwiseOp.Cast(to), c.given(nan, inf, -inf, 0, 3.9f, -3.9f, 255.5f, 70000, 1e10f)));
                for (DType from : types.subList(1, types.size())) {
                    c.out(c.apply(new PointwiseOp.Cast(to), c.whole(from, from == DType.U8 ? 255 : 65535, 37)));
                }
            }));
        }
    }

    static void reductions(List<OpCase> cases) {
        for (Reduction r : Reduction.values()) {
            for (List<Integer> axes : List.of(List.of(0), List.of(1), List.of(3), List.of(2, 3), List.of(0, 1, 2, 3),
                    List.of(0, 2), List.of(1, 3))) {
                cases.add(new OpCase("reduce " + r + " " + axes, 400, c -> {
                    Value x = c.x(2, 3, 9, 67);
                    c.out(c.apply(new ReduceOp.Reduce(r, axes, false), x));
                    c.out(c.apply(new ReduceOp.Reduce(r, axes, true), x));
                }));
            }
        }
        cases.add(new OpCase("mean of many", 3 * 211 * 199, c -> c.out(c.apply(
                new ReduceOp.Reduce(Reduction.MEAN, List.of(0, 1, 2), false), c.positive(3, 211, 199)))));
        cases.add(new OpCase("mat_mul, max of windows, mat_mul", 24 + 32 + 4, c -> {
            Value tokens = c.graph().matMul(c.x(256, 24), c.w(24, 32));
            Value windows = c.apply(new ReduceOp.Reduce(Reduction.MAX, List.of(1, 3), false),
                    c.graph().reshape(tokens, 8, 2, 8, 2, 32));
            c.out(c.graph().matMul(c.graph().reshape(windows, 64, 32), c.w(32, 16)));
        }));
        for (int axis = 0; axis < 3; axis++) {
            int a = axis;
            cases.add(new OpCase("arg_max axis " + axis, 1, c -> {
                c.out(c.apply(new ReduceOp.ArgMax(a, DType.I32), c.x(5, 7, 37)));
                c.out(c.apply(new ReduceOp.ArgMax(a, DType.U8), c.x(5, 7, 37)));
            }));
        }
        cases.add(new OpCase("arg_max of equals and NaN", 1, c -> {
            Value x = c.given(1, 3, 3, Float.NaN, 5, Float.NaN);
            c.out(c.apply(new ReduceOp.ArgMax(0, DType.I32), x));
            c.out(c.apply(new ReduceOp.ArgMax(0, DType.I32), c.given(1, 3, 3, 2)));
            c.out(c.apply(new ReduceOp.Reduce(Reduction.MAX, List.of(0), false), x));
        }));
    }
}
