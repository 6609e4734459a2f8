package dev.kerf.model.maskrcnn;

import dev.kerf.error.BadWeightsException;
import dev.kerf.weights.Weights;
import org.jspecify.annotations.Nullable;

/**
 * What a Mask R-CNN calls its modules.
 *
 * @param layout whose names
 * @param nested whether torchvision's newer names are used, in which a convolution stands in a block of its own
 *               ({@code inner_blocks.0.0.weight}, {@code mask_head.0.0.weight})
 */
record RcnnNames(Layout layout, boolean nested) {
    /** Whose network it is. */
    enum Layout {
        /** torchvision's {@code maskrcnn_resnet50_fpn}. */
        TORCHVISION,
        /** torchvision's {@code maskrcnn_resnet50_fpn_v2}: batch norm everywhere, deeper heads. */
        TORCHVISION_V2,
        /** Detectron2's R50-FPN and R101-FPN. */
        DETECTRON2
    }

    /**
     * Finds out the layout.
     *
     * @throws BadWeightsException if it is none that is known; says which are
     */
    static RcnnNames of(Weights weights) {
        if (weights.contains("backbone.bottom_up.stem.conv1.weight")) {
            return new RcnnNames(Layout.DETECTRON2, false);
        }
        if (weights.contains("backbone.body.conv1.weight")) {
            boolean nested = weights.contains("backbone.fpn.inner_blocks.0.0.weight");
            boolean normed = weights.contains("backbone.fpn.inner_blocks.0.1.weight");
            return new RcnnNames(normed ? Layout.TORCHVISION_V2 : Layout.TORCHVISION, nested);
        }
        throw new BadWeightsException(weights.source() + " is no Mask R-CNN that is known: expected the tensor names of "
                + "torchvision's (backbone.body.conv1.weight …) or of Detectron2's (backbone.bottom_up.stem.conv1.weight …); "
                + "it has " + weights.names().stream().limit(3).toList() + " …");
    }

    /** Whether the tensors' names are those of a Mask R-CNN. */
    static boolean known(Weights weights) {
        return weights.contains("backbone.bottom_up.stem.conv1.weight") || weights.contains("backbone.body.conv1.weight");
    }

    private boolean detectron() {
        return layout == Layout.DETECTRON2;
    }

    /** The first convolution. */
    String stem() {
        return detectron() ? "backbone.bottom_up.stem.conv1" : "backbone.body.conv1";
    }

    /** A residual block of stage 0 … 3. */
    String block(int stage, int index) {
        return detectron()
                ? "backbone.bottom_up.res" + (stage + 2) + "." + index
                : "backbone.body.layer" + (stage + 1) + "." + index;
    }

    /** The convolution on a block's shortcut. */
    String shortcut(String block) {
        return block + (detectron() ? ".shortcut" : ".downsample.0");
    }

    /** The batch norm after a convolution of the residual network. */
    String norm(String conv) {
        if (detectron()) {
            return conv + ".norm";
        }
        if (conv.endsWith(".downsample.0")) {
            return conv.substring(0, conv.length() - 1) + "1";
        }
        int digit = conv.length() - 1;
        return conv.substring(0, digit - 4) + "bn" + conv.substring(digit);
    }

    /** The 1×1 convolution of the pyramid at level 0 … 3, the finest first. */
    String lateral(int level) {
        return detectron() ? "backbone.fpn_lateral" + (level + 2) : block("backbone.fpn.inner_blocks." + level);
    }

    /** The 3×3 convolution of the pyramid. */
    String output(int level) {
        return detectron() ? "backbone.fpn_output" + (level + 2) : block("backbone.fpn.layer_blocks." + level);
    }

    private String block(String module) {
        return nested ? module + ".0" : module;
    }

    /** The batch norm after a convolution of a nested block; the second version's. */
    static String blockNorm(String conv) {
        return conv.substring(0, conv.length() - 1) + "1";
    }

    /** A convolution of the proposal head, counted from 0. */
    String proposalConv(int index) {
        if (detectron()) {
            return "proposal_generator.rpn_head.conv";
        }
        return nested ? "rpn.head.conv." + index + ".0" : "rpn.head.conv";
    }

    /** Whether a box around an anchor holds a thing. */
    String objectness() {
        return detectron() ? "proposal_generator.rpn_head.objectness_logits" : "rpn.head.cls_logits";
    }

    /** How far an anchor is from it. */
    String anchorDeltas() {
        return detectron() ? "proposal_generator.rpn_head.anchor_deltas" : "rpn.head.bbox_pred";
    }

    /** A convolution of the box head; there are none but in the second version. */
    String boxConv(int index) {
        return "roi_heads.box_head." + index + ".0";
    }

    /** A fully connected layer of the box head; none past the last. */
    @Nullable
    String boxLinear(int index) {
        return switch (layout) {
            case TORCHVISION -> index < 2 ? "roi_heads.box_head.fc" + (6 + index) : null;
            case TORCHVISION_V2 -> index < 1 ? "roi_heads.box_head.5" : null;
            case DETECTRON2 -> index < 2 ? "roi_heads.box_head.fc" + (1 + index) : null;
        };
    }

    /** Class scores of a proposal. */
    String classScores() {
        return "roi_heads.box_predictor.cls_score";
    }

    /** Box deltas of a proposal for each class. */
    String boxDeltas() {
        return "roi_heads.box_predictor.bbox_pred";
    }

    /** A convolution of the mask head. */
    String maskConv(int index) {
        return nested ? "roi_heads.mask_head." + index + ".0" : "roi_heads.mask_head.mask_fcn" + (index + 1);
    }

    /** The transposed convolution of the mask head. */
    String maskUp() {
        return detectron() ? "roi_heads.mask_head.deconv" : "roi_heads.mask_predictor.conv5_mask";
    }

    /** Mask logits for each class. */
    String maskLogits() {
        return detectron() ? "roi_heads.mask_head.predictor" : "roi_heads.mask_predictor.mask_fcn_logits";
    }
}
