package dev.kerf.graph;

import dev.kerf.error.BadInputException;
import dev.kerf.graph.Op.Activation;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.Shape;
import java.util.List;

/** Ops over images (N, C, H, W). */
public sealed interface SpatialOp extends Op {
    /**
     * Convolution as {@code torch.nn.functional.conv2d} (a cross-correlation):
     * y[n,o,i,j] = act(bias[o] + Σ x[n,c,i·s+u·d−p,j·s+v·d−p] · w[o,c,u,v] + residual[n,o,i,j]).
     * Operands: x (N, C, H, W), weight (O, C/groups, KH, KW), bias (O) if {@code bias}, residual (N, O, H', W') if
     * {@code residual}.
     *
     * @param window     stride, padding, dilation
     * @param groups     divides C and O
     * @param activation applied last
     * @param bias       whether a bias is given
     * @param residual   whether a tensor is added before the activation
     */
    record Conv2d(Window2d window, int groups, Activation activation, boolean bias, boolean residual)
            implements
                SpatialOp {
        @Override
        public boolean keepsCount(int operand, TensorType type, int axis) {
            return axis == 0;
        }

        @Override
        public List<TensorType> infer(List<TensorType> in) {
            Op.require(in.size() == 2 + (bias ? 1 : 0) + (residual ? 1 : 0), this, in, "wrong number of operands");
            Shape x = image(this, in, 0);
            Shape w = image(this, in, 1);
            Op.require(groups >= 1 && x.dim(1) % groups == 0 && w.dim(0) % groups == 0, this, in,
                    "groups must divide the channels");
            Op.require(w.dim(1) == x.dim(1) / groups, this, in, "weight must be (O, C / groups, KH, KW)");
            Op.require(!bias || in.get(2).shape().equals(Shape.of(w.dim(0))), this, in, "bias must be (O)");
            long h = window.outH(x.dim(2), w.dim(2), false);
            long v = window.outW(x.dim(3), w.dim(3), false);
            Op.require(h > 0 && v > 0, this, in, "the kernel is larger than the padded image");
            Shape y = Shape.of(x.dim(0), w.dim(0), h, v);
            Op.require(!residual || in.getLast().shape().equals(y), this, in, "residual must be " + y);
            return List.of(in.getFirst().as(y));
        }
    }

    /**
     * Transposed convolution as {@code torch.nn.functional.conv_transpose2d}. Output rows:
     * (H−1)·stride − padTop − padBottom + dilation·(KH−1) + outPadH + 1. Operands: x (N, C, H, W),
     * weight (C, O/groups, KH, KW), bias (O) if {@code bias}.
     *
     * @param window     stride, padding (cut off the result), dilation
     * @param outPadH    rows added at the bottom, below the stride or the dilation
     * @param outPadW    columns added on the right
     * @param groups     divides C and O
     * @param activation applied last
     * @param bias       whether a bias is given
     */
    record ConvTranspose2d(
            Window2d window, int outPadH, int outPadW, int groups, Activation activation, boolean bias)
            implements
                SpatialOp {
        @Override
        public boolean keepsCount(int operand, TensorType type, int axis) {
            return axis == 0;
        }

        @Override
        public List<TensorType> infer(List<TensorType> in) {
            Op.require(in.size() == 2 + (bias ? 1 : 0), this, in, "wrong number of operands");
            Shape x = image(this, in, 0);
            Shape w = image(this, in, 1);
            Op.require(groups >= 1 && x.dim(1) % groups == 0 && w.dim(0) == x.dim(1), this, in,
                    "weight must be (C, O / groups, KH, KW) with groups dividing C");
            Op.require(outPadH >= 0 && outPadH < Math.max(window.strideH(), window.dilationH())
                    && outPadW >= 0 && outPadW < Math.max(window.strideW(), window.dilationW()), this, in,
                    "output padding must be smaller than the stride or the dilation");
            long o = w.dim(1) * groups;
            Op.require(!bias || in.get(2).shape().equals(Shape.of(o)), this, in, "bias must be (O)");
            long h = (x.dim(2) - 1) * window.strideH() - window.padTop() - window.padBottom()
                    + window.dilationH() * (w.dim(2) - 1) + outPadH + 1;
            long v = (x.dim(3) - 1) * window.strideW() - window.padLeft() - window.padRight()
                    + window.dilationW() * (w.dim(3) - 1) + outPadW + 1;
            Op.require(h > 0 && v > 0, this, in, "the padding cuts off the whole result");
            return List.of(in.getFirst().as(Shape.of(x.dim(0), o, h, v)));
        }
    }

    /**
     * Largest value of each window as {@code torch.nn.functional.max_pool2d}; padding counts as −∞, a NaN wins.
     * Operand: x (N, C, H, W).
     *
     * @param kernelH window rows
     * @param kernelW window columns
     * @param window  stride, padding (at most half the kernel), dilation
     * @param ceil    whether a last window that sticks out is kept
     */
    record MaxPool2d(int kernelH, int kernelW, Window2d window, boolean ceil) implements SpatialOp {
        @Override
        public List<TensorType> infer(List<TensorType> in) {
            return pooled(this, in, kernelH, kernelW, window, ceil);
        }
    }

