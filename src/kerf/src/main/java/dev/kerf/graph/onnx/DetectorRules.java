package dev.kerf.graph.onnx;

import dev.kerf.graph.BoxOp;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.PointwiseOp.Arithmetic;
import dev.kerf.graph.PointwiseOp.Cast;
import dev.kerf.graph.PointwiseOp.Compare;
import dev.kerf.graph.PointwiseOp.Relation;
import dev.kerf.graph.SelectOp;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Boxes, and what is found: rows of a capacity and how many of them are valid. */
final class DetectorRules {
    /** Most elements that NonZero looks at. */
    private static final long MOST = 1 << 24;

    private DetectorRules() {}

    static Map<String, Rule> rules() {
        return Map.of("NonMaxSuppression", DetectorRules::suppress, "NonZero", DetectorRules::nonZero, "RoiAlign",
                DetectorRules::roiAlign);
    }

    private static Value whole(Imported n, Shape s, int... values) {
        return n.g.constant(HostTensor.of(s, values));
    }

    private static double number(Imported n, int i, double otherwise) {
        return n.has(i) ? n.known(i, "thresholds and numbers of boxes").getDouble(0) : otherwise;
    }

    /** Corners in ascending order of boxes given by any two opposite ones, or by centre and size. */
    private static Value corners(Imported n, Value boxes) {
        GraphBuilder g = n.g;
        Value a = g.slice(boxes, 2, 0, 2);
        Value b = g.slice(boxes, 2, 2, 4);
        if (n.flag("center_point_box", false)) {
            Value half = g.multiply(b, g.constant(0.5f));
            return g.concat(2, g.binary(Arithmetic.SUBTRACT, a, half), g.add(a, half));
        }
        return g.concat(2, g.binary(Arithmetic.MIN, a, b), g.binary(Arithmetic.MAX, a, b));
    }

    /** Rows (batch, class, box) of each class of each batch by falling score: (capacity, 3) with a count. */
    private static void suppress(Imported n) {
        GraphBuilder g = n.g;
        Shape s = n.shape(1);
        int batches = s.size(0);
        int classes = s.size(1);
        int count = s.size(2);
        int items = batches * classes;
        int most = (int) Math.min(number(n, 2, 0), count);
        if (most < 1 || items < 1) {
            throw n.refuse("keeps no box");
        }
        var rank = new SelectOp.Rank((float) number(n, 4, Double.NEGATIVE_INFINITY), count);
        Value order = g.add(rank, g.reshape(n.f32(1), items, count)).getFirst(); // (items, count), counted
        int[] starts = new int[items];
        int[] batchStarts = new int[items];
        for (int i = 0; i < items; i++) {
            starts[i] = i * count;
            batchStarts[i] = i / classes * count;
        }
        Value rows = g.add(order, whole(n, Shape.of(items, 1), batchStarts));
        Value boxes = g.apply(new MoveOp.Gather(), g.reshape(corners(n, n.f32(0)), (long) batches * count, 4), rows);
        List<Value> kept = g.add(new BoxOp.Nms((float) number(n, 3, 0), 0, most), boxes,
                whole(n, Shape.of(count), new int[count])); // positions (items, most), counted, and the count (items)
        Value places = g.add(kept.getFirst(), whole(n, Shape.of(items, 1), starts));
        Value box = g.apply(new MoveOp.Gather(), g.reshape(order, (long) items * count), places);
        int capacity = items * most;
        int[] running = new int[most];
        int[] batch = new int[capacity];
        int[] kind = new int[capacity];
        for (int i = 0; i < capacity; i++) {
            running[i % most] = i % most;
            batch[i] = i / most / classes;
            kind[i] = i / most % classes;
        }
        Value valid = n.add(new Compare(Relation.LESS), whole(n, Shape.of(1, most), running),
                g.reshape(kept.get(1), items, 1));
        Value found = g.add(new SelectOp.Compact(0.5f, capacity),
                g.reshape(n.add(new Cast(DType.F32), valid), capacity)).getFirst();
        Value all = g.concat(1, whole(n, Shape.of(capacity, 1), batch), whole(n, Shape.of(capacity, 1), kind),
                g.reshape(box, capacity, 1));
        n.out(g.apply(new MoveOp.Gather(), all, found));
    }

