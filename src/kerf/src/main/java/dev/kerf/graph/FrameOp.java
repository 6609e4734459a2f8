package dev.kerf.graph;

import dev.kerf.image.Nv12;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.Shape;
import java.util.List;

/** From pixels as cameras and files have them to images as networks want them. */
public sealed interface FrameOp extends Op {
    /**
     * Interleaved samples to float32 planes: y[n,k,i,j] = (float) (x[n,i,j,channels[k]] / full), full = 255 for U8 and 65535
     * for U16, the quotient correctly rounded. Operand: U8 or U16 (N, H, W, C). BGR input to an RGB network is
     * {@code channels} = (2, 1, 0); alpha is dropped by leaving it out; one grey channel is repeated by (0, 0, 0).
     *
     * @param channels the source channel of each plane
     * @param luma     one plane of ITU-R 601 luma from the first three of {@code channels}, rounded to the sample's integer as
     *                 Pillow does for 8 bit ((19595 R + 38470 G + 7471 B + 32768) &gt;&gt; 16)
     */
    record FromPixels(List<Integer> channels, boolean luma) implements FrameOp {
        /** Copies the list. */
        public FromPixels {
            channels = List.copyOf(channels);
        }

        @Override
        public List<TensorType> infer(List<TensorType> in) {
            Op.require(in.size() == 1 && in.getFirst().shape().rank() == 4
                    && List.of(DType.U8, DType.U16).contains(in.getFirst().dtype()), this, in,
                    "takes U8 or U16 (N, H, W, C)");
            Shape x = in.getFirst().shape();
            Op.require(!channels.isEmpty() && channels.stream().allMatch(c -> c >= 0 && c < x.dim(3)), this, in,
                    "the image has no such channel");
            Op.require(!luma || channels.size() == 3, this, in, "luma needs three channels");
            return List.of(TensorType.f32(x.dim(0), luma ? 1 : channels.size(), x.dim(1), x.dim(2)));
        }
    }

    /**
     * NV12 frames (a plane of luma, then a plane of interleaved chroma at half size, chroma repeated for its four pixels) to
     * float32 RGB planes in 0 … 1, clamped. Operand: U8 (N, H · 3 / 2, W), H and W even. Result: (N, 3, H, W).
     *
     * @param matrix how luma and chroma are coded
     */
    record FromNv12(Nv12.Matrix matrix) implements FrameOp {
        @Override
        public List<TensorType> infer(List<TensorType> in) {
            Op.require(in.size() == 1 && in.getFirst().dtype() == DType.U8 && in.getFirst().shape().rank() == 3, this,
                    in, "takes U8 (N, H * 3 / 2, W)");
            Shape x = in.getFirst().shape();
            long h = x.dim(1) / 3 * 2;
            Op.require(h * 3 / 2 == x.dim(1) && h % 2 == 0 && x.dim(2) % 2 == 0, this, in, "H and W must be even");
            return List.of(TensorType.f32(x.dim(0), 3, h, x.dim(2)));
        }
    }

    /**
     * Mean and population standard deviation of each channel over all its pixels, summed in float64 or exactly. Operand: x
     * (N, C, H, W) float32. Result: (N, C, 2) = mean, standard deviation; this is NaN if a pixel isn't finite, or if the
     * squared deviations add up to more than float32 can hold.
     */
    record ImageStatistics() implements FrameOp {
        @Override
        public List<TensorType> infer(List<TensorType> in) {
            Op.require(in.size() == 1 && in.getFirst().dtype() == DType.F32 && in.getFirst().shape().rank() == 4, this,
                    in, "takes float32 (N, C, H, W)");
            Shape x = in.getFirst().shape();
            return List.of(TensorType.f32(x.dim(0), x.dim(1), 2));
        }
    }

    /**
     * (x − mean) / std for each channel; where std is 0 the result is 0. Operands: x (N, C, H, W), statistics (N or 1, C, 2).
     */
    record Standardise() implements FrameOp {
        @Override
        public List<TensorType> infer(List<TensorType> in) {
            Op.require(in.size() == 2 && in.get(0).shape().rank() == 4 && in.get(1).shape().rank() == 3
                    && in.stream().allMatch(t -> t.dtype() == DType.F32), this, in,
                    "takes x (N, C, H, W) and statistics (N or 1, C, 2)");
            Shape x = in.get(0).shape();
            Shape s = in.get(1).shape();
            Op.require((s.dim(0) == x.dim(0) || s.dim(0) == 1) && s.dim(1) == x.dim(1) && s.dim(2) == 2, this, in,
                    "statistics must be (N or 1, C, 2)");
            return List.of(in.getFirst());
        }
    }
}
