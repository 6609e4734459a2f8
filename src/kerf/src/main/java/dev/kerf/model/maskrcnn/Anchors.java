package dev.kerf.model.maskrcnn;

import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;

/**
 * Reference boxes of one level: at each position, row by row, one of each shape (torchvision's {@code AnchorGenerator},
 * Detectron2's {@code DefaultAnchorGenerator}). torchvision rounds their edges to whole pixels and takes as stride the whole
 * quotient of the padded image's side and the map's; Detectron2 does neither.
 */
final class Anchors {
    private Anchors() {}

    /** The shapes of a level around (0, 0), (x0, y0, x1, y1) each. */
    static float[] shapes(int level, boolean rounded) {
        double side = RcnnConfig.ANCHOR_SIDE << level;
        float[] out = new float[4 * RcnnConfig.ANCHOR_RATIOS.size()];
        for (int i = 0; i < RcnnConfig.ANCHOR_RATIOS.size(); i++) {
            double root = Math.sqrt(RcnnConfig.ANCHOR_RATIOS.get(i));
            double w = side / root / 2;
            double h = side * root / 2;
            out[4 * i] = (float) (rounded ? Math.rint(-w) : -w);
            out[4 * i + 1] = (float) (rounded ? Math.rint(-h) : -h);
            out[4 * i + 2] = (float) (rounded ? Math.rint(w) : w);
            out[4 * i + 3] = (float) (rounded ? Math.rint(h) : h);
        }
        return out;
    }

    /** All anchors of a level: (rows · columns · shapes, 4). */
    static HostTensor of(int level, boolean rounded, int rows, int columns, int strideY, int strideX) {
        float[] shapes = shapes(level, rounded);
        float[] all = new float[rows * columns * shapes.length];
        for (int i = 0, at = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                for (int k = 0; k < shapes.length; k++, at++) {
                    all[at] = shapes[k] + (k % 2 == 0 ? j * strideX : i * strideY);
                }
            }
        }
        return HostTensor.of(Shape.of(all.length / 4, 4), all);
    }
}
