package dev.kerf.check.oracle;

import dev.kerf.backend.cpu.kernel.Functions;
import dev.kerf.graph.SpatialOp;
import dev.kerf.graph.SpatialOp.Window2d;
import java.util.List;

/** Convolution and transposed convolution. */
final class ScalarConvolution {
    private ScalarConvolution() {}

    static void conv2d(SpatialOp.Conv2d op, List<Wide> in, Wide y) {
        Wide x = in.get(0);
        Wide w = in.get(1);
        Wide bias = op.bias() ? in.get(2) : null;
        Wide residual = op.residual() ? in.getLast() : null;
        int outputs = y.dim(1) / op.groups();
        int at = 0;
        for (int n = 0; n < y.dim(0); n++) {
            for (int o = 0; o < y.dim(1); o++) {
                int firstChannel = o / outputs * w.dim(1);
                for (int i = 0; i < y.dim(2); i++) {
                    for (int j = 0; j < y.dim(3); j++, at++) {
                        double sum = bias == null ? 0 : bias.v()[o];
                        sum += window(op.window(), x, w, n, firstChannel, o, i, j);
                        sum += residual == null ? 0 : residual.v()[at];
                        y.v()[at] = Functions.apply(op.activation(), sum);
                    }
                }
            }
        }
    }

    private static double window(Window2d s, Wide x, Wide w, int n, int firstChannel, int o, int i, int j) {
        double sum = 0;
        int h = x.dim(2);
        int v = x.dim(3);
        for (int c = 0; c < w.dim(1); c++) {
            for (int a = 0; a < w.dim(2); a++) {
                int row = i * s.strideH() + a * s.dilationH() - s.padTop();
                if (row < 0 || row >= h) {
                    continue;
                }
                for (int b = 0; b < w.dim(3); b++) {
                    int col = j * s.strideW() + b * s.dilationW() - s.padLeft();
                    if (col >= 0 && col < v) {
                        sum += x.v()[((n * x.dim(1) + firstChannel + c) * h + row) * v + col]
                                * w.v()[((o * w.dim(1) + c) * w.dim(2) + a) * w.dim(3) + b];
                    }
                }
            }
        }
        return sum;
    }

    /** Each input pixel adds its multiple of the kernel to the result. */
    static void convTranspose2d(SpatialOp.ConvTranspose2d op, List<Wide> in, Wide y) {
        Wide x = in.get(0);
        Wide w = in.get(1);
        int perGroup = w.dim(1);
        int channelsPerGroup = x.dim(1) / op.groups();
        int plane = y.dim(2) * y.dim(3);
        for (int n = 0, at = 0; n < x.dim(0); n++) {
            for (int c = 0; c < x.dim(1); c++) {
                for (int i = 0; i < x.dim(2); i++) {
                    for (int j = 0; j < x.dim(3); j++, at++) {
                        for (int o = 0; o < perGroup; o++) {
                            int channel = c / channelsPerGroup * perGroup + o;
                            spread(op.window(), x.v()[at], w, (c * perGroup + o), y,
                                    (n * y.dim(1) + channel) * plane, i, j);
                        }
                    }
                }
            }
        }
        for (int at = 0; at < y.v().length; at++) {
            double bias = op.bias() ? in.get(2).v()[at / plane % y.dim(1)] : 0;
            y.v()[at] = Functions.apply(op.activation(), y.v()[at] + bias);
        }
    }

    private static void spread(Window2d s, double value, Wide w, int kernel, Wide y, int plane, int i, int j) {
        for (int a = 0; a < w.dim(2); a++) {
            int row = i * s.strideH() + a * s.dilationH() - s.padTop();
            if (row < 0 || row >= y.dim(2)) {
                continue;
            }
            for (int b = 0; b < w.dim(3); b++) {
                int col = j * s.strideW() + b * s.dilationW() - s.padLeft();
                if (col >= 0 && col < y.dim(3)) {
                    y.v()[plane + row * y.dim(3) + col] += value * w.v()[(kernel * w.dim(2) + a) * w.dim(3) + b];
                }
            }
        }
    }
}
