package dev.kerf.image.video;

import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;

/**
 * Makes RGB of luma and chroma by ITU-R BT.601: R = Y + 1.402 Cr, G = Y - 0.344136 Cb - 0.714136 Cr, B = Y + 1.772 Cb, where
 * limited range has Y from 16 to 235 and chroma from 16 to 240, in 8 bits. Chroma between its samples is interpolated
 * linearly.
 */
final class YuvToRgb {
    private final Yuv yuv;
    private final int width;
    private final int height;
    private final boolean full;
    private final Taps across;
    private final Taps down;
    private final float[] cb;
    private final float[] cr;

    /** For each pixel along an axis the chroma sample before it, the one after it, and how much of the latter. */
    private record Taps(int[] before, int[] after, float[] part) {
        static Taps of(int pixels, int samples, int step, boolean centred) {
            int[] before = new int[pixels];
            int[] after = new int[pixels];
            float[] part = new float[pixels];
            for (int i = 0; i < pixels; i++) {
                double at = Math.clamp(centred ? (i + 0.5) / step - 0.5 : (double) i / step, 0, samples - 1);
                before[i] = (int) at;
                after[i] = Math.min(samples - 1, before[i] + 1);
                part[i] = (float) (at - before[i]);
            }
            return new Taps(before, after, part);
        }
    }

    YuvToRgb(Yuv yuv, int width, int height, boolean full) {
        this.yuv = yuv;
        this.width = width;
        this.height = height;
        this.full = full;
        int columns = yuv.chromaWidth(width);
        across = columns == 0 ? null : Taps.of(width, columns, yuv.acrossX(), yuv.centredX());
        down = columns == 0 ? null : Taps.of(height, yuv.chromaHeight(height), yuv.acrossY(), yuv.centredY());
        cb = new float[columns];
        cr = new float[columns];
    }

    /** A picture, RGB8, of the planes. */
    Image apply(byte[] planes) {
        byte[] rgb = new byte[3 * width * height];
        float scale = full ? 1f / (1 << (yuv.bits() - 8)) : 255f / 219 / (1 << (yuv.bits() - 8));
        float black = full ? 0 : 16 << (yuv.bits() - 8);
        for (int y = 0; y < height; y++) {
            if (across != null) {
                chromaRow(planes, y);
            }
            int at = 3 * y * width;
            for (int x = 0; x < width; x++, at += 3) {
                float luma = (sample(planes, y * width + x) - black) * scale;
                float u = 0;
                float v = 0;
                if (across != null) {
                    u = between(cb, x);
                    v = between(cr, x);
                }
                rgb[at] = round(luma + 1.402f * v);
                rgb[at + 1] = round(luma - 0.344136f * u - 0.714136f * v);
                rgb[at + 2] = round(luma + 1.772f * u);
            }
        }
        return Image.of(width, height, PixelFormat.RGB8, rgb);
    }

    private float between(float[] row, int x) {
        float a = row[across.before[x]];
        return a + (row[across.after[x]] - a) * across.part[x];
    }

    /** Both chroma planes at a luma row, centred on 0 and in the range of 8 bits. */
    private void chromaRow(byte[] planes, int y) {
        float scale = (full ? 1f : 255f / 224) / (1 << (yuv.bits() - 8));
        int middle = 128 << (yuv.bits() - 8);
        int first = width * height;
        int second = first + cb.length * yuv.chromaHeight(height);
        int above = down.before[y] * cb.length;
        int below = down.after[y] * cb.length;
        float part = down.part[y];
        for (int x = 0; x < cb.length; x++) {
            float u = sample(planes, first + above + x);
            float v = sample(planes, second + above + x);
            u += (sample(planes, first + below + x) - u) * part;
            v += (sample(planes, second + below + x) - v) * part;
            cb[x] = (u - middle) * scale;
            cr[x] = (v - middle) * scale;
        }
    }

    /** Samples of more than 8 bits are little-endian. */
    private int sample(byte[] planes, int i) {
        return yuv.bits() == 8 ? planes[i] & 0xFF : planes[2 * i] & 0xFF | (planes[2 * i + 1] & 0xFF) << 8;
    }

    private static byte round(float v) {
        return (byte) (v <= 0 ? 0 : v >= 255 ? 255 : (int) (v + 0.5f));
    }
}
