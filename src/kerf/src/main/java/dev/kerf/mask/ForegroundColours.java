package dev.kerf.mask;

import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import java.util.stream.IntStream;

/**
 * The colours F of a thing beneath its matte α, where the picture I = αF + (1 − α)B has the background's B mixed in, by the multi-level
 * method of Germer, Uelwer, Conrad and Harmeling (2020, "Fast Multi-Level Foreground Estimation"): what minimises
 *
 * <pre>{@code Σ_p (αF + (1 − α)B − I)² + Σ_p Σ_q (ε + ω|α_p − α_q|)·((F_p − F_q)² + (B_p − B_q)²)}</pre>
 *
 * over the four neighbours q of each pixel p, with ε = 1e-5 and ω = 1. Setting the derivatives by F_p and B_p to 0 gives two equations for each pixel,
 * which are solved with the neighbours as they were; from a single pixel on, each level twice as large begins with the one before it,
 * so that colours travel far in few steps.
 *
 * <p>A level is computed in stripes of rows, with as many rows beside them as there are steps: the numbers don't depend on where stripes end,
 * and of the whole picture nothing is held but the result. On large levels only pixels in or beside the matte's edge take part: elsewhere
 * the picture is one of the two colours, and nobody sees the other.
 */
final class ForegroundColours {
    private static final double LEAST = 1e-5;
    private static final int SMALL = 32;
    private static final int MANY_STEPS = 10;
    private static final int FEW_STEPS = 2;
    private static final int ROWS = 64;
    /** Half a level of 8 bits: what a matte's 0 or 1 may be off by. */
    private static final float OFF = 1 / 510f;

    private final Image image;
    private final float[] matte;
    private final int channels;

    /** Both colours on a grid (height, width, channels), 0 … 1. */
    private record Level(int width, int height, float[] front, float[] back) {}

    private ForegroundColours(Image image, float[] matte) {
        this.image = image;
        this.matte = matte;
        this.channels = image.format().isGrey() ? 1 : 3;
    }

    /**
     * Grey or red, green and blue of as many bits as the picture's, whose alpha is left aside; the picture's own where the matte is 1.
     *
     * @param matte (height, width), 0 … 1
     */
    static Image of(Image image, float[] matte) {
        ForegroundColours estimate = new ForegroundColours(image, matte);
        int k = 0;
        while (Math.max(image.width(), image.height()) > 1 << k) {
            k++;
        }
        Level level = null;
        for (; k > 0; k--) {
            Level next = estimate.empty(k);
            estimate.refine(k, level, next.width, next.height, (y, row) -> {
                System.arraycopy(row.front, row.at, next.front, y * row.length, row.length);
                System.arraycopy(row.back, row.at, next.back, y * row.length, row.length);
            });
            level = next;
        }
        Image out = Image.blank(image.width(), image.height(), PixelFormat.of(estimate.channels, image.bits()));
        estimate.refine(0, level, image.width(), image.height(), (y, row) -> estimate.write(out, y, row));
        return out;
    }

    private Level empty(int k) {
        int w = image.width() - 1 >> k;
        int h = image.height() - 1 >> k;
        int n = (w + 1) * (h + 1) * channels;
        return new Level(w + 1, h + 1, new float[n], new float[n]);
    }

    private void write(Image out, int y, Row row) {
        int max = image.format().max();
        for (int x = 0; x < image.width(); x++) {
            boolean whole = matte[y * image.width() + x] >= 1;
            for (int c = 0; c < channels; c++) {
                out.setSample(x, y, c,
                        whole ? image.sample(x, y, c) : Math.round(row.front[row.at + x * channels + c] * max));
            }
        }
    }

    /** A row that is done, within a stripe's colours. */
    private record Row(float[] front, float[] back, int at, int length) {}

    /** Takes a row that is done. */
    private interface Sink {
        void take(int y, Row row);
    }

    private void refine(int k, Level coarser, int w, int h, Sink sink) {
        int steps = Math.max(w, h) <= SMALL ? MANY_STEPS : FEW_STEPS;
        IntStream.range(0, Math.ceilDiv(h, ROWS)).parallel().forEach(i -> {
            int from = i * ROWS;
            int to = Math.min(h, from + ROWS);
            Stripe stripe = new Stripe(k, coarser, w, h, Math.max(0, from - steps), Math.min(h, to + steps));
            for (int s = 0; s < steps; s++) {
                stripe.step(s);
            }
            for (int y = from; y < to; y++) {
                sink.take(y, new Row(stripe.front, stripe.back, (y - stripe.top) * w * channels, w * channels));
            }
        });
    }

    /** Rows of a level while they are computed. */
    private final class Stripe {
        private final int w;
        private final int h;
        private final int top;
        private final int bottom;
        private final boolean large;
        private final float[] picture;
        private final float[] alpha;
        private float[] front;
        private float[] back;
        private float[] nextFront;
        private float[] nextBack;

