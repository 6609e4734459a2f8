package dev.kerf.graph;

import dev.kerf.error.BadInputException;

/**
 * How a kernel walks over an image: stride, zero padding on each side, dilation, all in pixels.
 *
 * <pre>{@code Window2d.of().stride(2).pad(1)   // torch: stride=2, padding=1}</pre>
 *
 * @param strideH   rows from one output to the next, at least 1
 * @param strideW   columns from one output to the next, at least 1
 * @param padTop    rows added above
 * @param padLeft   columns added on the left
 * @param padBottom rows added below
 * @param padRight  columns added on the right
 * @param dilationH rows between kernel taps, at least 1
 * @param dilationW columns between kernel taps, at least 1
 */
public record Window2d(
        int strideH, int strideW, int padTop, int padLeft, int padBottom, int padRight, int dilationH, int dilationW) {
    private static final Window2d UNIT = new Window2d(1, 1, 0, 0, 0, 0, 1, 1);

    /** Checks the ranges. */
    public Window2d {
        if (strideH < 1 || strideW < 1 || dilationH < 1 || dilationW < 1) {
            throw new BadInputException(
                    "stride " + strideH + "×" + strideW + ", dilation " + dilationH + "×" + dilationW + ": at least 1");
        }
        if (padTop < 0 || padLeft < 0 || padBottom < 0 || padRight < 0) {
            throw new BadInputException("negative padding");
        }
    }

    /** Stride 1, no padding, no dilation. */
    public static Window2d of() {
        return UNIT;
    }

    /** This with one stride for both axes. */
    public Window2d stride(int s) {
        return stride(s, s);
    }

    /** This with another stride. */
    public Window2d stride(int h, int w) {
        return new Window2d(h, w, padTop, padLeft, padBottom, padRight, dilationH, dilationW);
    }

    /** This with one padding for all sides. */
    public Window2d pad(int p) {
        return pad(p, p, p, p);
    }

    /** This with another padding. */
    public Window2d pad(int top, int left, int bottom, int right) {
        return new Window2d(strideH, strideW, top, left, bottom, right, dilationH, dilationW);
    }

    /** This with one dilation for both axes. */
    public Window2d dilation(int d) {
        return dilation(d, d);
    }

    /** This with another dilation. */
    public Window2d dilation(int h, int w) {
        return new Window2d(strideH, strideW, padTop, padLeft, padBottom, padRight, h, w);
    }

    /** Output rows of a convolution or pooling over {@code in} rows with {@code kernel} taps; below 1 when none fits. */
    public long outH(long in, long kernel, boolean ceil) {
        return out(in, kernel, padTop, padBottom, dilationH, strideH, ceil);
    }

    /** Output columns of a convolution or pooling over {@code in} columns with {@code kernel} taps. */
    public long outW(long in, long kernel, boolean ceil) {
        return out(in, kernel, padLeft, padRight, dilationW, strideW, ceil);
    }

    private static long out(long in, long kernel, int before, int after, int dilation, int stride, boolean ceil) {
        long span = in + before + after - dilation * (kernel - 1) - 1;
        if (span < 0) {
            return 0;
        }
        long n = (ceil ? span + stride - 1 : span) / stride + 1;
        // As torch: with ceil_mode the last window must start inside the image or its leading padding.
        return ceil && (n - 1) * stride >= in + before ? n - 1 : n;
    }
}
