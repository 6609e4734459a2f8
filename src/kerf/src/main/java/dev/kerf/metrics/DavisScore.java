package dev.kerf.metrics;

import dev.kerf.error.BadInputException;
import dev.kerf.mask.Mask;
import dev.kerf.measure.DistanceTransform;

/**
 * How well an object was followed, in one frame: J and F of DAVIS (Perazzi et al. 2016), as davis2017-evaluation counts them. Means over
 * frames, then over objects, are a video's J and F, and their mean J&amp;F; the benchmark leaves the first frame out, and the last.
 *
 * <pre>{@code
 * DavisScore s = DavisScore.of(truth, predicted);
 * s.mean();
 * }</pre>
 *
 * @param region  J: IoU of the masks; 1 if both are empty
 * @param contour F: harmonic mean of the shares of both outlines that lie within 0.008 of the picture's diagonal (rounded up to whole
 *                pixels) of the other; 1 if neither has an outline, 0 if one has
 */
public record DavisScore(double region, double contour) {
    private static final double REACH = 0.008;

    /**
     * Of one frame.
     *
     * @throws BadInputException if the masks differ in size
     */
    public static DavisScore of(Mask truth, Mask predicted) {
        long inter = truth.and(predicted).area();
        long union = truth.area() + predicted.area() - inter;
        int w = truth.width();
        int h = truth.height();
        byte[] a = outline(truth);
        byte[] b = outline(predicted);
        double reach = Math.ceil(REACH * Math.sqrt((double) w * w + (double) h * h));
        double precision = within(b, a, w, h, reach);
        double recall = within(a, b, w, h, reach);
        double both = precision + recall;
        return new DavisScore(union == 0 ? 1 : (double) inter / union, both == 0 ? 0 : 2 * precision * recall / both);
    }

    /** The mean of both. */
    public double mean() {
        return (region + contour) / 2;
    }

    /** 1 where a pixel differs from the one to the right, below or both; in the last row and column from the next one there. */
    private static byte[] outline(Mask mask) {
        int w = mask.width();
        int h = mask.height();
        byte[] out = new byte[w * h];
        for (int i = 0; i < out.length; i++) {
            int x = i % w;
            int y = i / w;
            boolean own = mask.get(x, y);
            boolean right = x < w - 1 && own != mask.get(x + 1, y);
            boolean below = y < h - 1 && own != mask.get(x, y + 1);
            boolean across = x < w - 1 && y < h - 1 && own != mask.get(x + 1, y + 1);
            out[i] = (byte) (right || below || across ? 1 : 0);
        }
        return out;
    }

    /** The share of an outline that is near another one; without any, whether the other has none either. */
    private static double within(byte[] outline, byte[] other, int w, int h, double reach) {
        byte[] outside = new byte[other.length];
        for (int i = 0; i < outside.length; i++) {
            outside[i] = (byte) (1 - other[i]);
        }
        double[] far = DistanceTransform.squares(outside, new int[] {h, w}, 1, 1);
        long all = 0;
        long near = 0;
        for (int i = 0; i < outline.length; i++) {
            all += outline[i];
            near += outline[i] != 0 && far[i] <= reach * reach ? 1 : 0;
        }
        return all == 0 ? 1 : (double) near / all;
    }
}