        Stripe(int k, Level coarser, int w, int h, int top, int bottom) {
            this.w = w;
            this.h = h;
            this.top = top;
            this.bottom = bottom;
            this.large = Math.max(w, h) > SMALL;
            int n = (bottom - top) * w;
            alpha = new float[n];
            picture = new float[n * channels];
            sample(k);
            front = coarser == null ? picture.clone() : enlarged(coarser, coarser.front);
            back = coarser == null ? picture.clone() : enlarged(coarser, coarser.back);
            nextFront = new float[n * channels];
            nextBack = new float[n * channels];
        }

        /** The pixel in the middle of those that one of the level stands for. */
        private void sample(int k) {
            float unit = 1f / image.format().max();
            for (int y = top; y < bottom; y++) {
                int v = Math.min(image.height() - 1, (y << k) + (1 << k >> 1));
                for (int x = 0; x < w; x++) {
                    int u = Math.min(image.width() - 1, (x << k) + (1 << k >> 1));
                    int at = (y - top) * w + x;
                    alpha[at] = matte[v * image.width() + u];
                    for (int c = 0; c < channels; c++) {
                        picture[at * channels + c] = image.sample(u, v, c) * unit;
                    }
                }
            }
        }

        /** A level of half the extents, bilinearly. */
        private float[] enlarged(Level from, float[] colours) {
            float[] out = new float[(bottom - top) * w * channels];
            for (int y = top; y < bottom; y++) {
                int near = y >> 1;
                int far = Math.clamp(near + ((y & 1) == 0 ? -1 : 1), 0, from.height - 1);
                for (int x = 0; x < w; x++) {
                    int beside = x >> 1;
                    int next = Math.clamp(beside + ((x & 1) == 0 ? -1 : 1), 0, from.width - 1);
                    for (int c = 0; c < channels; c++) {
                        float a = 0.75f * colours[(near * from.width + beside) * channels + c]
                                + 0.25f * colours[(near * from.width + next) * channels + c];
                        float b = 0.75f * colours[(far * from.width + beside) * channels + c]
                                + 0.25f * colours[(far * from.width + next) * channels + c];
                        out[((y - top) * w + x) * channels + c] = 0.75f * a + 0.25f * b;
                    }
                }
            }
            return out;
        }

        /** Solves all pixels once; from row to row one less at ends that aren't the picture's. */
        void step(int done) {
            int from = top == 0 ? 0 : top + done + 1;
            int to = bottom == h ? h : bottom - done - 1;
            for (int y = from; y < to; y++) {
                for (int x = 0; x < w; x++) {
                    solve(x, y);
                }
            }
            float[] f = front;
            float[] b = back;
            front = nextFront;
            back = nextBack;
            nextFront = f;
            nextBack = b;
        }

        private void solve(int x, int y) {
            int p = (y - top) * w + x;
            int left = x > 0 ? p - 1 : p;
            int right = x < w - 1 ? p + 1 : p;
            int up = y > 0 ? p - w : p;
            int down = y < h - 1 ? p + w : p;
            float a = alpha[p];
            float least = Math.min(a, Math.min(Math.min(alpha[left], alpha[right]), Math.min(alpha[up], alpha[down])));
            float most = Math.max(a, Math.max(Math.max(alpha[left], alpha[right]), Math.max(alpha[up], alpha[down])));
            if (large && (least >= 1 - OFF || most <= OFF)) {
                System.arraycopy(least > 0.5f ? picture : front, p * channels, nextFront, p * channels, channels);
                System.arraycopy(least > 0.5f ? back : picture, p * channels, nextBack, p * channels, channels);
                return;
            }
            double l = LEAST + Math.abs(a - alpha[left]);
            double r = LEAST + Math.abs(a - alpha[right]);
            double u = LEAST + Math.abs(a - alpha[up]);
            double d = LEAST + Math.abs(a - alpha[down]);
            double sum = l + r + u + d;
            double rest = 1 - (double) a;
            double determinant = sum * (a * (double) a + rest * rest + sum);
            for (int c = 0; c < channels; c++) {
                double i = picture[p * channels + c];
                double f = a * i + l * front[left * channels + c] + r * front[right * channels + c]
                        + u * front[up * channels + c] + d * front[down * channels + c];
                double b = rest * i + l * back[left * channels + c] + r * back[right * channels + c]
                        + u * back[up * channels + c] + d * back[down * channels + c];
                nextFront[p * channels + c] = within(((rest * rest + sum) * f - a * rest * b) / determinant);
                nextBack[p * channels + c] = within(((a * (double) a + sum) * b - a * rest * f) / determinant);
            }
        }

        private static float within(double v) {
            return (float) Math.clamp(v, 0.0, 1.0);
        }
    }
}
