package dev.kerf.tornado.kernel.select;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Boxes from reference boxes and deltas, clamped to the image (Girshick et al. 2014, appendix C): a work-item for each of
 * {@code total} rows of 4. HAS_COUNT: row i is valid if i / per % extent &lt; count[i / per / extent]. NaN stays NaN.
 */
public final class DecodeBoxes implements JavaKernel {
    @Override
    public TaskPackage task(TaskArguments a) {
        return new TaskPackage(a.id(), DecodeBoxes::decode, a.context(), a.scalars("boxes_off", "deltas_off", "y_off",
                "count_off", "total", "extent", "per"), a.floats("boxes"), a.floats("deltas"), a.floats("y"),
                a.ints("count"), a.real("wx"), a.real("wy"), a.real("ww"), a.real("wh"), a.real("most"),
                a.real("height"), a.real("width"), a.definition("HAS_COUNT"));
    }

    static void decode(KernelContext context, IntArray s, FloatArray boxes, FloatArray deltas, FloatArray y,
            IntArray count, float wx, float wy, float ww, float wh, float most, float height, float width,
            int hasCount) {
        int i = context.globalIdx;
        int left = s.get(4) - i;
        if (left > 0 && hasCount != 0) {
            left = count.get(s.get(3) + i / s.get(6) / s.get(5)) - i / s.get(6) % s.get(5);
        }
        if (left > 0) {
            axis(s, boxes, deltas, y, 4 * i, wx, ww, most, width);
            axis(s, boxes, deltas, y, 4 * i + 1, wy, wh, most, height);
        }
    }

    private static void axis(IntArray s, FloatArray boxes, FloatArray deltas, FloatArray y, int at, float shiftWeight,
            float growthWeight, float most, float largest) {
        float low = boxes.get(s.get(0) + at);
        float side = boxes.get(s.get(0) + at + 2) - low;
        float shift = deltas.get(s.get(1) + at) / shiftWeight;
        float growth = deltas.get(s.get(1) + at + 2) / growthWeight;
        growth = growth > most ? most : growth;
        float centre = shift * side + (low + 0.5f * side);
        float half = 0.5f * (TornadoMath.exp(growth) * side);
        y.set(s.get(2) + at, within(centre - half, largest));
        y.set(s.get(2) + at + 2, within(centre + half, largest));
    }

    private static float within(float v, float most) {
        return v < 0 ? 0 : v > most ? most : v;
    }
}
