package dev.kerf.check.oracle;

import dev.kerf.graph.SpatialOp;
import dev.kerf.graph.SpatialOp.Window2d;

/** Pooling. */
final class ScalarPool {
    private ScalarPool() {}

    static void max(SpatialOp.MaxPool2d op, Wide x, Wide y) {
        Window2d s = op.window();
        int h = x.dim(2);
        int w = x.dim(3);
        int at = 0;
        for (int plane = 0; plane < x.dim(0) * x.dim(1); plane++) {
            for (int i = 0; i < y.dim(2); i++) {
                for (int j = 0; j < y.dim(3); j++, at++) {
                    double best = Double.NEGATIVE_INFINITY;
                    for (int a = 0; a < op.kernelH(); a++) {
                        for (int b = 0; b < op.kernelW(); b++) {
                            int row = i * s.strideH() + a * s.dilationH() - s.padTop();
                            int col = j * s.strideW() + b * s.dilationW() - s.padLeft();
                            if (row >= 0 && row < h && col >= 0 && col < w) {
                                best = Math.max(best, x.v()[(plane * h + row) * w + col]);
                            }
                        }
                    }
                    y.v()[at] = best;
                }
            }
        }
    }

    /** As torch: the divisor counts padding if asked, but never what ceil adds beyond it. */
    static void average(SpatialOp.AvgPool2d op, Wide x, Wide y) {
        Window2d s = op.window();
        int h = x.dim(2);
        int w = x.dim(3);
        int at = 0;
        for (int plane = 0; plane < x.dim(0) * x.dim(1); plane++) {
            for (int i = 0; i < y.dim(2); i++) {
                for (int j = 0; j < y.dim(3); j++, at++) {
                    int top = i * s.strideH() - s.padTop();
                    int left = j * s.strideW() - s.padLeft();
                    int bottom = Math.min(top + op.kernelH(), h + s.padBottom());
                    int right = Math.min(left + op.kernelW(), w + s.padRight());
                    int padded = (bottom - top) * (right - left);
                    top = Math.max(top, 0);
                    left = Math.max(left, 0);
                    bottom = Math.min(bottom, h);
                    right = Math.min(right, w);
                    double sum = 0;
                    for (int row = top; row < bottom; row++) {
                        for (int col = left; col < right; col++) {
                            sum += x.v()[(plane * h + row) * w + col];
                        }
                    }
                    // torch gives 0 for a window that meets no pixel.
                    y.v()[at] = top >= bottom || left >= right
                            ? 0
                            : sum / (op.countIncludePad() ? padded : (bottom - top) * (right - left));
                }
            }
        }
    }
}
