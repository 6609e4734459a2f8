package dev.kerf.graph.onnx;

import dev.kerf.graph.BoxOp;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.SelectOp;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Selection by order and the ops over boxes as ONNX operators. */
final class DetectorLowering {
    private DetectorLowering() {}

    static void topK(OnnxGraph g, Node n, SelectOp.TopK op) {
        List<String> values = new ArrayList<>();
        List<String> indices = new ArrayList<>();
        int first = 0;
        for (int length : op.lengths(n.input(0).type().shape().size(1))) {
            String part = op.parts().isEmpty()
                    ? g.in(n, 0)
                    : g.op("Slice", List.of(g.in(n, 0), g.longs(first), g.longs(first + length), g.longs(1)));
            List<String> best = g.ops("TopK", List.of(part, g.longs(Math.min(op.k(), length))), 2, Attribute.of("axis", 1));
            String index = g.cast(best.get(1), DType.I32);
            values.add(best.get(0));
            indices.add(first == 0 ? index : g.op("Add", index, g.scalar(DType.I32, first)));
            first += length;
        }
        g.bind(n.outputs().get(0), joined(g, values));
        g.bind(n.outputs().get(1), joined(g, indices));
    }

    private static String joined(OnnxGraph g, List<String> parts) {
        return parts.size() == 1 ? parts.getFirst() : g.op("Concat", parts, Attribute.of("axis", 1));
    }

    /**
     * What doesn't pass is −∞ and so comes last. Looking the count up in the numbers up to the capacity fails where it is
     * larger.
     */
    static void rank(OnnxGraph g, Node n, SelectOp.Rank op) {
        Value x = n.input(0);
        Shape s = x.type().shape();
        long items = s.dim(0);
        long item = s.product(1, s.rank());
        String scores = g.reshape(g.valid(x, 1, Double.NEGATIVE_INFINITY), items, item);
        String passes = g.op("Greater", scores, g.scalar(DType.F32, op.threshold()));
        String masked = g.op("Where", List.of(passes, scores, g.scalar(DType.F32, Double.NEGATIVE_INFINITY)));
        long k = Math.min(op.capacity(), item);
        String order = g.cast(g.ops("TopK", List.of(masked, g.longs(k)), 2, Attribute.of("axis", 1)).get(1), DType.I32);
        g.bind(n.outputs().get(0), filled(g, n, order, items, k, op.capacity()));
        String count = g.op("ReduceSum", List.of(g.cast(passes, DType.I32), g.longs(1)), Attribute.of("keepdims", 0));
        int[] allowed = new int[op.capacity() + 1];
        Arrays.setAll(allowed, i -> i);
        String numbers = g.tensor(n.name() + "/counts", HostTensor.of(Shape.of(allowed.length), allowed));
        g.bind(n.outputs().get(1), g.op("Gather", numbers, count));
    }

    private static String filled(OnnxGraph g, Node n, String indices, long items, long k, long capacity) {
        if (k == capacity) {
            return indices;
        }
        String rest = g.tensor(n.name() + "/rest", HostTensor.zeros(DType.I32, Shape.of(items, capacity - k)));
        return g.op("Concat", List.of(indices, rest), Attribute.of("axis", 1));
    }

    static void boxes(OnnxGraph g, Node n, BoxOp op) {
        switch (op) {
            case BoxOp.DecodeBoxes d -> g.bind(n.output(), decode(g, n, d));
            case BoxOp.Nms m -> suppress(g, n, m);
            case BoxOp.RoiAlign r -> g.bind(n.output(), align(g, n, r));
            case BoxOp.PasteMasks p -> throw g.refuse("masks as bits have no form in ONNX; record the graph without them");
        }
    }

    /** Column {@code i} of (…, 4). */
    private static String edge(OnnxGraph g, String boxes, int i) {
        return g.op("Slice", List.of(boxes, g.longs(i), g.longs(i + 1), g.longs(-1)));
    }

    /** The last four columns of the rows that a box picks. */
    private static String rows(OnnxGraph g, Node n, int operand) {
        Value index = n.input(2 + operand);
        String all = g.op("Gather", g.in(n, operand), g.valid(index, Math.max(0, index.countAxis()), 0));
        long columns = n.input(operand).type().shape().dim(1);
        return columns == 4 ? all : g.op("Slice", List.of(all, g.longs(columns - 4), g.longs(columns), g.longs(-1)));
    }

    private static String number(OnnxGraph g, double v) {
        return g.scalar(DType.F32, v);
    }

    private static String decode(OnnxGraph g, Node n, BoxOp.DecodeBoxes op) {
        String[] low = new String[2];
        String[] high = new String[2];
        String boxes = op.picked() ? rows(g, n, 0) : g.in(n, 0);
        String deltas = op.picked() ? rows(g, n, 1) : g.in(n, 1);
        for (int axis = 0; axis < 2; axis++) {
            String from = edge(g, boxes, axis);
            String side = g.op("Sub", edge(g, boxes, axis + 2), from);
            String shift = g.op("Div", edge(g, deltas, axis), number(g, axis == 0 ? op.wx() : op.wy()));
            String growth = g.op("Min", g.op("Div", edge(g, deltas, axis + 2), number(g, axis == 0 ? op.ww() : op.wh())),
                    number(g, op.most()));
            String centre = g.op("Add", g.op("Mul", shift, side), g.op("Add", from, g.op("Mul", number(g, 0.5), side)));
            String half = g.op("Mul", number(g, 0.5), g.op("Mul", g.op("Exp", growth), side));
            String most = number(g, axis == 0 ? op.width() : op.height());
            low[axis] = g.op("Clip", List.of(g.op("Sub", centre, half), number(g, 0), most));
            high[axis] = g.op("Clip", List.of(g.op("Add", centre, half), number(g, 0), most));
        }
        return g.op("Concat", List.of(low[0], low[1], high[0], high[1]), Attribute.of("axis", -1));
    }

