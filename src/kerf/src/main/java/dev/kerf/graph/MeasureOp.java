package dev.kerf.graph;

import dev.kerf.tensor.DType;
import dev.kerf.tensor.Shape;
import java.util.List;

/** Counts over masks, exact in 64-bit integers on every back end. */
public sealed interface MeasureOp extends Op {
    /** How an operand of {@link Overlap} says which pixels belong to a mask. */
    sealed interface MaskForm {
        /** The number by which kernels know it; never another for the same form. */
        int code();

        /** One byte a pixel; belongs if not 0. Operand: U8 (N, pixels). */
        record Bytes() implements MaskForm {
            @Override
            public int code() {
                return 0;
            }
        }

        /** One bit a pixel, eight a byte, the first pixel in the highest bit (NumPy's packbits). Operand: U8 (N, ⌈pixels/8⌉). */
        record Bits() implements MaskForm {
            @Override
            public int code() {
                return 1;
            }
        }

        /**
         * Logits; belongs if larger than the threshold. Operand: F32 (N, pixels).
         *
         * @param threshold usually 0
         */
        record Logits(float threshold) implements MaskForm {
            @Override
            public int code() {
                return 2;
            }
        }
    }

    /**
     * Intersection, union and both areas of every pair of N and M masks, in one launch. Operands: a, b as their forms say,
     * and ignore U8 (pixels) if {@code ignore}: pixels where it isn't 0 count nowhere. Result: I64 (N, M, 4) =
     * intersection, union, area of a, area of b.
     *
     * @param a      form of the first operand
     * @param b      form of the second
     * @param pixels pixels of a mask
     * @param ignore whether pixels to leave out are given
     */
    record Overlap(MaskForm a, MaskForm b, long pixels, boolean ignore) implements MeasureOp {
        @Override
        public List<TensorType> infer(List<TensorType> in) {
            Op.require(in.size() == (ignore ? 3 : 2), this, in, "wrong number of operands");
            check(in, 0, a);
            check(in, 1, b);
            Op.require(!ignore || in.get(2).equals(TensorType.of(DType.U8, pixels)), this, in,
                    "ignore must be U8[" + pixels + "]");
            return List.of(TensorType.of(DType.I64, in.get(0).shape().dim(0), in.get(1).shape().dim(0), 4));
        }

        private void check(List<TensorType> in, int i, MaskForm form) {
            long row = form instanceof MaskForm.Bits ? (pixels + 7) / 8 : pixels;
            DType dtype = form instanceof MaskForm.Logits ? DType.F32 : DType.U8;
            Op.require(in.get(i).shape().rank() == 2 && in.get(i).shape().dim(1) == row && in.get(i).dtype() == dtype,
                    this, in, "operand " + i + " must be " + dtype + "[count, " + row + "]");
        }
    }

    /**
     * Confusion matrix of two label maps. Operands: truth, predicted, both (B, pixels), each U8 or I32. Result: I64 (B, K, K),
     * element [t, p] = pixels of class t that were given class p. A pixel counts nowhere if its truth is {@code ignore}, or
     * if either label is outside 0 … K − 1.
     *
     * @param classes K, at least 1
     * @param ignore  a truth label to leave out; −1 for none
     */
    record Confusion(int classes, int ignore) implements MeasureOp {
        @Override
        public List<TensorType> infer(List<TensorType> in) {
            List<DType> labels = List.of(DType.U8, DType.I32);
            Op.require(in.size() == 2 && in.stream().allMatch(t -> labels.contains(t.dtype()))
                    && in.get(0).shape().rank() == 2 && in.get(0).shape().equals(in.get(1).shape()), this, in,
                    "takes two label maps (B, pixels), U8 or I32");
            Op.require(classes >= 1, this, in, "at least one class");
            Shape x = in.getFirst().shape();
            return List.of(TensorType.of(DType.I64, x.dim(0), classes, classes));
        }
    }

    /**
     * Connected components of masks. Operand: U8 (B, H, W); a pixel belongs if not 0. Results: labels I32 (B, H, W), 0 for
     * pixels that don't belong, 1, 2, … for components in raster order of their first pixels; areas I32 (B, most + 1):
     * how many pixels have label 0, 1, 2, …, zeros beyond the last. {@link #most} is enough for any mask.
     *
     * @param connectivity 4 where pixels touch at their edges, 8 where at their corners too
     */
    record Components(int connectivity) implements MeasureOp {
        @Override
        public List<TensorType> infer(List<TensorType> in) {
            Op.require(connectivity == 4 || connectivity == 8, this, in, "connectivity is 4 or 8");
            Op.require(in.size() == 1 && in.getFirst().dtype() == DType.U8 && in.getFirst().shape().rank() == 3, this, in,
                    "takes masks U8 (B, H, W)");
            Shape x = in.getFirst().shape();
            Op.require(x.dim(1) * x.dim(2) < Integer.MAX_VALUE, this, in, "masks of fewer than 2^31 pixels");
            return List.of(new TensorType(DType.I32, x), TensorType.of(DType.I32, x.dim(0), most(x.dim(1), x.dim(2)) + 1));
        }

        /** The most components that a mask of a size can have. */
        public long most(long height, long width) {
            return connectivity == 8 ? Math.ceilDiv(height, 2L) * Math.ceilDiv(width, 2L) : Math.ceilDiv(height * width, 2L);
        }
    }
}
