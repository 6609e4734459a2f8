package dev.kerf.model.maskrcnn;

import dev.kerf.graph.BoxOp;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.PointwiseOp;
import dev.kerf.graph.SelectOp;
import dev.kerf.model.maskrcnn.RcnnRequest.Size;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/**
 * What stands behind the proposals: class scores and finer boxes for each, the best of each class, and a mask for each of
 * these (He et al. 2017, figure 4 right; torchvision's {@code RoIHeads}, Detectron2's {@code StandardROIHeads}).
 */
final class Heads {
    private static final int BOX_CELLS = 7;
    private static final int MASK_CELLS = 14;

    private final RcnnLayers layers;
    private final GraphBuilder g;
    private final RcnnConfig config;
    private final List<Value> maps;

    /**
     * What is found in B images, D at most in each.
     *
     * @param boxes  (B, D, 4) in pixels of the resized image, counted
     * @param scores (B, D), descending
     * @param labels int32 (B, D), columns of the class scores
     * @param count  int32 (B)
     */
    record Detections(Value boxes, Value scores, Value labels, Value count) {}

    /**
     * Class scores and box deltas.
     *
     * @param logits (B, R, classes), counted
     * @param deltas (B, R, 4 · box classes), counted
     */
    record Scores(Value logits, Value deltas) {}

    /** @param maps of all levels; the last one isn't pooled from */
    Heads(RcnnLayers layers, List<Value> maps) {
        this.layers = layers;
        this.g = layers.graph();
        this.config = layers.config();
        this.maps = maps.subList(0, RcnnConfig.POOLED_LEVELS);
    }

    private Value pool(Value boxes, int cells) {
        List<Double> scales = new ArrayList<>();
        List<Value> operands = new ArrayList<>(List.of(boxes));
        for (int level = 0; level < maps.size(); level++) {
            scales.add(1.0 / (4 << level));
            operands.add(maps.get(level));
        }
        return g.apply(new BoxOp.RoiAlign(cells, cells, config.samples(), config.detectron(), scales, config.levels()),
                operands.toArray(Value[]::new)); // (B, R, 256, cells, cells)
    }

    /** Features (B, R, C, cells, cells) as B · R images; of one picture only as many are computed as there are boxes. */
    private Value images(Value x) {
        Shape s = x.type().shape();
        if (s.dim(0) == 1 && x.count() != null) {
            return g.counted(x, g.reshape(x.count()), s.dim(1), s.dim(2), s.dim(3), s.dim(4));
        }
        return g.reshape(x, s.dim(0) * s.dim(1), s.dim(2), s.dim(3), s.dim(4));
    }

    /** Boxes (B, R, 4) to class scores and box deltas. */
    Scores box(Value boxes) {
        Value x = g.stage("box_roi_align", pool(boxes, BOX_CELLS));
        Shape s = x.type().shape();
        long items = s.dim(0);
        long n = s.dim(1);
        if (config.boxConvs() > 0) {
            Value y = images(x);
            for (int i = 0; i < config.boxConvs(); i++) {
                y = g.relu(layers.conv(y, config.names().boxConv(i), 3)); // (B·R, 256, 7, 7)
            }
            long features = y.type().shape().product(1, 4);
            x = boxes.count() == null ? g.reshape(y, items, n, features) : g.counted(y, boxes.count(), items, n, features);
        } else {
            x = g.reshape(x, items, n, s.product(2, 5));
        }
        for (int i = 0; config.names().boxLinear(i) != null; i++) {
            x = g.relu(layers.linear(x, config.names().boxLinear(i))); // (B, R, 1024)
        }
        Scores found = new Scores(g.stage("class_logits", layers.linear(x, config.names().classScores())),
                g.stage("box_regression", layers.linear(x, config.names().boxDeltas())));
        layers.check().add(found.logits());
        layers.check().add(found.deltas());
        return found;
    }

