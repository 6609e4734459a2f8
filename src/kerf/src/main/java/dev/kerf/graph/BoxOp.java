package dev.kerf.graph;

import dev.kerf.error.GraphException;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.Shape;
import java.util.Arrays;
import java.util.List;

/**
 * Ops of detectors over boxes (x0, y0, x1, y1): left, top, right and bottom edge in pixels, the width being x1 − x0.
 * Coordinates are float32 whatever the storage precision.
 */
public sealed interface BoxOp extends Op {
    @Override
    default boolean keepsCount(int operand, TensorType type, int axis) {
        return true;
    }

    /**
     * Boxes from reference boxes and what a network says of them (Girshick et al. 2014, appendix C; torchvision's
     * {@code BoxCoder.decode} and {@code clip_boxes_to_image}; Detectron2's {@code Box2BoxTransform}): with w, h and (cx, cy)
     * of the reference box, the centre moves by (dx / wx · w, dy / wy · h), the sides become e^min(dw / ww, most) · w and
     * e^min(dh / wh, most) · h, then every edge is clamped to the image. NaN stays NaN. Operands: references and deltas
     * (dx, dy, dw, dh), both float32 (…, 4). A count of the references or the deltas is kept.
     *
     * <p>{@code picked}: references (R, 4) and deltas (D, columns), of which the last four are taken, then for each box the row
     * of its reference and of its deltas, both int32 (…), whose count is kept. A row out of range raises an error at the end of
     * the run.
     *
     * @param wx     divisor of dx
     * @param wy     divisor of dy
     * @param ww     divisor of dw
     * @param wh     divisor of dh
     * @param most   largest logarithm of a growth; upstream: ln(1000 / 16)
     * @param height of the image, to clamp to
     * @param width  of the image, to clamp to
     * @param picked whether rows are picked
     */
    record DecodeBoxes(float wx, float wy, float ww, float wh, float most, float height, float width, boolean picked)
            implements
                BoxOp {
        /** Of boxes as they lie. */
        public DecodeBoxes(float wx, float wy, float ww, float wh, float most, float height, float width) {
            this(wx, wy, ww, wh, most, height, width, false);
        }

        @Override
        public boolean keepsCount(int operand, TensorType type, int axis) {
            return !picked || operand >= 2;
        }

        @Override
        public List<TensorType> infer(List<TensorType> in) {
            if (picked) {
                Op.require(in.size() == 4 && in.stream().limit(2).allMatch(t -> t.dtype() == DType.F32 && t.shape().rank() == 2)
                        && in.get(0).shape().dim(1) == 4 && in.get(1).shape().dim(1) >= 4 && in.get(2).equals(in.get(3))
                        && in.get(2).dtype() == DType.I32, this, in,
                        "takes float32 reference boxes (R, 4) and deltas (D, columns), and int32 rows of both");
                long[] y = Arrays.copyOf(in.get(2).shape().dims(), in.get(2).shape().rank() + 1);
                y[y.length - 1] = 4;
                return List.of(in.getFirst().as(Shape.of(y)));
            }
            Op.require(in.size() == 2 && in.get(0).equals(in.get(1)) && in.get(0).dtype() == DType.F32
                    && in.get(0).shape().rank() >= 1 && in.get(0).shape().dim(-1) == 4, this, in,
                    "takes reference boxes and deltas, both float32 (…, 4)");
            return List.of(in.getFirst());
        }
    }

    /**
     * Greedy suppression of boxes that overlap a better one of their group: torchvision's {@code batched_nms} on boxes that
     * are sorted already. In order, a box is kept unless a kept box of its group has an IoU with it above the threshold;
     * after {@code most} kept boxes the rest is dropped, as upstream's slice of the kept ones does. Boxes with a side below
     * {@code minSide} or a NaN edge are neither kept nor suppress others. Areas are (x1 − x0) · (y1 − y0), the IoU of two
     * empty boxes is NaN and suppresses nothing. Operands: boxes float32 (B, M, 4) in descending order of score, with or
     * without a count (B); groups int32 (B, M), or (M) for all B. Results: positions int32 (B, most), ascending, with the
     * count, then the count itself, int32 (B).
     *
     * @param threshold IoU above which the lesser box goes
     * @param minSide   least width and height (torchvision: 1e-3 of proposals, 1e-2 of detections)
     * @param most      how many are kept at most
     */
    record Nms(float threshold, float minSide, int most) implements BoxOp {
        @Override
        public boolean countsItself() {
            return true;
        }

        @Override
        public List<TensorType> infer(List<TensorType> in) {
            Op.require(in.size() == 2 && in.get(0).dtype() == DType.F32 && in.get(0).shape().rank() == 3
                    && in.get(0).shape().dim(2) == 4 && in.get(1).dtype() == DType.I32, this, in,
                    "takes boxes float32 (B, M, 4) and groups int32");
            Shape boxes = in.get(0).shape();
            Shape groups = in.get(1).shape();
            Op.require(groups.equals(Shape.of(boxes.dim(1))) || groups.equals(Shape.of(boxes.dim(0), boxes.dim(1))), this,
                    in, "groups must be (B, M) or (M)");
            Op.require(most >= 1, this, in, "at least one box must be allowed to stay");
            return List.of(TensorType.of(DType.I32, boxes.dim(0), most), TensorType.of(DType.I32, boxes.dim(0)));
        }
    }

