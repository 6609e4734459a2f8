package dev.kerf.check.golden;

import dev.kerf.image.Image;
import dev.kerf.mask.Instance;
import dev.kerf.mask.Instances;
import dev.kerf.mask.Mask;
import dev.kerf.model.maskrcnn.DetectOptions;
import dev.kerf.model.maskrcnn.MaskRcnn;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Safetensors;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A golden case of Mask R-CNN: besides the stages it has proposals and boxes to run the heads on, and the reference's
 * detections.
 *
 * <pre>{@code
 * try (RcnnCase c = RcnnCase.open(Path.of("goldens/maskrcnn-quick"));
 *         Weights weights = c.golden().weights(); MaskRcnn net = MaskRcnn.load(device, weights)) {
 *     List<GoldenCase.Row> rows = c.golden().compare(c.stages(net));
 *     int same = c.matched(net.detect(c.image(), c.options()));
 * }
 * }</pre>
 */
final class RcnnCase implements AutoCloseable {
    /** Least IoU of boxes and of masks that are the same detection. */
    public static final double SAME_IOU = 0.99;
    /** Largest difference of the scores of one detection. */
    public static final double SAME_SCORE = 1e-3;

    private static final int PROPOSALS = 64;

    private final GoldenCase golden;
    private final Safetensors inputs;
    private final HostTensor boxes;
    private final HostTensor scores;
    private final HostTensor labels;
    private final HostTensor masks;

    private RcnnCase(Path folder) {
        this.golden = GoldenCase.open(folder);
        this.inputs = Safetensors.open(folder.resolve("inputs.safetensors"));
        this.boxes = inputs.tensor("detections.boxes");
        this.scores = inputs.tensor("detections.scores");
        this.labels = inputs.tensor("detections.labels");
        this.masks = inputs.tensor("detections.masks_packed");
    }

    /**
     * Opens a case.
     *
     * @throws dev.kerf.error.BadFileException if its files are missing or malformed
     */
    public static RcnnCase open(Path folder) {
        return new RcnnCase(folder);
    }

    /** The stages and their bounds. */
    public GoldenCase golden() {
        return golden;
    }

    /** The picture. */
    public Image image() {
        return Image.read(golden.file("image"));
    }

    /** Upstream's defaults with the case's sizes. */
    public DetectOptions options() {
        return DetectOptions.of().size((int) golden.description().at("min_size").asLong(),
                (int) golden.description().at("max_size").asLong());
    }

    /** Every stage by the case's names: the network on the picture, the heads on the case's own boxes. */
    public Map<String, HostTensor> stages(MaskRcnn net) {
        Map<String, HostTensor> stages = new LinkedHashMap<>(net.trace(image(), options()));
        float[] first = Arrays.copyOf(inputs.tensor("proposals").toFloatArray(), 4 * PROPOSALS);
        net.traceHeads(image(), HostTensor.of(Shape.of(PROPOSALS, 4), first), inputs.tensor("first16.boxes_resized"),
                options()).forEach((name, t) -> stages.put((name.startsWith("mask") ? "first16." : "first64.") + name, t));
        return stages;
    }

    /** How many detections the reference has. */
    public int detections() {
        return labels.shape().size(0);
    }

    /**
     * How many of the reference's detections have one of their class with a box and a mask of an IoU of at least
     * {@value #SAME_IOU} and a score within {@value #SAME_SCORE}, each used once.
     */
    public int matched(Instances found) {
        List<Instance> left = new ArrayList<>(found.items());
        int matched = 0;
        for (int i = 0; i < detections(); i++) {
            Instance best = null;
            for (Instance candidate : left) {
                if (candidate.category() == labels.getLong(i) && boxIou(candidate, i) >= SAME_IOU
                        && Math.abs(candidate.score() - scores.getDouble(i)) <= SAME_SCORE
                        && (best == null || boxIou(candidate, i) > boxIou(best, i))) {
                    best = candidate;
                }
            }
            if (best != null && maskIou(best, i) >= SAME_IOU) {
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

    @Override
    public void close() {
        inputs.close();
    }
}