    /** The best boxes of each class: proposals (B, R, 4) moved by the deltas of every class whose probability is high enough. */
    Detections detect(Value proposals, Scores found, Size inside, DetectOptions options) {
        long items = proposals.type().shape().dim(0);
        int n = proposals.type().shape().size(1);
        int columns = config.classes();
        int boxClasses = config.boxClasses();
        Value probabilities = g.softmax(found.logits(), 2); // (B, R, classes)
        Value things = g.binary(PointwiseOp.Arithmetic.MIN, probabilities, background());
        int most = n * perBox(options.score());
        Value candidate = g.add(new SelectOp.Rank(options.score(), most), things).getFirst(); // (B, K): box · columns + class
        Value box = g.binary(PointwiseOp.Arithmetic.DIVIDE, candidate, layers.whole(columns));
        Value label = g.binary(PointwiseOp.Arithmetic.SUBTRACT, candidate,
                g.multiply(box, layers.whole(columns))); // (B, K)
        Value delta = columns == boxClasses ? candidate : g.binary(PointwiseOp.Arithmetic.SUBTRACT, candidate, box);
        Value boxes = g.apply(
                new BoxOp.DecodeBoxes(10, 10, 5, 5, Proposals.MOST_GROWTH, inside.height(), inside.width(), true),
                g.reshape(proposals, items * n, 4), g.reshape(found.deltas(), items * n * boxClasses, 4),
                layers.across(box, n), layers.across(delta, (long) n * boxClasses)); // (B, K, 4)
        List<Value> kept = g.add(
                new BoxOp.Nms(options.overlap(), config.leastDetection(), options.most()), boxes, label); // (B, D)
        Value allBoxes = g.reshape(boxes, items * most, 4);
        Value allLabels = g.reshape(label, items * most);
        Value which = rows(g.reshape(candidate, items * most), kept.getFirst(), most);
        return new Detections(rows(allBoxes, kept.getFirst(), most),
                rows(g.reshape(probabilities, items * n * columns), which, (long) n * columns),
                rows(allLabels, kept.getFirst(), most), kept.getLast());
    }

    private Value rows(Value x, Value index, long perItem) {
        return g.apply(new MoveOp.Gather(), x, layers.across(index, perItem));
    }

    /** −∞ for background, which is no thing, +∞ for all other classes. */
    private Value background() {
        HostTensor t = HostTensor.zeros(DType.F32, Shape.of(config.classes()));
        for (int i = 0; i < config.classes(); i++) {
            t.setDouble(i, i == config.background() ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY);
        }
        return g.constant(t);
    }

    /** How many classes of one box can have a probability above the least: they add up to 1, but for their rounding. */
    private int perBox(float least) {
        int things = config.classes() - 1;
        return least > 0 ? (int) Math.min(things, Math.ceil(1.0 / least)) : things;
    }

    /** Mask logits of every class for boxes (B, D, 4): (B · D, classes, 28, 28). */
    Value mask(Value boxes) {
        Value x = pool(boxes, MASK_CELLS);
        Value y = images(x);
        for (int i = 0; i < config.maskConvs(); i++) {
            y = g.relu(layers.conv(y, config.names().maskConv(i), 3)); // (B·D, 256, 14, 14)
        }
        y = g.relu(layers.twice(y, config.names().maskUp())); // (B·D, 256, 28, 28)
        return g.stage("mask_logits", layers.biased(y, config.names().maskLogits(), 1));
    }

    /** The probability of each cell of the mask of each detection's own class: (B, D, 28, 28). */
    Value maskProbabilities(Value logits, Detections found) {
        Shape s = logits.type().shape();
        long items = found.labels().type().shape().dim(0);
        int d = found.labels().type().shape().size(1);
        int[] first = new int[d];
        for (int i = 0; i < d; i++) {
            first[i] = i * s.size(1);
        }
        Value own = g.add(found.labels(), layers.ints(Shape.of(d), first));
        Value picked = rows(g.reshape(logits, s.dim(0) * s.dim(1), s.dim(2) * s.dim(3)), own, d * s.dim(1));
        layers.check().add(picked);
        return g.reshape(g.unary(PointwiseOp.Function.SIGMOID, picked), items, d, s.dim(2), s.dim(3));
    }
}