    /**
     * Mean of each window as {@code torch.nn.functional.avg_pool2d}. Dilation must be 1. Operand: x (N, C, H, W).
     *
     * @param kernelH         window rows
     * @param kernelW         window columns
     * @param window          stride and padding
     * @param ceil            whether a last window that sticks out is kept
     * @param countIncludePad whether zeros of the padding count in the mean (torch's default: true)
     */
    record AvgPool2d(int kernelH, int kernelW, Window2d window, boolean ceil, boolean countIncludePad)
            implements
                SpatialOp {
        @Override
        public List<TensorType> infer(List<TensorType> in) {
            Op.require(window.dilationH() == 1 && window.dilationW() == 1, this, in, "dilation must be 1");
            return pooled(this, in, kernelH, kernelW, window, ceil);
        }
    }

    /** How {@link Resize} weighs its neighbours. */
    enum Interpolation {
        /** The nearest pixel; see {@link Sampling} for which one that is. */
        NEAREST,
        /** Two neighbours an axis; with antialias a triangle as wide as the shrinking. */
        BILINEAR,
        /** Four neighbours an axis, Keys' cubic: a = −0.75 without antialias (torch), −0.5 with it (torch, Pillow). */
        BICUBIC
    }

    /** Which source position an output pixel {@code i} samples. */
    enum Sampling {
        /** (i + 0.5) · scale − 0.5: torch's {@code align_corners=False}; NEAREST: floor((i + 0.5) · scale), its nearest-exact. */
        HALF_PIXEL,
        /** i · (in − 1) / (out − 1): torch's {@code align_corners=True}; 0 when out is 1. Not for NEAREST. */
        ALIGN_CORNERS,
        /** i · scale, NEAREST: floor(i · scale), torch's {@code mode="nearest"}. */
        ASYMMETRIC
    }

    /**
     * Resampling as {@code torch.nn.functional.interpolate}. Source positions are computed in float32 as torch does for
     * float32 images. Negative HALF_PIXEL positions are clamped to 0 for BILINEAR, not for BICUBIC (whose taps are clamped
     * to the image). Operand: x (N, C, H, W).
     *
     * @param outH          rows of the result
     * @param outW          columns of the result
     * @param interpolation which neighbours
     * @param sampling      which positions
     * @param antialias     widen the filter when shrinking, weights normalised within the image ({@code antialias=True});
     *                      BILINEAR and BICUBIC with HALF_PIXEL only
     * @param scaleH        source rows for each output row; 0 derives H / outH (ignored by ALIGN_CORNERS)
     * @param scaleW        source columns for each output column; 0 derives W / outW
     */
    record Resize(
            int outH, int outW, Interpolation interpolation, Sampling sampling, boolean antialias, double scaleH,
            double scaleW) implements SpatialOp {
        @Override
        public List<TensorType> infer(List<TensorType> in) {
            Op.require(in.size() == 1, this, in, "takes one operand");
            Shape x = image(this, in, 0);
            Op.require(outH > 0 && outW > 0 && x.dim(2) > 0 && x.dim(3) > 0, this, in, "empty image");
            Op.require(interpolation != Interpolation.NEAREST || sampling != Sampling.ALIGN_CORNERS, this, in,
                    "nearest has no align_corners form");
            Op.require(interpolation == Interpolation.NEAREST || sampling != Sampling.ASYMMETRIC, this, in,
                    "asymmetric sampling is for nearest");
            Op.require(!antialias
                    || (interpolation != Interpolation.NEAREST && sampling == Sampling.HALF_PIXEL), this, in,
                    "antialias needs bilinear or bicubic with half-pixel sampling");
            return List.of(in.getFirst().as(Shape.of(x.dim(0), x.dim(1), outH, outW)));
        }
    }

    private static List<TensorType> pooled(
            Op op, List<TensorType> in, int kernelH, int kernelW, Window2d window, boolean ceil) {
        Op.require(in.size() == 1, op, in, "takes one operand");
        Shape x = image(op, in, 0);
        Op.require(window.padTop() * 2 <= kernelH && window.padBottom() * 2 <= kernelH
                && window.padLeft() * 2 <= kernelW && window.padRight() * 2 <= kernelW, op, in,
                "padding must be at most half the kernel");
        long h = window.outH(x.dim(2), kernelH, ceil);
        long v = window.outW(x.dim(3), kernelW, ceil);
        Op.require(h > 0 && v > 0, op, in, "the window is larger than the padded image");
        return List.of(in.getFirst().as(Shape.of(x.dim(0), x.dim(1), h, v)));
    }

    private static Shape image(Op op, List<TensorType> in, int i) {
        Op.require(in.size() > i && in.get(i).shape().rank() == 4, op, in, "operand " + i + " must have 4 dimensions");
        Op.require(in.get(i).dtype() == DType.F32, op, in, "operand " + i + " must be float32");
        return in.get(i).shape();
    }

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
    record Window2d(
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
}
