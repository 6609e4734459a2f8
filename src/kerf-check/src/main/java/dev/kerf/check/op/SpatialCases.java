package dev.kerf.check.op;

import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.NormOp;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.PointwiseOp.Function;
import dev.kerf.graph.SpatialOp.Interpolation;
import dev.kerf.graph.SpatialOp.Sampling;
import dev.kerf.graph.SpatialOp;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.tensor.Shape;
import java.util.List;

/** Convolutions, pooling and resizing. */
final class SpatialCases {
    private static final Window2d UNIT = Window2d.of();

    private SpatialCases() {}

    private static void conv(
            List<OpCase> cases, long[] x, long outputs, long kh, long kw, Window2d window, int groups, Activation a) {
        String name = "conv2d " + Shape.of(x) + " to " + outputs + ", " + kh + "×" + kw + " " + window + " groups "
                + groups + " " + a;
        cases.add(new OpCase(name, (double) x[1] / groups * kh * kw + 2, c -> c.out(c.apply(
                new SpatialOp.Conv2d(window, groups, a, true, false), c.x(x), c.w(outputs, x[1] / groups, kh, kw),
                c.w(outputs)))));
    }

    static void convolutions(List<OpCase> cases) {
        conv(cases, new long[] {1, 1, 1, 1}, 1, 1, 1, UNIT, 1, Activation.NONE);
        conv(cases, new long[] {1, 3, 17, 33}, 5, 3, 3, UNIT.pad(1), 1, Activation.RELU);
        conv(cases, new long[] {2, 7, 13, 19}, 33, 3, 3, UNIT.pad(1), 1, Activation.NONE);
        conv(cases, new long[] {1, 65, 9, 65}, 17, 3, 3, UNIT.pad(1).stride(2), 1, Activation.SILU);
        conv(cases, new long[] {1, 4, 23, 11}, 8, 5, 3, UNIT.pad(2, 1, 0, 3).stride(3, 1).dilation(2, 1), 1,
                Activation.GELU_ERF);
        conv(cases, new long[] {2, 12, 8, 15}, 6, 1, 1, UNIT, 1, Activation.SIGMOID);
        conv(cases, new long[] {1, 6, 14, 14}, 6, 7, 7, UNIT.pad(3), 6, Activation.NONE);
        conv(cases, new long[] {1, 8, 10, 10}, 12, 3, 3, UNIT.pad(1), 4, Activation.TANH);
        conv(cases, new long[] {2, 5, 70, 83}, 5, 7, 5, UNIT.pad(3, 2, 3, 2), 5, Activation.NONE);
        conv(cases, new long[] {1, 4, 9, 300}, 4, 7, 3, UNIT.pad(1, 4, 5, 0), 4, Activation.RELU);
        conv(cases, new long[] {1, 3, 40, 40}, 13, 16, 16, UNIT.stride(4), 1, Activation.NONE);
        conv(cases, new long[] {1, 16, 64, 64}, 32, 3, 3, UNIT.pad(1), 1, Activation.RELU);
        conv(cases, new long[] {1, 56, 8, 16}, 72, 3, 3, UNIT.pad(1), 1, Activation.NONE);
        cases.add(new OpCase("conv2d of the pixels that a stride takes", 5 * 9 + 1, c -> {
            for (int[] size : new int[][] {{13, 19}, {14, 18}}) {
                Value some = c.apply(new SpatialOp.MaxPool2d(1, 1, UNIT.stride(2, 3), false), c.x(2, 5, size[0], size[1]));
                c.out(c.graph().conv2d(some, c.w(6, 5, 3, 3), null, UNIT.pad(1)));
            }
        }));
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
        cases.add(new OpCase("conv, relu, pool, conv, resize, conv", 3 * 9 + 56 * 9 + 24 + 8, c -> {
            GraphBuilder g = c.graph();
            Value half = g.maxPool2d(g.relu(g.conv2d(c.x(1, 3, 16, 32), c.w(56, 3, 3, 3), c.w(56), UNIT.pad(1))), 2);
            Value few = g.conv2d(half, c.w(24, 56, 3, 3), c.w(24), UNIT.pad(1));
            Value twice = c.apply(new SpatialOp.Resize(16, 32, Interpolation.NEAREST, Sampling.ASYMMETRIC, false, 0, 0), few);
            c.out(g.conv2d(twice, c.w(16, 24, 1, 1), null, UNIT));
        }));
        for (Window2d window : List.of(UNIT.stride(2), UNIT, UNIT.stride(2).pad(1), UNIT.stride(3, 2).pad(1, 0, 1, 1))) {
            for (int k : new int[] {2, 3}) {
                cases.add(new OpCase("conv_transpose2d " + k + " " + window, 7 * k * k + 1, c -> c.out(c.apply(
                        new SpatialOp.ConvTranspose2d(window, 0, 0, 1, Activation.RELU, true), c.x(2, 7, 5, 9),
                        c.w(7, 5, k, k), c.w(5)))));
            }
        }
        cases.add(
                new OpCase("an image to rows that are added", 2, c -> c.out(c.graph().add(c.x(2, 12, 11 * 9), c.graph().reshape(
                        c.graph().permute(c.x(2, 9, 12, 11), 0, 2, 3, 1), 2, 12, 11 * 9)))));
        cases.add(new OpCase("conv_transpose2d of tokens, norm of channels, gelu", 130, c -> c.out(c.graph().unary(
                Function.GELU_ERF,
                c.apply(new NormOp.LayerNorm(1, 1e-2), c.apply(new SpatialOp.ConvTranspose2d(UNIT.stride(2), 0, 0, 1,
                        Activation.NONE, true), c.graph().reshape(c.graph().permute(c.x(2, 6 * 21, 17), 0, 2, 1), 2, 17, 6, 21),
                        c.w(17, 6, 2, 2), c.w(6)), c.w(6), c.w(6))))));
        cases.add(new OpCase("conv_transpose2d of tokens, output padded, items folded", 70, c -> {
            c.out(c.apply(new SpatialOp.ConvTranspose2d(UNIT.stride(2), 1, 1, 1, Activation.NONE, true), c.graph().reshape(
                    c.graph().permute(c.x(2, 56, 3), 0, 2, 1), 2, 3, 8, 7), c.w(3, 6, 2, 2), c.w(6)));
            c.out(c.apply(new SpatialOp.ConvTranspose2d(UNIT.stride(2), 0, 0, 1, Activation.NONE, true), c.graph().reshape(
                    c.graph().permute(c.x(2, 8, 3), 0, 2, 1), 1, 3, 4, 4), c.w(3, 6, 2, 2), c.w(6)));
        }));
        cases.add(new OpCase("conv2d of one channel, norm", 120, c -> c.out(c.apply(new NormOp.LayerNorm(1, 1e-2), c.apply(
                new SpatialOp.Conv2d(UNIT.pad(3), 1, Activation.NONE, true, false), c.x(2, 1, 13, 12), c.w(1, 1, 7, 7), c.w(1)),
                c.w(1), c.w(1)))));
        cases.add(new OpCase("conv_transpose2d of tokens", 70,
                c -> c.out(c.apply(new SpatialOp.ConvTranspose2d(UNIT.stride(2), 0, 0,
                        1, Activation.RELU, true),
                        c.graph().reshape(c.graph().permute(c.x(2, 9 * 21, 70), 0, 2, 1), 2, 70, 9, 21),
                        c.w(70, 6, 2, 2), c.w(6)))));
        cases.add(new OpCase("norm of channels, gelu, tokens", 60, c -> {
            Value y = c.graph().unary(Function.GELU_ERF,
                    c.apply(new NormOp.LayerNorm(1, 1e-2), c.x(2, 9, 16, 20), c.w(9), c.w(9)));
            c.out(c.graph().permute(c.graph().reshape(y, 2, 9, 320), 0, 2, 1));
        }));
        cases.add(new OpCase("tokens to an image that is added", 2, c -> c.out(c.graph().add(c.x(2, 70, 9, 11),
                c.graph().reshape(c.graph().permute(c.x(2, 99, 70), 0, 2, 1), 2, 70, 9, 11)))));
        // Variances of few channels may be near 0, where a norm makes much of roundings: with an epsilon of 1 it makes no more of them than there is.
        for (int side : new int[] {5, 24}) {
            cases.add(new OpCase("conv2d, norm of channels, gelu " + side, 9 * 3 + 60, c -> c.out(c.graph().unary(
                    Function.GELU_ERF,
                    c.apply(new NormOp.LayerNorm(1, 1), c.apply(new SpatialOp.Conv2d(UNIT.stride(2).pad(1), 1,
                            Activation.NONE, true, false), c.x(2, 3, side, side + 7), c.w(13, 3, 3, 3), c.w(13)), c.w(13),
                            c.w(13))))));
            cases.add(new OpCase("conv_transpose2d, norm of channels, gelu " + side, 9 + 60, c -> c.out(c.graph().unary(
                    Function.GELU_ERF, c.apply(new NormOp.LayerNorm(1, 1), c.apply(new SpatialOp.ConvTranspose2d(
                            UNIT.stride(2), 0, 0, 1, Activation.NONE, true), c.x(2, 9, side, side + 2), c.w(9, 6, 2, 2),
                            c.w(6)),
                            c.w(6), c.w(6))))));
        }
        cases.add(new OpCase("conv_transpose2d grouped, dilated, output padded", 3 * 9, c -> c.out(c.apply(
                new SpatialOp.ConvTranspose2d(UNIT.stride(2, 3).dilation(2, 1).pad(1), 1, 2, 2, Activation.NONE, false),
                c.x(1, 6, 7, 4), c.w(6, 2, 3, 3)))));
    }

    static void images(List<OpCase> cases) {
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
        for (int[] size : new int[][] {{2, 2}, {5, 33}, {6, 67}}) {
            cases.add(new OpCase("max_pool2d of " + size[0] + "×" + size[1], 1, c -> c.out(c.apply(
                    new SpatialOp.MaxPool2d(2, 2, UNIT.stride(2), false), c.x(1, 3, size[0], size[1])))));
        }
        for (int[] size : new int[][] {{70, 33}, {33, 70}, {9, 300}}) {
            for (Interpolation i : new Interpolation[] {Interpolation.NEAREST, Interpolation.BILINEAR}) {
                cases.add(new OpCase("resize of " + size[0] + " columns to " + size[1] + " " + i, 8, c -> c.out(c.apply(
                        new SpatialOp.Resize(5, size[1], i, Sampling.HALF_PIXEL, false, 0, 0), c.x(1, 2, 3, size[0])))));
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
}
