package dev.kerf.check.golden;

import dev.kerf.mask.Instances;
import dev.kerf.mask.Instances.Instance;
import dev.kerf.mask.Mask;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Safetensors;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What a detector's reference found: {@code detections.…} of a case's inputs. */
final class Detections {
    /** Least IoU of boxes and of masks that are the same detection. */
    private static final double SAME_IOU = 0.99;
    /** Largest difference of the scores of one detection. */
    private static final double SAME_SCORE = 1e-3;

    private final HostTensor boxes;
    private final HostTensor scores;
    private final HostTensor labels;
    private final HostTensor masks;

    Detections(Safetensors inputs) {
        this.boxes = inputs.tensor("detections.boxes");
        this.scores = inputs.tensor("detections.scores");
        this.labels = inputs.tensor("detections.labels");
        this.masks = inputs.tensor("detections.masks_packed");
    }

    /** How many there are. */
    int count() {
        return labels.shape().size(0);
    }

    /** The class of one. */
    int label(int i) {
        return (int) labels.getLong(i);
    }

    /** Whether a pixel, row-major, belongs to one. */
    boolean has(int i, int pixel) {
        return (masks.getLong(i * masks.shape().dim(1) + pixel / 8) >> 7 - pixel % 8 & 1) == 1;
    }

    /**
     * Those that were found again, by number: an instance of the class with a box and a mask of an IoU of at least
     * {@value #SAME_IOU} and a score within {@value #SAME_SCORE}, each used once.
     */
    Map<Integer, Instance> matched(Instances found) {
        List<Instance> left = new ArrayList<>(found.items());
        Map<Integer, Instance> matched = new TreeMap<>();
        for (int i = 0; i < count(); i++) {
            Instance best = null;
            for (Instance candidate : left) {
                if (candidate.category() == label(i) && boxIou(candidate, i) >= SAME_IOU
                        && Math.abs(candidate.score() - scores.getDouble(i)) <= SAME_SCORE
                        && (best == null || boxIou(candidate, i) > boxIou(best, i))) {
                    best = candidate;
                }
            }
            if (best != null && maskIou(best.mask().decode(), i) >= SAME_IOU) {
                left.remove(best);
                matched.put(i, best);
            }
        }
        return matched;
    }

    private double boxIou(Instance c, int i) {
        double x0 = boxes.getDouble(4L * i);
        double y0 = boxes.getDouble(4L * i + 1);
        double x1 = boxes.getDouble(4L * i + 2);
        double y1 = boxes.getDouble(4L * i + 3);
        double w = Math.min(x1, c.box().x() + c.box().width()) - Math.max(x0, c.box().x());
        double h = Math.min(y1, c.box().y() + c.box().height()) - Math.max(y0, c.box().y());
        double both = Math.max(0, w) * Math.max(0, h);
        return both / ((x1 - x0) * (y1 - y0) + c.box().width() * c.box().height() - both);
    }

    /** An empty mask is the same as another. */
    private double maskIou(Mask mask, int i) {
        int w = mask.width();
        double iou = Golden.iou(p -> mask.get((int) p % w, (int) p / w), p -> has(i, (int) p), (long) w * mask.height());
        return Double.isNaN(iou) ? 1 : iou;
    }
}
