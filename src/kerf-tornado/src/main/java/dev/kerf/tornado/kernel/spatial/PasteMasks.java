package dev.kerf.tornado.kernel.spatial;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import dev.kerf.tornado.kernel.Range;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Small masks laid over their boxes in the image, eight pixels a byte, the first in the highest bit. EXACT 0: the mask
 * with a border of zeros, resized bilinearly to the grown box in whole pixels; above the threshold (torchvision's
 * paste_masks_in_image). EXACT 1: the mask sampled bilinearly at the pixel's centre, zeros around it; at least the
 * threshold (Detectron2's). masks (B, D, P, P), boxes (B, D, 4), y (B, D, row_bytes); HAS_COUNT: the first count[b] are
 * valid. A row of groups for the bytes, a column for D, a layer for B.
 */
public final class PasteMasks implements JavaKernel {
    @Override
    public TaskPackage task(TaskArguments a) {
        return new TaskPackage(a.id(), PasteMasks::paste, a.context(), a.scalars("masks_off", "boxes_off", "y_off",
                "count_off", "D", "P", "H", "W", "row_bytes"), a.floats("masks"), a.floats("boxes"), a.bytes("y"),
                a.ints("count"), a.real("threshold"), a.definition("EXACT"), a.definition("HAS_COUNT"));
    }

    static void paste(KernelContext context, IntArray s, FloatArray masks, FloatArray boxes, ByteArray y, IntArray count,
            float threshold, int exact, int hasCount) {
        int e = context.globalIdx;
        int d = context.groupIdy;
        int b = context.groupIdz;
        int bytes = s.get(8);
        int left = bytes - e;
        if (hasCount != 0) {
            left = TornadoMath.min(left, count.get(s.get(3) + b) - d);
        }
        if (left > 0) {
            int side = s.get(5);
            int width = s.get(7);
            int box = s.get(1) + 4 * (b * s.get(4) + d);
            float x0 = boxes.get(box);
            float y0 = boxes.get(box + 1);
            float x1 = boxes.get(box + 2);
            float y1 = boxes.get(box + 3);
            int mask = s.get(0) + (b * s.get(4) + d) * side * side;
            float grown = (side + 2f) / side;
            float cx = (x1 + x0) * 0.5f;
            float cy = (y1 + y0) * 0.5f;
            float halfWidth = (x1 - x0) * 0.5f * grown;
            float halfHeight = (y1 - y0) * 0.5f * grown;
            int boxLeft = (int) (cx - halfWidth);
            int boxTop = (int) (cy - halfHeight);
            int boxRight = (int) (cx + halfWidth);
            int boxBottom = (int) (cy + halfHeight);
            float stepX = (side + 2f) / TornadoMath.max(boxRight - boxLeft + 1, 1);
            float stepY = (side + 2f) / TornadoMath.max(boxBottom - boxTop + 1, 1);
            float most = side + 1;
            float sum = x0 + y0 + x1 + y1;
            int bits = 0;
            for (int k = 0; k < 8; k++) {
                int i = (8 * e + k) / width;
                int j = (8 * e + k) % width;
                int missing = i < s.get(6) ? 0 : 1;
                if (sum != sum) {
                    missing++;
                }
                float row;
                float column;
                if (exact != 0) {
                    row = (i + 0.5f - y0) / (y1 - y0) * side - 0.5f;
                    column = (j + 0.5f - x0) / (x1 - x0) * side - 0.5f;
                    missing += beyond(row, side) + beyond(column, side);
                } else {
                    missing += Range.outside(j - boxLeft, boxRight - boxLeft + 1)
                            + Range.outside(i - boxTop, boxBottom - boxTop + 1);
                    row = (i - boxTop + 0.5f) * stepY - 0.5f;
                    column = (j - boxLeft + 0.5f) * stepX - 0.5f;
                    // The border of zeros puts the mask's first cell at 1.
                    row = (row < 0 ? 0 : row > most ? most : row) - 1;
                    column = (column < 0 ? 0 : column > most ? most : column) - 1;
                }
                if (missing == 0) {
                    int a = (int) TornadoMath.floor(row);
                    int c = (int) TornadoMath.floor(column);
                    float below = row - a;
                    float beside = column - c;
                    float upper = (1 - beside) * at(masks, mask, side, a, c) + beside * at(masks, mask, side, a, c + 1);
                    float lower = (1 - beside) * at(masks, mask, side, a + 1, c)
                            + beside * at(masks, mask, side, a + 1, c + 1);
                    float v = (1 - below) * upper + below * lower;
                    int inside = v > threshold ? 1 : 0;
                    if (exact != 0) {
                        inside = v > threshold ? 1 : v == threshold ? 1 : 0;
                    }
                    bits += inside * (0x80 >> k);
                }
            }
            y.set(s.get(2) + (b * s.get(4) + d) * bytes + e, (byte) bits);
        }
    }

    /** 0 where −1 &lt; v &lt; side, otherwise, also for NaN, 1. */
    private static int beyond(float v, int side) {
        int beyond = 1;
        if (v > -1) {
            beyond = v < side ? 0 : 1;
        }
        return beyond;
    }

    private static float at(FloatArray masks, int mask, int side, int i, int j) {
        float v = 0;
        if (Range.outside(i, side) + Range.outside(j, side) == 0) {
            v = masks.get(mask + i * side + j);
        }
        return v;
    }
}
