package dev.kerf.tornado.kernel.measure;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Connected components of masks x (B, H, W): labels in raster order of their first pixels, areas (B, most + 1) with that of
 * label 0 first and zeros after the last label. CORNERS 1: pixels that share a corner touch.
 *
 * <p>One group labels a mask. A work-item joins the pixels of some rows to trees that lead to the first pixel of each
 * (union by the lower index; Tarjan 1975); then, in rounds, every other work-item joins its trees with those of the rows
 * below. An element of parent that isn't negative is the pixel from which another hangs, −1 is outside, −1 − n the root of
 * component n.
 */
public final class Components implements JavaKernel {
    private static final int MOST = 256;

    @Override
    public TaskPackage task(TaskArguments a) {
        return new TaskPackage(a.id(), Components::components, a.context(), a.scalars("x_off", "labels_off", "areas_off",
                "parent_off", "size_off", "H", "W", "most"), a.bytes("x"), a.ints("labels"), a.ints("areas"),
                a.ints("parent"), a.ints("size"), a.definition("CORNERS"));
    }

    static void components(KernelContext context, IntArray s, ByteArray x, IntArray labels, IntArray areas, IntArray parent,
            IntArray size, int corners) {
        int[] roots = context.allocateIntLocalArray(MOST);
        int[] inside = context.allocateIntLocalArray(MOST);
        int t = context.localIdx;
        int group = context.localGroupSizeX;
        int height = s.get(5);
        int width = s.get(6);
        int pixels = height * width;
        int first = context.groupIdy * pixels;
        int p = s.get(3) + first;
        int z = s.get(4) + first;
        int area = s.get(2) + context.groupIdy * (s.get(7) + 1);
        int rows = (height + group - 1) / group;
        int top = TornadoMath.min(t * rows, height);
        int bottom = TornadoMath.min(top + rows, height);
        for (int i = top * width; i < bottom * width; i++) {
            int column = i % width;
            int in = x.get(s.get(0) + first + i);
            if (in == 0) {
                parent.set(p + i, -1);
            } else {
                parent.set(p + i, i);
                size.set(z + i, 1);
                if (column > 0) {
                    if (parent.get(p + i - 1) >= 0) {
                        join(parent, p, size, z, i, i - 1);
                    }
                }
                if (i >= (top + 1) * width) {
                    joinAbove(parent, p, size, z, i, column, width, corners);
                }
            }
        }
        for (int step = 1; step < group; step *= 2) {
            context.globalBarrier();
            int y = (t + step) * rows;
            if (t % (2 * step) == 0) {
                if (y < height) {
                    for (int column = 0; column < width; column++) {
                        if (parent.get(p + y * width + column) >= 0) {
                            joinAbove(parent, p, size, z, y * width + column, column, width, corners);
                        }
                    }
                }
            }
        }
        for (int k = t; k < s.get(7) + 1; k += group) {
            areas.set(area + k, 0);
        }
        context.globalBarrier();
        int found = 0;
        int sum = 0;
        for (int i = top * width; i < bottom * width; i++) {
            if (parent.get(p + i) == i) {
                found++;
                sum += size.get(z + i);
            }
        }
        roots[t] = found;
        inside[t] = sum;
        context.localBarrier();
        int number = 0;
        int others = pixels;
        for (int k = 0; k < group; k++) {
            number += k < t ? roots[k] : 0;
            others -= inside[k];
        }
        if (t == 0) {
            areas.set(area, others);
        }
        for (int i = top * width; i < bottom * width; i++) {
            if (parent.get(p + i) == i) {
                number++;
                areas.set(area + number, size.get(z + i));
                parent.set(p + i, -1 - number);
            }
        }
        context.globalBarrier();
        for (int k = t; k < pixels; k += group) {
            int up = parent.get(p + k);
            while (up >= 0) {
                up = parent.get(p + up);
            }
            labels.set(s.get(1) + first + k, -1 - up);
        }
    }

    /** What touches the pixel right above is joined with it already. */
    private static void joinAbove(
            IntArray parent, int p, IntArray size, int z, int i, int column, int width, int corners) {
        int from = i - width;
        int to = from;
        if (corners != 0) {
            if (parent.get(p + from) < 0) {
                to += column < width - 1 ? 1 : 0;
                from -= column > 0 ? 1 : 0;
            }
        }
        // One join in a loop whose length isn't constant: three would be too much to be inlined.
        for (int j = from; j <= to; j++) {
            if (parent.get(p + j) >= 0) {
                join(parent, p, size, z, i, j);
            }
        }
    }

    private static void join(IntArray parent, int p, IntArray size, int z, int i, int j) {
        int a = root(parent, p, i);
        int b = root(parent, p, j);
        if (a != b) {
            int low = TornadoMath.min(a, b);
            int high = TornadoMath.max(a, b);
            parent.set(p + high, low);
            size.set(z + low, size.get(z + low) + size.get(z + high));
        }
    }

    private static int root(IntArray parent, int p, int i) {
        int at = i;
        int up = parent.get(p + at);
        while (up != at) {
            int next = parent.get(p + up);
            parent.set(p + at, next);
            at = next;
            up = parent.get(p + at);
        }
        return at;
    }
}
