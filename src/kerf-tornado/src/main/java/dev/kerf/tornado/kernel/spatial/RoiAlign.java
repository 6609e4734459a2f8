package dev.kerf.tornado.kernel.spatial;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Features of each box, rows × columns cells of C channels: the mean of bilinear samples (He et al. 2017, section 3), taken
 * from the level of a pyramid that the box's size chooses (Lin et al. 2017, equation 1). SAMPLES each way in a cell, or
 * as many as {@code samples} says, or one a pixel if both are 0. boxes (B, R, 4); maps x0 … x4 (B, C, sizes of the level);
 * y (B, R, C, rows, columns). With HAS_COUNT only the first count[b] boxes are looked at. A row of groups for the
 * elements of y's boxes, a column for the boxes, a layer for the images.
 */
public final class RoiAlign implements JavaKernel {
    /** Samples of a cell that is longer, or whose length isn't a number, are none. */
    private static final float LONGEST_CELL = 16384;

    @Override
    public TaskPackage task(TaskArguments a) {
        return new TaskPackage(a.id(), RoiAlign::align, a.context(), a.scalars("boxes_off", "y_off", "count_off",
                "x0_off", "x1_off", "x2_off", "x3_off", "x4_off", "R", "C", "rows", "columns", "first_level", "levels",
                "aligned", "samples"), a.floats("boxes"), a.floats("x0"), a.floats("x1"), a.floats("x2"), a.floats("x3"),
                a.floats("x4"), a.floats("y"), a.ints("count"), a.ints("sizes"), a.floats("scales"), a.real("side"),
                a.real("canonical"), a.real("inner"), a.real("outer"), a.definition("SAMPLES"),
                a.definition("HAS_COUNT"));
    }

    static void align(KernelContext context, IntArray s, FloatArray boxes, FloatArray x0, FloatArray x1, FloatArray x2,
            FloatArray x3, FloatArray x4, FloatArray y, IntArray count, IntArray sizes, FloatArray scales, float side,
            float canonical, float inner, float outer, int fixed, int hasCount) {
        int e = context.globalIdx;
        int r = context.groupIdy;
        int b = context.groupIdz;
        int channels = s.get(9);
        int rows = s.get(10);
        int columns = s.get(11);
        int left = channels * rows * columns - e;
        if (hasCount != 0) {
            left = TornadoMath.min(left, count.get(s.get(2) + b) - r);
        }
        if (left > 0) {
            int box = s.get(0) + 4 * (b * s.get(8) + r);
            float bx0 = boxes.get(box);
            float by0 = boxes.get(box + 1);
            float bx1 = boxes.get(box + 2);
            float by1 = boxes.get(box + 3);
            float area = TornadoMath.sqrt((bx1 - bx0) * (by1 - by0));
            float wanted = TornadoMath.floor(canonical + TornadoMath.log2(area / side + inner) + outer) - s.get(12);
            int levels = s.get(13);
            int level = 0;
            if (wanted > 0) {
                level = wanted < levels - 1 ? (int) wanted : levels - 1;
            }
            int height = sizes.get(2 * level);
            int width = sizes.get(2 * level + 1);
            float scale = scales.get(level);
            int q = e % columns;
            int p = e / columns % rows;
            int map = s.get(3 + level) + (b * channels + e / columns / rows) * height * width;
            float shift = s.get(14) != 0 ? 0.5f : 0;
            float x = bx0 * scale - shift;
            float top = by0 * scale - shift;
            float w = bx1 * scale - shift - x;
            float h = by1 * scale - shift - top;
            if (s.get(14) == 0) {
                w = w < 1 ? 1 : w; // NaN stays, so that no sample lies within the map
                h = h < 1 ? 1 : h;
            }
            w = w / columns;
            h = h / rows;
            int samples = fixed > 0 ? fixed : s.get(15);
            int down = samples > 0 ? samples : cells(h);
            int across = samples > 0 ? samples : cells(w);
            float sum = 0;
            for (int i = 0; i < down; i++) {
                float row = top + p * h + (i + 0.5f) * h / down;
                if (inside(row, height) != 0) {
                    float a = row < 0 ? 0 : row > height - 1 ? height - 1 : row;
                    int upper = (int) a;
                    int lower = TornadoMath.min(upper + 1, height - 1);
                    float below = a - upper;
                    for (int j = 0; j < across; j++) {
                        float column = x + q * w + (j + 0.5f) * w / across;
                        if (inside(column, width) != 0) {
                            float d = column < 0 ? 0 : column > width - 1 ? width - 1 : column;
                            int here = (int) d;
                            int next = TornadoMath.min(here + 1, width - 1);
                            float beside = d - here;
                            float high = (1 - beside) * read(level, x0, x1, x2, x3, x4, map + upper * width + here)
                                    + beside * read(level, x0, x1, x2, x3, x4, map + upper * width + next);
                            float low = (1 - beside) * read(level, x0, x1, x2, x3, x4, map + lower * width + here)
                                    + beside * read(level, x0, x1, x2, x3, x4, map + lower * width + next);
                            sum += (1 - below) * high + below * low;
                        }
                    }
                }
            }
            y.set(s.get(1) + (b * s.get(8) + r) * channels * rows * columns + e,
                    sum / TornadoMath.max(down * across, 1));
        }
    }

    /** 1 where −1 ≤ v ≤ limit, otherwise, also for NaN, 0. */
    private static int inside(float v, int limit) {
        return v < -1 ? 0 : v > limit ? 0 : v == v ? 1 : 0;
    }

    /** Samples in a cell of a length, one a pixel. */
    private static int cells(float length) {
        int n = 0;
        if (length > 0) {
            n = length > LONGEST_CELL ? 0 : (int) TornadoMath.ceil(length);
        }
        return n;
    }

    private static float read(int level, FloatArray x0, FloatArray x1, FloatArray x2, FloatArray x3, FloatArray x4,
            int i) {
        float v;
        if (level == 0) {
            v = x0.get(i);
        } else if (level == 1) {
            v = x1.get(i);
        } else if (level == 2) {
            v = x2.get(i);
        } else if (level == 3) {
            v = x3.get(i);
        } else {
            v = x4.get(i);
        }
        return v;
    }
}
