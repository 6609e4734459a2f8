package dev.kerf.check.oracle;

import dev.kerf.graph.MeasureOp;
import java.util.List;

/** Counts over masks. */
final class ScalarMeasure {
    private ScalarMeasure() {}

    static void run(MeasureOp op, List<Wide> in, Wide y, Wide areas) {
        switch (op) {
            case MeasureOp.Overlap o -> overlap(o, in, y);
            case MeasureOp.Confusion c -> confusion(c, in, y);
            case MeasureOp.Components c -> components(c, in.getFirst(), y, areas);
        }
    }

    /** Each component is filled from its first pixel on. */
    private static void components(MeasureOp.Components op, Wide x, Wide labels, Wide areas) {
        int w = x.dim(2);
        int pixels = x.dim(1) * w;
        int[] filled = new int[pixels];
        for (int b = 0; b < x.dim(0); b++) {
            int first = b * pixels;
            int last = 0;
            for (int start = 0; start < pixels; start++) {
                if (x.v()[first + start] == 0 || labels.v()[first + start] != 0) {
                    continue;
                }
                labels.v()[first + start] = ++last;
                filled[0] = start;
                int n = 1;
                for (int k = 0; k < n; k++) {
                    int row = filled[k] / w;
                    int column = filled[k] % w;
                    for (int r = Math.max(0, row - 1); r <= Math.min(x.dim(1) - 1, row + 1); r++) {
                        for (int c = Math.max(0, column - 1); c <= Math.min(w - 1, column + 1); c++) {
                            int to = r * w + c;
                            boolean touches = op.connectivity() == 8 || r == row || c == column;
                            if (touches && x.v()[first + to] != 0 && labels.v()[first + to] == 0) {
                                labels.v()[first + to] = last;
                                filled[n++] = to;
                            }
                        }
                    }
                }
                areas.v()[b * areas.dim(1) + last] = n;
                areas.v()[b * areas.dim(1)] -= n;
            }
            areas.v()[b * areas.dim(1)] += pixels;
        }
    }

    private static void overlap(MeasureOp.Overlap op, List<Wide> in, Wide y) {
        Wide a = in.get(0);
        Wide b = in.get(1);
        for (int n = 0; n < a.dim(0); n++) {
            for (int m = 0; m < b.dim(0); m++) {
                int at = (n * b.dim(0) + m) * 4;
                for (int p = 0; p < op.pixels(); p++) {
                    if (op.ignore() && in.get(2).v()[p] != 0) {
                        continue;
                    }
                    boolean inA = belongs(op.a(), a, n, p);
                    boolean inB = belongs(op.b(), b, m, p);
                    y.v()[at] += inA && inB ? 1 : 0;
                    y.v()[at + 1] += inA || inB ? 1 : 0;
                    y.v()[at + 2] += inA ? 1 : 0;
                    y.v()[at + 3] += inB ? 1 : 0;
                }
            }
        }
    }

    private static boolean belongs(MeasureOp.MaskForm form, Wide x, int row, int pixel) {
        int first = row * x.dim(1);
        return switch (form) {
            case MeasureOp.MaskForm.Bytes f -> x.v()[first + pixel] != 0;
            case MeasureOp.MaskForm.Bits f -> ((int) x.v()[first + pixel / 8] >> (7 - pixel % 8) & 1) != 0;
            case MeasureOp.MaskForm.Logits f -> x.v()[first + pixel] > f.threshold();
        };
    }

    private static void confusion(MeasureOp.Confusion op, List<Wide> in, Wide y) {
        int k = op.classes();
        for (int i = 0; i < in.getFirst().v().length; i++) {
            int truth = (int) in.get(0).v()[i];
            int predicted = (int) in.get(1).v()[i];
            if (truth != op.ignore() && truth >= 0 && truth < k && predicted >= 0 && predicted < k) {
                y.v()[(i / in.getFirst().dim(1) * k + truth) * k + predicted]++;
            }
        }
    }
}
