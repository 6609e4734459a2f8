package dev.kerf.model.maskrcnn;

import dev.kerf.graph.BoxOp;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MatrixOp;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.SelectOp;
import dev.kerf.model.maskrcnn.RcnnRequest.Size;
import dev.kerf.model.nn.Layers;
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

    /** A logit and four deltas. */
    private static final int OF_ANCHOR = 5;

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
        Layers logits = layers.model().at(config.names().objectness());
        Layers deltas = layers.model().at(config.names().anchorDeltas());
        long c = maps.getFirst().type().shape().dim(1);
        long a = logits.outputs();
        Value weight = joined(logits.weight("weight", a, c, 1, 1), deltas.weight("weight", 4 * a, c, 1, 1), c);
        Value bias = g.reshape(joined(logits.weight("bias", a), deltas.weight("bias", 4 * a), 1), a * OF_ANCHOR);
        List<Value> rows = new ArrayList<>();
        List<Value> anchors = new ArrayList<>();
        List<Integer> places = new ArrayList<>(); // anchors of each level
        List<Integer> levels = new ArrayList<>(); // of each box before suppression
        for (int level = 0; level < maps.size(); level++) {
            rows.add(head(maps.get(level), level, weight, bias));
            anchors.add(g.constant(anchors(level, maps.get(level), padded)));
            int n = anchors.getLast().type().shape().size(0);
            places.add(n);
            levels.addAll(Collections.nCopies(Math.min(most, n), level));
        }
        Value all = concat(1, rows); // (B, positions, A · OF_ANCHOR)
        layers.check().add(all);
        Value references = g.stage("anchors", concat(0, anchors)); // (N, 4)
        long items = all.type().shape().dim(0);
        long n = references.type().shape().dim(0);
        Value said = g.reshape(all, items, n, OF_ANCHOR);
        List<Value> best = g.add(new SelectOp.TopK(most, places), g.reshape(g.slice(said, 2, 0, 1), items, n)); // (B, M)
        Value index = best.getLast();
        Value boxes = g.apply(new BoxOp.DecodeBoxes(1, 1, 1, 1, MOST_GROWTH, inside.height(), inside.width(), true),
                references, g.reshape(said, items * n, OF_ANCHOR), index, layers.across(index, n)); // (B, M, 4)
        return suppress(boxes, best.getFirst(), levels.stream().mapToInt(l -> l).toArray(), most);
    }

    /**
     * What the head says of each anchor of a map (B, 256, h, w): its logit and its four deltas, (B, h · w, A · OF_ANCHOR). Both
     * convolutions are one matrix product, which leaves them in the anchors' order.
     */
    private Value head(Value map, int level, Value weight, Value bias) {
        Value t = map;
        for (int i = 0; i < config.proposalConvs(); i++) {
            t = g.relu(layers.biased(t, config.names().proposalConv(i), 3)); // (B, 256, h, w)
        }
        Shape s = t.type().shape();
        Value rows = g.apply(new MatrixOp.MatMul(true, true, 1, Activation.NONE, true, false),
                g.reshape(t, s.dim(0), s.dim(1), s.dim(2) * s.dim(3)), weight, bias); // (B, h · w, A · OF_ANCHOR)
        Value cells = g.reshape(rows, s.dim(0), s.dim(2), s.dim(3), bias.type().shape().dim(0) / OF_ANCHOR, OF_ANCHOR);
        g.stage("rpn_objectness_" + level, planes(g.slice(cells, 4, 0, 1)));
        g.stage("rpn_deltas_" + level, planes(g.slice(cells, 4, 1, OF_ANCHOR)));
        return rows;
    }

    /** What makes logits and what makes deltas, (A, n) and (4 A, n) numbers, in turns for each anchor: (A · OF_ANCHOR, n). */
    private Value joined(Value logits, Value deltas, long n) {
        long a = logits.type().shape().dim(0);
        return g.reshape(g.concat(1, g.reshape(logits, a, 1, n), g.reshape(deltas, a, 4, n)), a * OF_ANCHOR, n);
    }

    /** (B, h, w, A, k) as channels (B, A · k, h, w), as upstream has them. */
    private Value planes(Value x) {
        Shape s = x.type().shape();
        return g.reshape(g.permute(x, 0, 3, 4, 1, 2), s.dim(0), s.dim(3) * s.dim(4), s.dim(1), s.dim(2));
    }

    private HostTensor anchors(int level, Value map, Size padded) {
        int h = map.type().shape().size(2);
        int w = map.type().shape().size(3);
        boolean detectron = config.detectron();
        return Anchors.of(level, !detectron, h, w, detectron ? 4 << level : padded.height() / h,
                detectron ? 4 << level : padded.width() / w);
    }

    private Value suppress(Value boxes, Value scores, int[] levels, int most) {
        long items = boxes.type().shape().dim(0);
        int m = levels.length;
        Value order = g.add(new SelectOp.Rank(Float.NEGATIVE_INFINITY, m), scores).getFirst(); // (B, M), counted
        Value ofBox = layers.ints(Shape.of(m), levels);
        Value sorted = g.apply(new MoveOp.Gather(), g.reshape(boxes, items * m, 4), layers.across(order, m));
        Value groups = g.apply(new MoveOp.Gather(), ofBox, order);
        Value kept = g.add(new BoxOp.Nms(OVERLAP, config.leastProposal(), Math.min(most, m)), sorted, groups).getFirst();
        return g.stage("proposals",
                g.apply(new MoveOp.Gather(), g.reshape(sorted, items * m, 4), layers.across(kept, m))); // (B, most, 4)
    }

    private Value concat(int axis, List<Value> parts) {
        return g.concat(axis, parts.toArray(Value[]::new));
    }
}
