package dev.kerf.model.maskrcnn;

import dev.kerf.error.BadWeightsException;
import dev.kerf.graph.BoxOp.LevelRule;
import dev.kerf.graph.BoxOp.Paste;
import dev.kerf.model.maskrcnn.RcnnNames.Layout;
import dev.kerf.weights.Weights;
import dev.kerf.weights.Weights.TensorInfo;
import java.util.ArrayList;
import java.util.List;

/**
 * The architecture of a Mask R-CNN, read from its weight file: which network it is, how deep, and what follows from whose it
 * is (torchvision/models/detection; detectron2/config/defaults.py and configs/Base-RCNN-FPN.yaml).
 *
 * @param names        what its modules are called
 * @param blocks       residual blocks of the four stages: 3, 4, 6, 3 of ResNet-50, 3, 4, 23, 3 of ResNet-101
 * @param classes      classes that it tells apart, background included
 * @param eps          added to the variance of batch norms
 * @param pixelMean    of the channels, in 0 … 255, in the order of the network
 * @param pixelStd     likewise
 * @param semantics    classes that a semantic branch tells apart; 0 if there is none
 */
record RcnnConfig(
        RcnnNames names, List<Integer> blocks, int classes, double eps, List<Double> pixelMean, List<Double> pixelStd,
        int semantics) {
    /** Boxes of this side for the finest level's anchors; doubled from level to level. */
    static final int ANCHOR_SIDE = 32;
    /** Height over width of the anchors at a position. */
    static final List<Double> ANCHOR_RATIOS = List.of(0.5, 1.0, 2.0);
    /** Levels of the pyramid that boxes are pooled from. */
    static final int POOLED_LEVELS = 4;
    /** Sides of padded images are multiples of it. */
    static final int STRIDE = 32;

    private static final String EPS = "kerf.norm.eps";

    /** Copies the lists. */
    RcnnConfig {
        blocks = List.copyOf(blocks);
        pixelMean = List.copyOf(pixelMean);
        pixelStd = List.copyOf(pixelStd);
    }

    /**
     * Reads the architecture of a weight file.
     *
     * @throws BadWeightsException if the tensors are not those of a Mask R-CNN
     */
    static RcnnConfig of(Weights weights) {
        RcnnNames names = RcnnNames.of(weights);
        List<Integer> blocks = new ArrayList<>();
        for (int stage = 0; stage < 4; stage++) {
            int n = 0;
            while (weights.contains(names.block(stage, n) + ".conv3.weight")) {
                n++;
            }
            if (n == 0) {
                throw new BadWeightsException(weights.source() + ": has no tensor \"" + names.block(stage, 0)
                        + ".conv3.weight\": a bottleneck ResNet (50, 101, 152) is expected");
            }
            blocks.add(n);
        }
        boolean detectron = names.layout() == Layout.DETECTRON2;
        int classes = outputs(weights, names.classScores());
        // torchvision loads its first version's weights with FrozenBatchNorm2d's eps set to 0.
        double usual = names.layout() == Layout.TORCHVISION ? 0 : 1e-5;
        return new RcnnConfig(names, blocks, classes, eps(weights, usual),
                detectron ? List.of(103.53, 116.28, 123.675) : List.of(0.485 * 255, 0.456 * 255, 0.406 * 255),
                detectron ? List.of(1.0, 1.0, 1.0) : List.of(0.229 * 255, 0.224 * 255, 0.225 * 255),
                weights.contains(SemanticHead.PREDICTOR + ".weight") ? outputs(weights, SemanticHead.PREDICTOR) : 0);
    }

    private static double eps(Weights weights, double usual) {
        String said = weights.metadata().getOrDefault(EPS, Double.toString(usual));
        try {
            return Double.parseDouble(said);
        } catch (NumberFormatException e) {
            throw new BadWeightsException(
                    weights.source() + ": metadata " + EPS + " is '" + said + "', expected a number", e);
        }
    }

    /**
     * Output channels of a module.
     *
     * @throws BadWeightsException if there is none; names the nearest tensors
     */
    private static int outputs(Weights weights, String module) {
        String name = module + ".weight";
        return weights.find(name).map(TensorInfo::shape).orElseGet(() -> weights.tensor(name).shape()).size(0);
    }

    /** Whether there is a branch that gives every pixel a class. */
    boolean semantic() {
        return semantics > 0;
    }

    boolean detectron() {
        return names.layout() == Layout.DETECTRON2;
    }

    /** Whether convolutions of the pyramid and the heads are followed by a batch norm and have no bias. */
    boolean normedHeads() {
        return names.layout() == Layout.TORCHVISION_V2;
    }

    /** Convolutions of the proposal head. */
    int proposalConvs() {
        return names.layout() == Layout.TORCHVISION_V2 ? 2 : 1;
    }

    /** Convolutions of the box head. */
    int boxConvs() {
        return names.layout() == Layout.TORCHVISION_V2 ? 4 : 0;
    }

    /** Convolutions of the mask head before the transposed one. */
    int maskConvs() {
        return 4;
    }

    /** Column of the class scores that means background. */
    int background() {
        return detectron() ? classes - 1 : 0;
    }

    /** Classes with boxes and masks of their own: torchvision has some for background too. */
    int boxClasses() {
        return detectron() ? classes - 1 : classes;
    }

    /** Samples along each axis of a pooled cell; 0 for as many as it has pixels. */
    int samples() {
        return detectron() ? 0 : 2;
    }

    /** Which level serves a box. */
    LevelRule levels() {
        return detectron() ? new LevelRule(224, 4, 1e-8, 0) : new LevelRule(224, 4, 0, 1e-6);
    }

    /** Least side of a proposal in pixels; Detectron2 drops empty ones. */
    float leastProposal() {
        return detectron() ? 1e-30f : 1e-3f;
    }

    /** Least side of a detection in pixels; Detectron2 drops none but those with NaN. */
    float leastDetection() {
        return detectron() ? Float.NEGATIVE_INFINITY : 1e-2f;
    }

    /** How masks are laid over the image. */
    Paste paste() {
        return detectron() ? Paste.EXACT : Paste.WHOLE_PIXELS;
    }
}
