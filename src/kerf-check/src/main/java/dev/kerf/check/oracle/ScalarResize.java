package dev.kerf.check.oracle;

import dev.kerf.graph.SpatialOp;
import dev.kerf.graph.plan.ResizeTaps;

/** Resampling. */
final class ScalarResize {
    private ScalarResize() {}

    static void resize(SpatialOp.Resize op, Wide x, Wide y) {
        int h = x.dim(2);
        int w = x.dim(3);
        ResizeTaps rows = ResizeTaps.rows(op, h);
        ResizeTaps columns = ResizeTaps.columns(op, w);
        int at = 0;
        for (int plane = 0; plane < x.dim(0) * x.dim(1); plane++) {
            for (int i = 0; i < op.outH(); i++) {
                for (int j = 0; j < op.outW(); j++, at++) {
                    double sum = 0;
                    for (int a = i * rows.taps(); a < (i + 1) * rows.taps(); a++) {
                        for (int b = j * columns.taps(); b < (j + 1) * columns.taps(); b++) {
                            double weight = rows.weight()[a] * columns.weight()[b];
                            // A tap without weight must not let a NaN or an infinity in.
                            if (weight != 0) {
                                sum += weight * x.v()[(plane * h + rows.index()[a]) * w + columns.index()[b]];
                            }
                        }
                    }
                    y.v()[at] = sum;
                }
            }
        }
    }
}
