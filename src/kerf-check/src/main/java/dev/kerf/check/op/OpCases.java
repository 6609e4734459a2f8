package dev.kerf.check.op;

import dev.kerf.graph.Activation;
import dev.kerf.graph.FrameOp;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MatrixOp;
import dev.kerf.graph.MeasureOp.MaskForm;
import dev.kerf.graph.MeasureOp;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.NormOp;
import dev.kerf.graph.PointwiseOp;
import dev.kerf.graph.ReduceOp.Reduction;
import dev.kerf.graph.ReduceOp;
import dev.kerf.graph.SelectOp;
import dev.kerf.graph.SpatialOp.Interpolation;
import dev.kerf.graph.SpatialOp.Sampling;
import dev.kerf.graph.SpatialOp;
import dev.kerf.graph.Value;
import dev.kerf.graph.Window2d;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Small graphs that together use every op, over awkward shapes: 1, primes, one past a tile. */
public final class OpCases {
    private static final Window2d UNIT = Window2d.of();

    private OpCases() {}

    /** All cases. */
    public static List<OpCase> all() {
        return families().values().stream().flatMap(List::stream).toList();
    }

    /** All cases by what they are about. */
    public static Map<String, List<OpCase>> families() {
        Map<String, List<OpCase>> families = new LinkedHashMap<>();
        family(families, "convolution", OpCases::convolutions);
        family(families, "pooling, resizing", OpCases::images);
        family(families, "matrix", OpCases::matrices);
        family(families, "normalisation", OpCases::norms);
        family(families, "elementwise", OpCases::pointwise);
        family(families, "moving", OpCases::moves);
        family(families, "reduction", OpCases::reductions);
        family(families, "counted", OpCases::counts);
        family(families, "measuring", OpCases::measures);
        family(families, "frames", OpCases::frames);
        return families;
    }

    private static void family(Map<String, List<OpCase>> families, String name, Consumer<List<OpCase>> record) {
        List<OpCase> cases = new ArrayList<>();
        record.accept(cases);
        families.put(name, cases);
    }

    private static void conv(
            List<OpCase> cases, long[] x, long outputs, long kh, long kw, Window2d window, int groups, Activation a) {
        String name = "conv2d " + Shape.of(x) + " to " + outputs + ", " + kh + "×" + kw + " " + window + " groups "
                + groups + " " + a;
        cases.add(new OpCase(name, (double) x[1] / groups * kh * kw + 2, c -> c.out(c.apply(
                new SpatialOp.Conv2d(window, groups, a, true, false), c.x(x), c.w(outputs, x[1] / groups, kh, kw),
                c.w(outputs)))));
    }

    private static void convolutions(List<OpCase> cases) {
        conv(cases, new long[] {1, 1, 1, 1}, 1, 1, 1, UNIT, 1, Activation.NONE);
        conv(cases, new long[] {1, 3, 17, 33}, 5, 3, 3, UNIT.pad(1), 1, Activation.RELU);
        conv(cases, new long[] {2, 7, 13, 19}, 33, 3, 3, UNIT.pad(1), 1, Activation.NONE);
        conv(cases, new long[] {1, 65, 9, 65}, 17, 3, 3, UNIT.pad(1).stride(2), 1, Activation.SILU);
        conv(cases, new long[] {1, 4, 23, 11}, 8, 5, 3, UNIT.pad(2, 1, 0, 3).stride(3, 1).dilation(2, 1), 1,
                Activation.GELU_ERF);
        conv(cases, new long[] {2, 12, 8, 15}, 6, 1, 1, UNIT, 1, Activation.SIGMOID);
        conv(cases, new long[] {1, 6, 14, 14}, 6, 7, 7, UNIT.pad(3), 6, Activation.NONE);
        conv(cases, new long[] {1, 8, 10, 10}, 12, 3, 3, UNIT.pad(1), 4, Activation.TANH);
        conv(cases, new long[] {1, 3, 40, 40}, 13, 16, 16, UNIT.stride(4), 1, Activation.NONE);
        conv(cases, new long[] {1, 16, 64, 64}, 32, 3, 3, UNIT.pad(1), 1, Activation.RELU);
        cases.add(new OpCase("conv2d with residual", 5 * 9 + 3, c -> c.out(c.apply(
                new SpatialOp.Conv2d(UNIT.pad(1), 1, Activation.RELU, false, true), c.x(2, 5, 7, 9), c.w(6, 5, 3, 3),
                c.x(2, 6, 7, 9)))));
        cases.add(new OpCase("conv, batch norm, relu", 5 * 9 + 8, c -> {
            GraphBuilder g = c.graph();
            Value y = g.conv2d(c.x(1, 5, 7, 9), c.w(6, 5, 3, 3), null, UNIT.pad(1));
            y = g.batchNorm(y, c.w(6), c.w(6), c.w(6), c.positiveWeight(6), 1e-5);
            c.out(g.relu(y));
        }));
        cases.add(new OpCase("conv into a concat of two images", 3 * 9 + 4 * 4 + 4, c -> {
            GraphBuilder g = c.graph();
            Value x = c.x(2, 3, 8, 10);
            Value a = g.conv2d(x, c.w(4, 3, 3, 3), null, UNIT.pad(1));
            Value b = g.conv2d(x, c.w(5, 3, 1, 1), null, UNIT);
            Value y = g.concat(1, a, b);
            c.out(g.maxPool2d(y, 2));
            c.out(g.conv2d(y, c.w(3, 9, 1, 1), null, UNIT));
        }));
        for (Window2d window : List.of(UNIT.stride(2), UNIT, UNIT.stride(2).pad(1), UNIT.stride(3, 2).pad(1, 0, 1, 1))) {
            for (int k : new int[] {2, 3}) {
                cases.add(new OpCase("conv_transpose2d " + k + " " + window, 7 * k * k + 1, c -> c.out(c.apply(
                        new SpatialOp.ConvTranspose2d(window, 0, 0, 1, Activation.RELU, true), c.x(2, 7, 5, 9),
                        c.w(7, 5, k, k), c.w(5)))));
            }
        }
        cases.add(new OpCase("conv_transpose2d grouped, dilated, output padded", 3 * 9, c -> c.out(c.apply(
                new SpatialOp.ConvTranspose2d(UNIT.stride(2, 3).dilation(2, 1).pad(1), 1, 2, 2, Activation.NONE, false),
                c.x(1, 6, 7, 4), c.w(6, 2, 3, 3)))));
    }

