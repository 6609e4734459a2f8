package dev.kerf.metrics;

import dev.kerf.error.BadInputException;
import dev.kerf.mask.Mask;

/**
 * The pixels of a mask that lie near its outline, for Boundary IoU: IoU of two masks' boundaries, which large objects
 * don't hide mistakes from (Cheng et al. 2021, "Boundary IoU: Improving object-centric image segmentation evaluation").
 */
final class Boundary {
    private Boundary() {
    }

    /**
     * How far from the outline a pixel may be: the ratio times the image's diagonal, rounded half to even, at least 1.
     *
     * @param ratio of the diagonal, more than 0 and at most 1
     */
    static int distance(int width, int height, double ratio) {
        if (!(ratio > 0 && ratio <= 1)) {
            throw new BadInputException("boundaries reach a share of the diagonal, more than 0 and at most 1, not "
                    + ratio);
        }
        return Math.max(1, (int) Math.rint(ratio * Math.sqrt((double) width * width + (double) height * height)));
    }

    /**
     * The boundary of a mask, as wide as the ratio says.
     *
     * @param ratio of the image's diagonal; see {@link BoundaryIou#RATIO}
     */
    static Mask of(Mask mask, double ratio) {
        return of(mask, distance(mask.width(), mask.height(), ratio));
    }

    /**
     * The mask's pixels from which one outside it, or outside the picture, is at most so many rows and columns away.
     *
     * @param distance in pixels, at least 1
     */
    static Mask of(Mask mask, int distance) {
        int w = mask.width();
        int h = mask.height();
        byte[] rows = new byte[w * h];
        for (int y = 0; y < h; y++) {
            int start = 0;
            for (int x = 0; x <= w; x++) {
                if (!mask.get(x, y)) {
                    // What is left of a run in the mask when it loses as much on both ends.
                    for (int i = start + distance; i < x - distance; i++) {
                        rows[y * w + i] = 1;
                    }
                    start = x + 1;
                }
            }
        }
        Mask out = Mask.empty(w, h);
        for (int x = 0; x < w; x++) {
            int start = 0;
            for (int y = 0; y <= h; y++) {
                boolean inner = y < h && rows[y * w + x] != 0;
                if (!inner) {
                    start = y + 1;
                }
                // Known only when the run has gone on for as long below.
                int middle = y - distance;
                if (inner && middle - distance >= start) {
                    out.set(x, middle, true);
                }
            }
        }
        return mask.andNot(out);
    }
}
