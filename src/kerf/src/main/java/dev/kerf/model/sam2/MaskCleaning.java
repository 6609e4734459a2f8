package dev.kerf.model.sam2;

import dev.kerf.model.sam2.Prediction.Bounds;
import dev.kerf.tensor.HostTensor;

/** Small holes and islands taken out of masks, as upstream's {@code remove_small_regions}. */
final class MaskCleaning {
    private MaskCleaning() {}

    /**
     * The mask without holes and islands of fewer pixels; itself if it has none. Of islands alone the largest stays.
     */
    static GeneratedMask clean(GeneratedMask m, int least) {
        HostTensor given = m.mask();
        boolean[] in = new boolean[m.width() * m.height()];
        boolean[] out = new boolean[in.length];
        for (int i = 0; i < in.length; i++) {
            in[i] = given.getLong(i) != 0;
            out[i] = !in[i];
        }
        boolean changed = false;
        int[] holes = SmallRegions.sizes(out, m.width());
        for (int i = 0; i < in.length; i++) {
            if (out[i] && holes[i] < least) {
                in[i] = true;
                changed = true;
            }
        }
        changed |= withoutIslands(in, m.width(), least);
        return !changed ? m : new GeneratedMask(m.width(), m.height(), GeneratedMask.runs(in, m.width(), m.height()),
                bounds(in, m.width()), m.iou(), m.stability(), m.point(), m.crop());
    }

    private static boolean withoutIslands(boolean[] in, int width, int least) {
        int[] islands = SmallRegions.sizes(in, width);
        int largest = 0;
        for (int size : islands) {
            largest = Math.max(largest, size);
        }
        boolean changed = false;
        boolean keptLargest = largest >= least;
        for (int i = 0; i < in.length; i++) {
            if (in[i] && islands[i] < least && (keptLargest || islands[i] < largest)) {
                in[i] = false;
                changed = true;
            }
        }
        return changed;
    }

    private static Bounds bounds(boolean[] in, int width) {
        int left = width;
        int right = -1;
        int top = -1;
        int bottom = -1;
        for (int i = 0; i < in.length; i++) {
            if (in[i]) {
                left = Math.min(left, i % width);
                right = Math.max(right, i % width);
                top = top < 0 ? i / width : top;
                bottom = i / width;
            }
        }
        return right < 0 ? new Bounds(0, 0, 0, 0) : new Bounds(left, top, right - left + 1, bottom - top + 1);
    }
}
