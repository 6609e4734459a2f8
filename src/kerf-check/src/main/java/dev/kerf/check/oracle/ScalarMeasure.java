package dev.kerf.check.oracle;

import dev.kerf.graph.MeasureOp;
import java.util.List;

/** Counts over masks. */
final class ScalarMeasure {
    private ScalarMeasure() {}

    static void run(MeasureOp op, List<Wide> in, Wide y) {
        switch (op) {
            case MeasureOp.Overlap o -> overlap(o, in, y);
            case MeasureOp.Confusion c -> confusion(c, in, y);
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
