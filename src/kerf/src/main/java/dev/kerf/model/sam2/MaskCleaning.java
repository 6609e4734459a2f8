package dev.kerf.model.sam2;

import dev.kerf.mask.Mask;
import dev.kerf.mask.RunLength;
import dev.kerf.model.sam2.MaskGenerator.GeneratedMask;

/** Small holes and islands taken out of masks, as upstream's {@code remove_small_regions}. */
final class MaskCleaning {
    private MaskCleaning() {}

    /**
     * The mask without holes and islands of fewer pixels; itself if it has none. Of islands alone the largest stays.
     */
    static GeneratedMask clean(GeneratedMask m, int least) {
        int width = m.mask().width();
        int height = m.mask().height();
        Mask given = m.mask().decode();
        boolean[] in = new boolean[width * height];
        boolean[] out = new boolean[in.length];
        for (int i = 0; i < in.length; i++) {
            in[i] = given.get(i % width, i / width);
            out[i] = !in[i];
        }
        boolean changed = false;
        int[] holes = SmallRegions.sizes(out, width);
        for (int i = 0; i < in.length; i++) {
            if (out[i] && holes[i] < least) {
                in[i] = true;
                changed = true;
            }
        }
        changed |= withoutIslands(in, width, least);
        if (!changed) {
            return m;
        }
        Mask clean = Mask.empty(width, height);
        for (int i = 0; i < in.length; i++) {
            clean.set(i % width, i / width, in[i]);
        }
        return new GeneratedMask(RunLength.encode(clean), clean.bounds(), m.iou(), m.stability(), m.point(), m.crop());
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
}
