package dev.kerf.mask;

import dev.kerf.image.Image;
import java.util.Arrays;

/**
 * A picture resized to cover a rectangle, what sticks out on two sides cut off equally: bilinear, with a triangle as wide as the
 * shrinking where it shrinks. Red, green and blue.
 */
final class Cover implements Cutout.Scene {
    private final Image image;
    /** Pixels of the picture for one of the result. */
    private final double scale;
    private final double left;
    private final double top;
    private final float unit;

    /**
     * Covers a rectangle.
     *
     * @param width  and {@code height} of the rectangle
     * @param max    what white is in the result
     */
    Cover(Image image, int width, int height, int max) {
        this.image = image;
        this.scale = Math.min((double) image.width() / width, (double) image.height() / height);
        this.left = (image.width() - scale * width) / 2;
        this.top = (image.height() - scale * height) / 2;
        this.unit = (float) max / image.format().max();
    }

    @Override
    public void row(int y, float[] out) {
        float[] mixed = new float[image.width() * 3];
        Taps down = new Taps(top + scale * (y + 0.5), image.height());
        for (int v = down.from; v <= down.to; v++) {
            float weight = down.weight(v);
            for (int u = 0; u < image.width(); u++) {
                for (int c = 0; c < 3; c++) {
                    mixed[3 * u + c] += weight * image.sample(u, v, image.format().isGrey() ? 0 : c);
                }
            }
        }
        Arrays.fill(out, 0);
        for (int x = 0; x < out.length / 3; x++) {
            Taps across = new Taps(left + scale * (x + 0.5), image.width());
            for (int u = across.from; u <= across.to; u++) {
                float weight = across.weight(u) * unit;
                for (int c = 0; c < 3; c++) {
                    out[3 * x + c] += weight * mixed[3 * u + c];
                }
            }
        }
    }

    /** Which pixels along an axis a place is mixed of, weights adding up to 1. */
    private final class Taps {
        private final double centre;
        private final double reach = Math.max(1, scale);
        private final int from;
        private final int to;
        private final double sum;

        Taps(double place, int extent) {
            centre = Math.clamp(place - 0.5, 0, extent - 1.0);
            from = Math.max(0, (int) Math.ceil(centre - reach));
            to = Math.min(extent - 1, (int) Math.floor(centre + reach));
            double s = 0;
            for (int i = from; i <= to; i++) {
                s += Math.max(0, 1 - Math.abs(i - centre) / reach);
            }
            sum = s;
        }

        float weight(int i) {
            return (float) (Math.max(0, 1 - Math.abs(i - centre) / reach) / sum);
        }
    }
}