    private static void images(List<OpCase> cases) {
        for (int[] k : new int[][] {{2, 2, 2, 0}, {3, 3, 2, 1}, {3, 2, 1, 1}, {5, 5, 3, 2}}) {
            for (boolean ceil : new boolean[] {false, true}) {
                Window2d window = UNIT.stride(k[2]).pad(k[3]);
                String shape = k[0] + "×" + k[1] + " " + window + (ceil ? " ceil" : "");
                cases.add(new OpCase("max_pool2d " + shape, 1, c -> c.out(c.apply(
                        new SpatialOp.MaxPool2d(k[0], k[1], window, ceil), c.x(2, 3, 13, 17)))));
                for (boolean padding : new boolean[] {false, true}) {
                    cases.add(new OpCase("avg_pool2d " + shape + (padding ? " with padding" : ""), k[0] * k[1],
                            c -> c.out(c.apply(new SpatialOp.AvgPool2d(k[0], k[1], window, ceil, padding),
                                    c.x(2, 3, 13, 17)))));
                }
            }
        }
        cases.add(new OpCase("max_pool2d dilated", 1, c -> c.out(c.apply(
                new SpatialOp.MaxPool2d(3, 2, UNIT.dilation(2, 3), false), c.x(1, 2, 11, 9)))));
        for (int[] out : new int[][] {{1, 1}, {5, 7}, {22, 34}, {37, 3}}) {
            for (Interpolation i : Interpolation.values()) {
                for (Sampling s : Sampling.values()) {
                    if (i == Interpolation.NEAREST ? s != Sampling.ALIGN_CORNERS : s != Sampling.ASYMMETRIC) {
                        resize(cases, out, i, s, false);
                    }
                }
                if (i != Interpolation.NEAREST) {
                    resize(cases, out, i, Sampling.HALF_PIXEL, true);
                }
            }
        }
        cases.add(new OpCase("resize by a given scale", 8, c -> c.out(c.apply(new SpatialOp.Resize(
                18, 16, Interpolation.BILINEAR, Sampling.HALF_PIXEL, false, 1 / 1.7, 1 / 2.3), c.x(1, 2, 11, 7)))));
    }

    private static void resize(List<OpCase> cases, int[] out, Interpolation i, Sampling s, boolean antialias) {
        cases.add(new OpCase("resize to " + out[0] + "×" + out[1] + " " + i + " " + s + (antialias ? " antialias" : ""),
                i == Interpolation.NEAREST ? 1 : 36, c -> c.out(c.apply(
                        new SpatialOp.Resize(out[0], out[1], i, s, antialias, 0, 0), c.x(2, 2, 11, 17)))));
    }

