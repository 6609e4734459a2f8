package dev.kerf.mask;

import dev.kerf.image.Image;
import java.util.stream.IntStream;

/**
 * A picture's background out of focus: at each pixel the mean of the colours around it, weighed by a Gaussian and by how much of
 * each is background (normalised convolution, Knutsson and Westin 1993). Means of small squares are taken first, as large as the
 * Gaussian lets them be, so that the work doesn't grow with it.
 */
final class BlurredScene implements Cutout.Scene {
    /** A square's side is at most this part of the standard deviation. */
    private static final int FINENESS = 2;
    private static final int REACH = 3;
    /** Weight of what isn't background: counts where nothing else is near. */
    private static final float LEAST = 1e-4f;

    private final int side;
    private final int width;
    private final int height;
    private final int channels;
    /** (height, width, channels), in the picture's range. */
    private final float[] means;

    private BlurredScene(int side, int width, int height, int channels, float[] means) {
        this.side = side;
        this.width = width;
        this.height = height;
        this.channels = channels;
        this.means = means;
    }

    /**
     * Blurs.
     *
     * @param matte   (height, width): what isn't background
     * @param colours of what isn't background; what they make of a pixel is taken off it
     * @param sigma   the Gaussian's standard deviation in pixels
     */
    static BlurredScene of(Image image, float[] matte, Image colours, double sigma) {
        int side = Math.max(1, Integer.highestOneBit((int) Math.min(sigma / FINENESS, 1 << 20)));
        int w = Math.ceilDiv(image.width(), side);
        int h = Math.ceilDiv(image.height(), side);
        int channels = image.format().isGrey() ? 1 : 3;
        float[] sums = squares(image, matte, colours, side, w, h, channels);
        float[] kernel = gaussian(sigma / side);
        sums = blurred(sums, kernel, h, w, channels + 1, false);
        sums = blurred(sums, kernel, h, w, channels + 1, true);
        float[] means = new float[w * h * channels];
        for (int i = 0; i < w * h; i++) {
            for (int c = 0; c < channels; c++) {
                means[i * channels + c] = sums[i * (channels + 1) + c] / sums[i * (channels + 1) + channels];
            }
        }
        return new BlurredScene(side, w, h, channels, means);
    }

    /** Sums over squares of what is background and, last, of how much that is: (h, w, channels + 1). */
    private static float[] squares(Image image, float[] matte, Image colours, int side, int w, int h, int channels) {
        float[] out = new float[w * h * (channels + 1)];
        boolean alpha = image.format().hasAlpha();
        float unit = 1f / image.format().max();
        IntStream.range(0, h).parallel().forEach(v -> {
            for (int y = v * side; y < Math.min(image.height(), (v + 1) * side); y++) {
                for (int x = 0; x < image.width(); x++) {
                    float share = matte[y * image.width() + x];
                    float own = alpha ? LEAST + image.sample(x, y, image.channels() - 1) * unit : 1;
                    int at = (v * w + x / side) * (channels + 1);
                    for (int c = 0; c < channels; c++) {
                        int sample = image.sample(x, y, c);
                        out[at + c] += own * (Math.max(0, sample - share * colours.sample(x, y, c)) + LEAST * sample);
                    }
                    out[at + channels] += own * (1 - share + LEAST);
                }
            }
        });
        return out;
    }

    private static float[] gaussian(double sigma) {
        int radius = (int) Math.ceil(REACH * sigma);
        float[] kernel = new float[2 * radius + 1];
        for (int i = -radius; i <= radius; i++) {
            kernel[i + radius] = (float) Math.exp(sigma == 0 ? 0 : -i * (double) i / (2 * sigma * sigma));
        }
        return kernel;
    }

    /** Along rows, or down columns; nothing is added from outside. */
    private static float[] blurred(float[] x, float[] kernel, int h, int w, int channels, boolean down) {
        float[] out = new float[x.length];
        int radius = kernel.length / 2;
        int step = (down ? w : 1) * channels;
        IntStream.range(0, h).parallel().forEach(v -> {
            for (int u = 0; u < w; u++) {
                int place = down ? v : u;
                int from = Math.max(-radius, -place);
                int to = Math.min(radius, (down ? h : w) - 1 - place);
                int at = (v * w + u) * channels;
                for (int i = from; i <= to; i++) {
                    for (int c = 0; c < channels; c++) {
                        out[at + c] += kernel[i + radius] * x[at + i * step + c];
                    }
                }
            }
        });
        return out;
    }

    /** Bilinear between the middles of squares. */
    @Override
    public void row(int y, float[] out) {
        float v = Math.clamp((y + 0.5f) / side - 0.5f, 0, height - 1);
        int top = (int) v;
        int bottom = Math.min(height - 1, top + 1);
        for (int x = 0; x < out.length / channels; x++) {
            float u = Math.clamp((x + 0.5f) / side - 0.5f, 0, width - 1);
            int left = (int) u;
            int right = Math.min(width - 1, left + 1);
            for (int c = 0; c < channels; c++) {
                float a = mix(means[(top * width + left) * channels + c], means[(top * width + right) * channels + c],
                        u - left);
                float b = mix(means[(bottom * width + left) * channels + c], means[(bottom * width + right) * channels + c],
                        u - left);
                out[x * channels + c] = mix(a, b, v - top);
            }
        }
    }

    private static float mix(float a, float b, float share) {
        return a + share * (b - a);
    }
}