    /**
     * ONNX's operator knows scores, of which falling ones give the order that is there already, and no groups: boxes of
     * different groups are moved apart, as torchvision's own form for many boxes does, at the cost of some digits.
     */
    private static void suppress(OnnxGraph g, Node n, BoxOp.Nms op) {
        Value boxes = n.input(0);
        int m = boxes.type().shape().size(1);
        if (boxes.type().shape().dim(0) != 1) {
            throw g.refuse("suppression is written for one image");
        }
        String all = g.in(n, 0);
        String fits = null;
        for (int axis = 0; axis < 2; axis++) {
            String side = g.op("Sub", edge(g, all, axis + 2), edge(g, all, axis));
            String large = g.op("GreaterOrEqual", side, number(g, op.minSide()));
            fits = fits == null ? large : g.op("And", fits, large);
        }
        fits = g.reshape(fits, 1, 1, m);
        if (boxes.count() != null) {
            fits = g.op("And", fits, g.reshape(g.validRows(boxes), 1, 1, m));
        }
        float[] falling = new float[m];
        for (int i = 0; i < m; i++) {
            falling[i] = m - i;
        }
        String order = g.tensor(n.name() + "/order", HostTensor.of(Shape.of(1, 1, m), falling));
        String scores = g.op("Where", List.of(fits, order, number(g, 0)));
        String wide = g.op("ReduceMax", List.of(all, g.longs(0, 1, 2)), Attribute.of("keepdims", 0));
        String apart = g.op("Mul", g.cast(g.in(n, 1), DType.F32), g.op("Add", wide, number(g, 1)));
        String moved = g.op("Add", all, g.reshape(apart, 1, m, 1));
        String chosen = g.op("NonMaxSuppression",
                List.of(moved, scores, g.longs(op.most()), number(g, op.threshold()), number(g, 0)));
        String positions = g.cast(g.reshape(g.op("Slice", List.of(chosen, g.longs(2), g.longs(3), g.longs(1))), -1), DType.I32);
        String length = g.op("Shape", positions);
        String places = g.op("Range", List.of(g.scalar(DType.I64, 0), g.reshape(length), g.scalar(DType.I64, 1)));
        String empty = g.tensor(n.name() + "/empty", HostTensor.zeros(DType.I32, Shape.of(op.most())));
        String kept = g.op("ScatterElements", List.of(empty, places, positions), Attribute.of("axis", 0));
        g.bind(n.outputs().get(0), g.reshape(kept, 1, op.most()));
        g.bind(n.outputs().get(1), g.cast(length, DType.I32));
    }

    /** Every box pooled from every level, then the one of its size taken. */
    private static String align(OnnxGraph g, Node n, BoxOp.RoiAlign op) {
        Shape y = n.output().type().shape();
        long rows = y.dim(0) * y.dim(1);
        String boxes = g.reshape(g.in(n, 0), rows, 4);
        long[] items = new long[(int) rows];
        Arrays.setAll(items, i -> i / y.dim(1));
        String item = g.tensor(n.name() + "/items", HostTensor.of(Shape.of(rows), items));
        String level = op.scales().size() > 1 ? g.reshape(level(g, boxes, op), rows, 1, 1, 1) : null;
        String all = null;
        for (int i = 0; i < op.scales().size(); i++) {
            String one = g.op("RoiAlign", List.of(g.in(n, 1 + i), boxes, item),
                    Attribute.of("coordinate_transformation_mode", op.aligned() ? "half_pixel" : "output_half_pixel"),
                    Attribute.of("mode", "avg"), Attribute.of("output_height", op.rows()),
                    Attribute.of("output_width", op.columns()), Attribute.of("sampling_ratio", op.samples()),
                    Attribute.of("spatial_scale", op.scales().get(i).floatValue()));
            all = all == null ? one : g.op("Where", List.of(g.op("Equal", level, number(g, i)), one, all));
        }
        return g.reshape(all, y.dims());
    }

    private static String level(OnnxGraph g, String boxes, BoxOp.RoiAlign op) {
        BoxOp.LevelRule rule = op.rule();
        String w = g.op("Sub", edge(g, boxes, 2), edge(g, boxes, 0));
        String h = g.op("Sub", edge(g, boxes, 3), edge(g, boxes, 1));
        String ratio = g.op("Add", g.op("Div", g.op("Sqrt", g.op("Mul", w, h)), number(g, rule.side())),
                number(g, rule.inner()));
        String log = g.op("Mul", g.op("Log", ratio), number(g, 1 / Math.log(2)));
        String level = g.op("Floor", g.op("Add", log, number(g, rule.level() + rule.outer())));
        return g.op("Clip", List.of(g.op("Sub", level, number(g, op.firstLevel())), number(g, 0),
                number(g, op.scales().size() - 1)));
    }
}