    /**
     * Which level of a pyramid a box is pooled from (Lin et al. 2017, equation 1):
     * floor(level + log2(√(w · h) / side + inner) + outer), clamped to the levels that there are; NaN gives the finest.
     *
     * @param side  a box of this side in pixels…
     * @param level …belongs to this level, the level of scale 2^−level
     * @param inner added to the ratio (Detectron2: 1e-8)
     * @param outer added to the logarithm (torchvision: 1e-6)
     */
    record LevelRule(double side, int level, double inner, double outer) {}

    /**
     * Mean of bilinear samples in each cell of a grid over each box (He et al. 2017, section 3; torchvision's
     * {@code roi_align}). Cell sides are box side · scale / cells; without {@code aligned} the box isn't shifted by half a
     * pixel and its sides are at least 1. Samples more than a pixel outside the map count as 0, others are clamped to it. A
     * box with a NaN edge gives 0, and with {@code samples} 0 so does one with cells of more than {@value #LONGEST_CELL}
     * pixels of its map, which no box within an image has.
     * Operands: boxes float32 (B, R, 4) with or without a count, then the levels from the finest, float32 (B, C, Hl, Wl).
     * Result: (B, R, C, rows, columns) with the boxes' count.
     *
     * @param rows    cells down
     * @param columns cells across
     * @param samples samples of a cell along each axis; 0 for ⌈cell side⌉
     * @param aligned whether coordinates are shifted by half a pixel
     * @param scales  pixels of each level for a pixel of the image: powers of ½
     * @param rule    which level serves a box
     */
    record RoiAlign(int rows, int columns, int samples, boolean aligned, List<Double> scales, LevelRule rule)
            implements
                BoxOp {
        /** Most samples of a cell along an axis when their number follows from its size. */
        public static final int LONGEST_CELL = 1 << 14;

        /** Copies the list. */
        public RoiAlign {
            scales = List.copyOf(scales);
        }

        /** The finest level's number: its scale is 2^−this. */
        public int firstLevel() {
            if (scales.isEmpty()) {
                throw new GraphException(this + " has no levels");
            }
            return (int) Math.round(-Math.log(scales.getFirst()) / Math.log(2));
        }

        @Override
        public List<TensorType> infer(List<TensorType> in) {
            Op.require(!scales.isEmpty() && in.size() == 1 + scales.size(), this, in,
                    "takes boxes and a map for each scale");
            Op.require(in.stream().allMatch(t -> t.dtype() == DType.F32) && in.getFirst().shape().rank() == 3
                    && in.getFirst().shape().dim(2) == 4, this, in, "takes boxes (B, R, 4), all float32");
            Shape boxes = in.getFirst().shape();
            Op.require(in.stream().skip(1).allMatch(t -> t.shape().rank() == 4 && t.shape().dim(0) == boxes.dim(0)
                    && t.shape().dim(1) == in.get(1).shape().dim(1) && t.shape().elements() > 0), this, in,
                    "maps must be (B, C, H, W), not empty");
            Op.require(rows >= 1 && columns >= 1 && samples >= 0, this, in, "an empty grid");
            return List.of(TensorType.f32(boxes.dim(0), boxes.dim(1), in.get(1).shape().dim(1), rows, columns));
        }
    }

    /** How {@link PasteMasks} samples a mask. */
    enum Paste {
        /**
         * torchvision's {@code paste_masks_in_image}: a border of one zero around the mask, the box grown alike and cut to
         * whole pixels, the mask resized to it bilinearly (half-pixel); a pixel belongs if it is above the threshold.
         */
        WHOLE_PIXELS,
        /**
         * Detectron2's {@code paste_masks_in_image}: the mask sampled bilinearly at each pixel's centre, zeros around it; a
         * pixel belongs if it is at least the threshold.
         */
        EXACT
    }

    /**
     * Small masks laid over their boxes in the image, as bits: eight pixels a byte, row-major over the whole image, the first
     * pixel in the highest bit (NumPy's packbits of H · W pixels). Operands: masks float32 (B, D, P, P) of probabilities and
     * boxes float32 (B, D, 4), counted along axis 1 or not. Result: U8 (B, D, ⌈height · width / 8⌉) with the boxes' count.
     * A box with a NaN edge has no pixels.
     *
     * @param height    of the image
     * @param width     of the image
     * @param threshold probability that divides
     * @param how       whose sampling
     */
    record PasteMasks(int height, int width, float threshold, Paste how) implements BoxOp {
        @Override
        public List<TensorType> infer(List<TensorType> in) {
            Op.require(in.size() == 2 && in.stream().allMatch(t -> t.dtype() == DType.F32)
                    && in.get(0).shape().rank() == 4 && in.get(0).shape().dim(2) == in.get(0).shape().dim(3)
                    && in.get(0).shape().dim(3) > 0, this, in, "takes float32 masks (B, D, P, P) and boxes");
            Shape m = in.getFirst().shape();
            Op.require(in.get(1).shape().equals(Shape.of(m.dim(0), m.dim(1), 4)), this, in, "boxes must be (B, D, 4)");
            Op.require(height >= 1 && width >= 1, this, in, "an empty image");
            return List.of(TensorType.of(DType.U8, m.dim(0), m.dim(1), ((long) height * width + 7) / 8));
        }
    }
}
