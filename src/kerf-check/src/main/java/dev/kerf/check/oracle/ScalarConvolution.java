package dev.kerf.check.oracle;

import dev.kerf.backend.cpu.kernel.Functions;
import dev.kerf.graph.SpatialOp;
import dev.kerf.graph.SpatialOp.Window2d;
import java.util.List;
import java.util.stream.IntStream;

/** Convolution and transposed convolution. */
final class ScalarConvolution {
    private ScalarConvolution() {}

    static void conv2d(SpatialOp.Conv2d op, List<Wide> in, Wide y) {
        Wide x = in.get(0);
        Wide w = in.get(1);
        Wide bias = op.bias() ? in.get(2) : null;
        Wide residual = op.residual() ? in.getLast() : null;
        int outputs = y.dim(1) / op.groups();
        int height = y.dim(2);
        int width = y.dim(3);
        IntStream.range(0, y.dim(0) * y.dim(1)).parallel().forEach(plane -> {
            int n = plane / y.dim(1);
            int o = plane % y.dim(1);
            int firstChannel = o / outputs * w.dim(1);
            int at = plane * height * width;
            for (int i = 0; i < height; i++) {
                for (int j = 0; j < width; j++, at++) {
                    double sum = bias == null ? 0 : bias.v()[o];
                    sum += window(op.window(), x, w, n, firstChannel, o, i, j);
                    sum += residual == null ? 0 : residual.v()[at];
                    y.v()[at] = Functions.apply(op.activation(), sum);
                }
            }
        });
    }

    private static double window(Window2d s, Wide x, Wide w, int n, int firstChannel, int o, int i, int j) {
        double sum = 0;
        int h = x.dim(2);
        int v = x.dim(3);
        int channels = w.dim(1);
        int rows = w.dim(2);
        int columns = w.dim(3);
        double[] from = x.v();
        double[] weights = w.v();
        int first = (n * x.dim(1) + firstChannel) * h * v;
        for (int c = 0; c < channels; c++) {
            for (int a = 0; a < rows; a++) {
                int row = i * s.strideH() + a * s.dilationH() - s.padTop();
                if (row < 0 || row >= h) {
                    continue;
                }
                for (int b = 0; b < columns; b++) {
                    int col = j * s.strideW() + b * s.dilationW() - s.padLeft();
                    if (col >= 0 && col < v) {
                        sum += from[first + (c * h + row) * v + col] * weights[((o * channels + c) * rows + a) * columns + b];
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
        int height = x.dim(2);
        int width = x.dim(3);
        IntStream.range(0, y.dim(0) * y.dim(1)).parallel().forEach(made -> {
            int o = made % y.dim(1);
            int first = o / perGroup * channelsPerGroup;
            for (int c = first; c < first + channelsPerGroup; c++) {
                int at = (made / y.dim(1) * x.dim(1) + c) * height * width;
                for (int i = 0; i < height; i++) {
                    for (int j = 0; j < width; j++, at++) {
                        spread(op.window(), x.v()[at], w, c * perGroup + o % perGroup, y, made * plane, i, j);
                    }
                }
            }
        });
        for (int at = 0; at < y.v().length; at++) {
            double bias = op.bias() ? in.get(2).v()[at / plane % y.dim(1)] : 0;
            y.v()[at] = Functions.apply(op.activation(), y.v()[at] + bias);
        }
    }

    private static void spread(Window2d s, double value, Wide w, int kernel, Wide y, int plane, int i, int j) {
        int rows = w.dim(2);
        int columns = w.dim(3);
        int height = y.dim(2);
        int width = y.dim(3);
        for (int a = 0; a < rows; a++) {
            int row = i * s.strideH() + a * s.dilationH() - s.padTop();
            if (row < 0 || row >= height) {
                continue;
            }
            for (int b = 0; b < columns; b++) {
                int col = j * s.strideW() + b * s.dilationW() - s.padLeft();
                if (col >= 0 && col < width) {
                    y.v()[plane + row * width + col] += value * w.v()[(kernel * rows + a) * columns + b];
                }
            }
        }
    }
}
