package dev.kerf.model.maskrcnn;

import dev.kerf.mask.Instance;
import dev.kerf.mask.Instances;
import dev.kerf.mask.Mask;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Safetensors;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The reference's detections of a golden case, and how many of them a result has too. */
final class GoldenDetections implements AutoCloseable {
    private final Safetensors file;
    private final HostTensor boxes;
    private final HostTensor scores;
    private final HostTensor labels;
    private final HostTensor masks;

    GoldenDetections(Path inputs) {
        file = Safetensors.open(inputs);
        boxes = file.tensor("detections.boxes");
        scores = file.tensor("detections.scores");
        labels = file.tensor("detections.labels");
        masks = file.tensor("detections.masks_packed");
    }

    @Override
    public void close() {
        file.close();
    }

    int size() {
        return labels.shape().size(0);
    }

    /**
     * How many of the reference's detections have one of their class with box IoU of at least 0.99, a score within 1e-3 and a
     * mask IoU of at least 0.99, each used once.
     */
    int matched(Instances found) {
        List<Instance> left = new ArrayList<>(found.items());
        int matched = 0;
        for (int i = 0; i < size(); i++) {
            Instance best = null;
            for (Instance candidate : left) {
                if (candidate.category() == labels.getLong(i) && boxIou(candidate, i) >= 0.99
                        && Math.abs(candidate.score() - scores.getDouble(i)) <= 1e-3
                        && (best == null || boxIou(candidate, i) > boxIou(best, i))) {
                    best = candidate;
                }
            }
            if (best != null && maskIou(best, i) >= 0.99) {
                left.remove(best);
                matched++;
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

    private double maskIou(Instance c, int i) {
        Mask mask = c.mask().decode();
        long both = 0;
        long either = 0;
        for (int pixel = 0; pixel < mask.width() * mask.height(); pixel++) {
            boolean mine = mask.get(pixel % mask.width(), pixel / mask.width());
            long bits = masks.getLong(i * masks.shape().dim(1) + pixel / 8);
            boolean theirs = (bits >> 7 - pixel % 8 & 1) == 1;
            both += mine && theirs ? 1 : 0;
            either += mine || theirs ? 1 : 0;
        }
        return either == 0 ? 1 : (double) both / either;
    }
}