    private static void matrices(List<OpCase> cases) {
        for (int[] d : new int[][] {{1, 1, 1}, {5, 7, 3}, {17, 33, 65}, {64, 64, 64}, {1, 129, 31}, {130, 5, 1}}) {
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
        cases.add(new OpCase("attention", 40, c -> c.out(c.apply(new MatrixOp.Attention(0.25f, false),
                c.x(2, 3, 17, 16), c.x(2, 3, 33, 16), c.x(2, 3, 33, 8)))));
        cases.add(new OpCase("attention with bias, shared keys", 60, c -> c.out(c.apply(
                new MatrixOp.Attention(0.5f, true), c.x(2, 2, 5, 7), c.x(1, 2, 70, 7), c.x(1, 2, 70, 9), c.x(5, 70)))));
        cases.add(new OpCase("attention over one key", 8, c -> c.out(c.apply(new MatrixOp.Attention(1, false),
                c.x(1, 1, 1, 1), c.x(1, 1, 1, 1), c.x(1, 1, 1, 3)))));
    }

    private static void norms(List<OpCase> cases) {
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

    private static void pointwise(List<OpCase> cases) {
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
        cases.add(new OpCase("binary with activation", 9, c -> c.out(c.apply(
                new PointwiseOp.Binary(PointwiseOp.Arithmetic.ADD, Activation.SILU), c.x(4, 33), c.x(33)))));
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

    private static void moves(List<OpCase> cases) {
        for (int a = 0; a < 3; a++) {
            int axis = a;
            cases.add(new OpCase("concat axis " + a, 1, c -> {
                long[] first = {2, 3, 5};
                long[] second = {2, 3, 5};
                second[axis] = 4;
                c.out(c.graph().concat(axis, c.x(first), c.x(second), c.x(first)));
                c.out(c.graph().concat(axis, c.whole(DType.U8, 255, first), c.whole(DType.U8, 255, second)));
            }));
            cases.add(new OpCase("slice axis " + a, 1, c -> {
                c.out(c.apply(new MoveOp.Slice(axis, 1, 6, 2), c.x(7, 6, 9)));
                c.out(c.apply(new MoveOp.Slice(axis, 2, 5, 1), c.whole(DType.I32, 99, 7, 6, 9)));
                c.out(c.graph().relu(c.apply(new MoveOp.Slice(axis, 1, 4, 1), c.graph().relu(c.x(5, 6, 7)))));
            }));
        }
        for (List<Integer> order : List.of(List.of(0, 2, 3, 1), List.of(0, 3, 1, 2), List.of(3, 2, 1, 0),
                List.of(2, 0, 1, 3), List.of(0, 1, 3, 2))) {
            cases.add(new OpCase("permute " + order, 1, c -> {
                c.out(c.apply(new MoveOp.Permute(order), c.x(2, 3, 67, 5)));
                c.out(c.apply(new MoveOp.Permute(order), c.whole(DType.U8, 255, 2, 3, 5, 7)));
            }));
        }
        for (MoveOp.PadMode mode : MoveOp.PadMode.values()) {
            cases.add(new OpCase("pad " + mode, 1, c -> {
                c.out(c.apply(new MoveOp.Pad(List.of(0L, 1L, 3L, 2L), List.of(1L, 0L, 2L, 4L), mode, 1.5), c.x(2, 3, 5, 7)));
                c.out(c.apply(new MoveOp.Pad(List.of(2L), List.of(3L), mode, 7), c.whole(DType.U8, 255, 4)));
            }));
        }
        cases.add(new OpCase("reshape, expand", 1, c -> {
            c.out(c.graph().reshape(c.x(4, 6), 3, 8));
            c.out(c.apply(new MoveOp.Expand(Shape.of(2, 4, 5, 6)), c.x(4, 1, 6)));
            c.out(c.apply(new MoveOp.Expand(Shape.of(3, 7)), c.whole(DType.I32, 9, 1)));
        }));
        cases.add(new OpCase("gather", 1, c -> {
            c.out(c.apply(new MoveOp.Gather(), c.x(5, 3), c.ints(Shape.of(2, 2), 4, 0, 0, 3)));
            c.out(c.apply(new MoveOp.Gather(), c.whole(DType.U8, 255, 9), c.ints(Shape.of(), 7)));
        }));
    }

    private static void reductions(List<OpCase> cases) {
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

    private static void counts(List<OpCase> cases) {
        for (int n : new int[] {0, 1, 4, 5}) {
            cases.add(new OpCase("a count of " + n + " of 5", 64, c -> {
                GraphBuilder g = c.graph();
                Value count = c.ints(Shape.of(), n);
                Value x = c.counted(count, 5, 6);
                Value y = g.linear(g.layerNorm(g.add(g.relu(x), c.x(6)), c.w(6), c.w(6), 1, 1e-2), c.w(4, 6), c.w(4));
                c.out(g.softmax(y, 1));
                c.out(g.softmax(x, 0));
                c.out(c.apply(new ReduceOp.Reduce(Reduction.SUM, List.of(0), false), y));
                c.out(c.apply(new ReduceOp.Reduce(Reduction.MAX, List.of(0), false), y));
                c.out(c.apply(new ReduceOp.Reduce(Reduction.SUM, List.of(1), false), y));
            }));
        }
        cases.add(new OpCase("a count for each item", 64, c -> {
            GraphBuilder g = c.graph();
            Value count = c.ints(Shape.of(3), 4, 0, 2);
            Value x = c.counted(count, 3, 4, 5);
            Value y = g.multiply(x, g.constant(2f));
            c.out(y);
            c.out(g.softmax(y, 1));
            c.out(c.apply(new ReduceOp.Reduce(Reduction.SUM, List.of(1), false), y));
            c.out(c.apply(new ReduceOp.Reduce(Reduction.MIN, List.of(1, 2), false), y));
        }));
        cases.add(new OpCase("attention over counted keys", 64, c -> {
            Value count = c.ints(Shape.of(2, 2), 7, 0, 1, 5);
            c.out(c.apply(new MatrixOp.Attention(0.5f, false), c.x(2, 2, 5, 6), c.counted(count, 2, 2, 7, 6),
                    c.x(2, 2, 7, 6)));
        }));
        cases.add(new OpCase("compact and gather", 8, c -> {
            List<Value> picked = c.graph().add(new SelectOp.Compact(0.2f, 40), c.x(97));
            Value rows = c.apply(new MoveOp.Gather(), c.x(97, 3), picked.get(0));
            c.out(picked.get(0));
            c.out(picked.get(1));
            c.out(rows);
            c.out(c.graph().relu(rows));
            c.out(c.apply(new ReduceOp.Reduce(Reduction.MEAN, List.of(0), false), rows));
        }));
    }

    private static void measures(List<OpCase> cases) {
        for (long pixels : new long[] {1, 7, 64, 131, 4099}) {
            for (boolean ignore : new boolean[] {false, true}) {
                cases.add(new OpCase("overlap of " + pixels + (ignore ? " with ignore" : ""), 1, c -> {
                    Value bits = c.whole(DType.U8, 255, 3, (pixels + 7) / 8);
                    Value bytes = c.whole(DType.U8, 2, 2, pixels);
                    Value logits = c.x(3, pixels);
                    Value skip = c.whole(DType.U8, 1, pixels);
                    overlap(c, new MaskForm.Bits(), bits, new MaskForm.Bytes(), bytes, pixels, ignore ? skip : null);
                    overlap(c, new MaskForm.Logits(0.25f), logits, new MaskForm.Bits(), bits, pixels, ignore ? skip : null);
                    overlap(c, new MaskForm.Bytes(), bytes, new MaskForm.Logits(0), logits, pixels, ignore ? skip : null);
                }));
            }
        }
        for (int k : new int[] {1, 2, 21}) {
            cases.add(new OpCase("confusion of " + k, 1, c -> {
                c.out(c.apply(new MeasureOp.Confusion(k, k - 1), c.whole(DType.U8, k, 2, 613), c.whole(DType.I32, k, 2, 613)));
                c.out(c.apply(new MeasureOp.Confusion(k, -1), c.whole(DType.I32, k, 1, 37), c.whole(DType.U8, k, 1, 37)));
            }));
        }
    }

    private static void overlap(
            OpCase c, MaskForm a, Value x, MaskForm b, Value y, long pixels, Value ignore) {
        var op = new MeasureOp.Overlap(a, b, pixels, ignore != null);
        c.out(ignore == null ? c.apply(op, x, y) : c.apply(op, x, y, ignore));
    }

    private static void frames(List<OpCase> cases) {
        cases.add(new OpCase("from_pixels", 1, c -> {
            Value x = c.whole(DType.U8, 255, 2, 5, 7, 4);
            c.out(c.apply(new FrameOp.FromPixels(List.of(2, 1, 0), false), x));
            c.out(c.apply(new FrameOp.FromPixels(List.of(0, 1, 2), true), x));
            c.out(c.apply(new FrameOp.FromPixels(List.of(0, 0, 0), false), c.whole(DType.U16, 65535, 1, 9, 3, 1)));
        }));
        for (FrameOp.VideoMatrix m : FrameOp.VideoMatrix.values()) {
            cases.add(new OpCase("from_nv12 " + m, 16, c -> c.out(c.apply(
                    new FrameOp.FromNv12(m), c.whole(DType.U8, 255, 2, 9, 10)))));
        }
        cases.add(new OpCase("standardise", 64, c -> {
            Value x = c.x(2, 3, 33, 31);
            Value s = c.apply(new FrameOp.ImageStatistics(), x);
            c.out(s);
            c.out(c.apply(new FrameOp.Standardise(), x, s));
            Value flat = c.graph().multiply(x, c.graph().constant(0f));
            c.out(c.apply(new FrameOp.Standardise(), flat, c.apply(new FrameOp.ImageStatistics(), flat)));
        }));
    }
}
