package dev.kerf.model.maskrcnn;

import dev.kerf.graph.BoxOp;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.SelectOp;
import dev.kerf.model.maskrcnn.RcnnRequest.Size;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * The region proposal network (Ren et al. 2015) over a pyramid: of each level the best anchors, moved and sized as the head
 * says, and of all levels together the best boxes that don't overlap better ones of their level.
 *
 * <p>Boxes are ordered by logit. Upstream orders by its sigmoid, which float32 cannot tell apart near 1; the order is the same
 * where it can.
 */
final class Proposals {
    private static final float OVERLAP = 0.7f;

    private final RcnnLayers layers;
    private final GraphBuilder g;
    private final RcnnConfig config;

    Proposals(RcnnLayers layers) {
        this.layers = layers;
        this.g = layers.graph();
        this.config = layers.config();
    }

    /** The largest logarithm by which a side grows: torchvision's and Detectron2's. */
    static final float MOST_GROWTH = (float) Math.log(1000.0 / 16);

    /**
     * Maps (B, 256, h, w) of all levels to boxes (B, most, 4), counted.
     *
     * @param padded the size that the network sees
     * @param inside the part of it that is the image
     * @param most   boxes in the end, and of each level before suppression
     */
    Value forward(List<Value> maps, Size padded, Size inside, int most) {
        List<Value> scores = new ArrayList<>();
        List<Value> references = new ArrayList<>();
        List<Value> deltas = new ArrayList<>();
        List<Value> anchors = new ArrayList<>();
        List<Integer> levels = new ArrayList<>();
        for (int level = 0; level < maps.size(); level++) {
            Value map = maps.get(level);
            Value t = map;
            for (int i = 0; i < config.proposalConvs(); i++) {
                t = g.relu(layers.biased(t, config.names().proposalConv(i), 3)); // (B, 256, h, w)
            }
            Value objectness = g.stage("rpn_objectness_" + level, layers.biased(t, config.names().objectness(), 1));
            Value moves = g.stage("rpn_deltas_" + level, layers.biased(t, config.names().anchorDeltas(), 1));
            layers.check().add(objectness);
            layers.check().add(moves);
            Value all = g.constant(anchors(level, map, padded)); // (h·w·A, 4)
            long n = all.type().shape().dim(0);
            long items = map.type().shape().dim(0);
            Value flat = g.reshape(g.permute(objectness, 0, 2, 3, 1), items, n);
            List<Value> best = g.add(new SelectOp.TopK((int) Math.min(most, n)), flat); // (B, k)
            scores.add(best.get(0));
            references.add(g.apply(new MoveOp.Gather(), all, best.get(1))); // (B, k, 4)
            deltas.add(pick(moves, best.get(1), n));
            anchors.add(all);
            levels.addAll(Collections.nCopies((int) Math.min(most, n), level));
        }
        g.stage("anchors", concat(0, anchors));
        Value boxes = g.apply(new BoxOp.DecodeBoxes(1, 1, 1, 1, MOST_GROWTH, inside.height(), inside.width()),
                concat(1, references), concat(1, deltas)); // (B, M, 4)
        return suppress(boxes, concat(1, scores), levels.stream().mapToInt(l -> l).toArray(), most);
    }

    private HostTensor anchors(int level, Value map, Size padded) {
        int h = map.type().shape().size(2);
        int w = map.type().shape().size(3);
        boolean detectron = config.detectron();
        return Anchors.of(level, !detectron, h, w, detectron ? 4 << level : padded.height() / h,
                detectron ? 4 << level : padded.width() / w);
    }

    /** Deltas (B, 4 A, h, w) of the anchors (B, k): (B, k, 4). */
    private Value pick(Value moves, Value index, long n) {
        Shape s = moves.type().shape();
        Value byAnchor = g.permute(g.reshape(moves, s.dim(0), s.dim(1) / 4, 4, s.dim(2), s.dim(3)), 0, 3, 4, 1, 2);
        return g.apply(new MoveOp.Gather(), g.reshape(byAnchor, s.dim(0) * n, 4), layers.across(index, n));
    }

    private Value suppress(Value boxes, Value scores, int[] levels, int most) {
        long items = boxes.type().shape().dim(0);
        int m = levels.length;
        Value order = g.add(new SelectOp.Rank(Float.NEGATIVE_INFINITY, m), scores).getFirst(); // (B, M), counted
        Value sorted = g.apply(new MoveOp.Gather(), g.reshape(boxes, items * m, 4), layers.across(order, m));
        Value groups = g.apply(new MoveOp.Gather(), layers.ints(Shape.of(m), levels), order);
        Value kept = g.add(new BoxOp.Nms(OVERLAP, config.leastProposal(), Math.min(most, m)), sorted, groups).getFirst();
        return g.stage("proposals",
                g.apply(new MoveOp.Gather(), g.reshape(sorted, items * m, 4), layers.across(kept, m))); // (B, most, 4)
    }

    private Value concat(int axis, List<Value> parts) {
        return g.concat(axis, parts.toArray(Value[]::new));
    }
}