    /** Indices of what isn't 0: (axes, capacity), whose count rows (capacity, axes) have. */
    private static void nonZero(Imported n) {
        GraphBuilder g = n.g;
        Shape s = n.shape(0);
        HostTensor known = n.in(0).known();
        if (n.onHost() && known != null) {
            n.out(onHost(known));
            return;
        }
        if (s.elements() > MOST || s.elements() < 1) {
            throw n.refuse("looks at " + s.elements() + " elements, 1 to " + MOST + " are supported");
        }
        boolean floating = n.in(0).floating();
        DType type = floating ? DType.F32 : n.in(0).truth() ? DType.U8 : DType.I32;
        Value zero = g.constant(HostTensor.zeros(type, Shape.of()));
        Value is = n.add(new Compare(Relation.NOT_EQUAL), n.in(0).as(type, g), zero);
        Value flat = g.reshape(n.add(new Cast(DType.F32), is), s.elements());
        List<Value> found = g.add(new SelectOp.Compact(0.5f, (int) s.elements()), flat);
        Value index = found.getFirst();
        List<Value> axes = new ArrayList<>();
        long[] strides = s.strides();
        for (int a = 0; a < s.rank(); a++) {
            Value v = g.binary(Arithmetic.DIVIDE, index, GatherRules.whole(n, strides[a]));
            Value turns = g.binary(Arithmetic.DIVIDE, v, GatherRules.whole(n, s.dim(a)));
            v = g.binary(Arithmetic.SUBTRACT, v, g.multiply(turns, GatherRules.whole(n, s.dim(a))));
            axes.add(g.reshape(v, s.elements(), 1));
        }
        Value rows = Moves.concat(g, 1, axes.stream().map(Operand::of).toList()).value(g);
        Value turned = g.permute(rows, 1, 0);
        n.before.turned(turned, rows);
        if (s.rank() == 1) {
            n.whole(Operand.of(turned)); // rows past the operand's count aren't looked at
        } else {
            n.out(turned);
        }
    }

    private static HostTensor onHost(HostTensor x) {
        int rank = x.shape().rank();
        long[] strides = x.shape().strides();
        List<Long> found = new ArrayList<>();
        for (long i = 0; i < x.elements(); i++) {
            if (x.getDouble(i) != 0) {
                found.add(i);
            }
        }
        HostTensor out = HostTensor.zeros(DType.I64, Shape.of(rank, found.size()));
        for (int a = 0; a < rank; a++) {
            for (int i = 0; i < found.size(); i++) {
                Host.set(out, (long) a * found.size() + i, found.get(i) / strides[a] % x.shape().dim(a));
            }
        }
        return out;
    }

    /** Each box on every image of the batch, of which its own is taken. */
    private static void roiAlign(Imported n) {
        if (!n.text("mode", "avg").equals("avg")) {
            throw n.refuse("takes the largest sample; the mean is supported");
        }
        GraphBuilder g = n.g;
        Shape x = n.shape(0);
        long boxes = n.shape(1).dim(0);
        int rows = (int) n.integer("output_height", 1);
        int columns = (int) n.integer("output_width", 1);
        boolean half = n.text("coordinate_transformation_mode", "half_pixel").equals("half_pixel");
        boolean aligned = n.opset >= 16 && half;
        // Scales of a graph's op are those of pyramids: the box is scaled before.
        Value scaled = g.multiply(n.f32(1), g.constant(n.real("spatial_scale", 1)));
        var op = new BoxOp.RoiAlign(rows, columns, (int) n.integer("sampling_ratio", 0), aligned, List.of(1.0),
                new BoxOp.LevelRule(224, 0, 0, 0));
        Value each = g.reshape(scaled, 1, boxes, 4);
        Value wide = x.dim(0) == 1 ? each : g.apply(new MoveOp.Expand(Shape.of(x.dim(0), boxes, 4)), each);
        Value y = g.apply(op, wide, n.f32(0)); // (N, R, C, rows, columns)
        if (x.dim(0) == 1) {
            n.out(g.reshape(y, boxes, x.dim(1), rows, columns));
            return;
        }
        int[] running = new int[Math.toIntExact(boxes)];
        for (int i = 0; i < running.length; i++) {
            running[i] = i;
        }
        Value at = g.add(g.multiply(n.in(2).as(DType.I32, g), GatherRules.whole(n, boxes)), whole(n, Shape.of(boxes), running));
        n.out(g.apply(new MoveOp.Gather(), g.reshape(y, x.dim(0) * boxes, x.dim(1), rows, columns), at));
    }
}
