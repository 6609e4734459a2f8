package dev.kerf.tornado.kernel.select;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import dev.kerf.tornado.kernel.Errors;
import dev.kerf.tornado.kernel.Range;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Boxes from reference boxes and deltas, clamped to the image (Girshick et al. 2014, appendix C): a work-item for each of
 * {@code total} rows of 4. HAS_COUNT: row i is valid if i / per % extent &lt; count[i / per / extent]. NaN stays NaN. PICKED: row
 * i is of box[i] among R boxes and of the last four of delta[i] among D rows; one out of range raises an error.
 */
public final class DecodeBoxes implements JavaKernel {
    @Override
    public TaskPackage task(TaskArguments a) {
        return new TaskPackage(a.id(), DecodeBoxes::decode, a.context(), a.scalars("boxes_off", "deltas_off", "y_off",
                "count_off", "total", "extent", "per", "box_off", "delta_off", "node", "R", "D", "columns"),
                a.floats("boxes"), a.floats("deltas"), a.ints("count"), a.ints("box"), a.ints("delta"), a.floats("y"),
                a.ints("errors"), a.real("wx"), a.real("wy"), a.real("ww"), a.real("wh"), a.real("most"),
                a.real("height"), a.real("width"), a.definition("HAS_COUNT"), a.definition("PICKED"));
    }

    static void decode(KernelContext context, IntArray s, FloatArray boxes, FloatArray deltas, IntArray count, IntArray box,
            IntArray delta, FloatArray y, IntArray errors, float wx, float wy, float ww, float wh, float most, float height,
            float width, int hasCount, int picked) {
        int i = context.globalIdx;
        int left = s.get(4) - i;
        if (left > 0 && hasCount != 0) {
            left = count.get(s.get(3) + i / s.get(6) / s.get(5)) - i / s.get(6) % s.get(5);
        }
        if (left > 0) {
            int at = s.get(0) + 4 * i;
            int by = s.get(1) + 4 * i;
            int outside = 0;
            if (picked != 0) {
                int j = box.get(s.get(7) + i);
                int k = delta.get(s.get(8) + i);
                outside = Range.outside(j, s.get(10));
                if (outside != 0) {
                    Errors.raise(errors, Errors.INDEX, s.get(9), j);
                } else {
                    outside = Range.outside(k, s.get(11));
                    if (outside != 0) {
                        Errors.raise(errors, Errors.INDEX, s.get(9), k);
                    }
                }
                at = s.get(0) + 4 * j;
                by = s.get(1) + (k + 1) * s.get(12) - 4;
            }
            if (outside == 0) {
                axis(boxes, deltas, y, at, by, s.get(2) + 4 * i, wx, ww, most, width);
                axis(boxes, deltas, y, at + 1, by + 1, s.get(2) + 4 * i + 1, wy, wh, most, height);
            }
        }
    }

    private static void axis(FloatArray boxes, FloatArray deltas, FloatArray y, int at, int by, int to, float shiftWeight,
            float growthWeight, float most, float largest) {
        float low = boxes.get(at);
        float side = boxes.get(at + 2) - low;
        float shift = deltas.get(by) / shiftWeight;
        float growth = deltas.get(by + 2) / growthWeight;
        growth = growth > most ? most : growth;
        float centre = shift * side + (low + 0.5f * side);
        float half = 0.5f * (TornadoMath.exp(growth) * side);
        y.set(to, within(centre - half, largest));
        y.set(to + 2, within(centre + half, largest));
    }

    private static float within(float v, float most) {
        return v < 0 ? 0 : v > most ? most : v;
    }
}
