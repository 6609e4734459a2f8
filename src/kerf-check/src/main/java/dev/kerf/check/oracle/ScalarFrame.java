package dev.kerf.check.oracle;

import dev.kerf.graph.FrameOp;
import dev.kerf.image.Nv12;
import dev.kerf.tensor.DType;
import java.util.List;

/** Pixels to planes, image statistics. */
final class ScalarFrame {
    private ScalarFrame() {}

    static void run(FrameOp op, List<Wide> in, Wide y) {
        Wide x = in.getFirst();
        switch (op) {
            case FrameOp.FromPixels f -> fromPixels(f, x, y);
            case FrameOp.FromNv12 f -> fromNv12(f, x, y);
            case FrameOp.ImageStatistics s -> statistics(x, y);
            case FrameOp.Standardise s -> standardise(x, in.get(1), y);
        }
    }

    private static void fromPixels(FrameOp.FromPixels op, Wide x, Wide y) {
        double full = x.type().dtype() == DType.U8 ? 255 : 65535;
        int pixels = x.dim(1) * x.dim(2);
        int channels = x.dim(3);
        for (int n = 0; n < x.dim(0); n++) {
            for (int k = 0; k < y.dim(1); k++) {
                for (int p = 0; p < pixels; p++) {
                    int pixel = (n * pixels + p) * channels;
                    double sample = x.v()[pixel + op.channels().get(k)];
                    if (op.luma()) {
                        long sum = 19595 * (long) sample + 38470 * (long) x.v()[pixel + op.channels().get(1)]
                                + 7471 * (long) x.v()[pixel + op.channels().get(2)] + 32768;
                        sample = sum >> 16;
                    }
                    // Rounded even where the oracle rounds nothing: the op defines its result as this float32.
                    y.v()[(n * y.dim(1) + k) * pixels + p] = (float) sample / (float) full;
                }
            }
        }
    }

    private static void fromNv12(FrameOp.FromNv12 op, Wide x, Wide y) {
        int h = y.dim(2);
        int w = y.dim(3);
        boolean full = op.matrix() == Nv12.Matrix.BT601_FULL;
        boolean hd = op.matrix() == Nv12.Matrix.BT709_LIMITED;
        double kr = hd ? 0.2126 : 0.299;
        double kb = hd ? 0.0722 : 0.114;
        for (int n = 0; n < y.dim(0); n++) {
            int frame = n * x.dim(1) * w;
            for (int i = 0; i < h; i++) {
                for (int j = 0; j < w; j++) {
                    int chroma = frame + (h + i / 2) * w + j / 2 * 2;
                    double luma = full ? x.v()[frame + i * w + j] / 255 : (x.v()[frame + i * w + j] - 16) / 219;
                    double cb = (x.v()[chroma] - 128) / (full ? 255 : 224);
                    double cr = (x.v()[chroma + 1] - 128) / (full ? 255 : 224);
                    double red = luma + 2 * (1 - kr) * cr;
                    double blue = luma + 2 * (1 - kb) * cb;
                    double green = (luma - kr * red - kb * blue) / (1 - kr - kb);
                    int at = (n * 3 * h + i) * w + j;
                    y.v()[at] = Math.clamp(red, 0, 1);
                    y.v()[at + h * w] = Math.clamp(green, 0, 1);
                    y.v()[at + 2 * h * w] = Math.clamp(blue, 0, 1);
                }
            }
        }
    }

    private static void statistics(Wide x, Wide y) {
        int pixels = x.dim(2) * x.dim(3);
        for (int c = 0; c < x.dim(0) * x.dim(1); c++) {
            double mean = 0;
            for (int p = 0; p < pixels; p++) {
                mean += x.v()[c * pixels + p];
            }
            mean /= pixels;
            double var = 0;
            for (int p = 0; p < pixels; p++) {
                var += (x.v()[c * pixels + p] - mean) * (x.v()[c * pixels + p] - mean);
            }
            y.v()[2 * c] = mean;
            y.v()[2 * c + 1] = Math.sqrt(var / pixels);
        }
    }

    private static void standardise(Wide x, Wide statistics, Wide y) {
        int pixels = x.dim(2) * x.dim(3);
        for (int i = 0; i < x.v().length; i++) {
            int plane = i / pixels;
            int at = 2 * (statistics.dim(0) == 1 ? plane % x.dim(1) : plane);
            double std = statistics.v()[at + 1];
            y.v()[i] = std == 0 ? 0 : (x.v()[i] - statistics.v()[at]) / std;
        }
    }
}
