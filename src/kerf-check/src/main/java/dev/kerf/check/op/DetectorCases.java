package dev.kerf.check.op;

import dev.kerf.graph.BoxOp;
import dev.kerf.graph.BoxOp.LevelRule;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.PointwiseOp;
import dev.kerf.graph.SelectOp;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.Shape;
import java.util.List;

/** What detectors do with scores and boxes, over what networks may come up with. Coordinates are float32 alone. */
final class DetectorCases {
    private static final float NAN = Float.NaN;
    private static final float INF = Float.POSITIVE_INFINITY;

    private DetectorCases() {}

    private static void outs(OpCase c, List<Value> values) {
        values.forEach(c::out);
    }

    static void selections(List<OpCase> cases) {
        cases.add(new OpCase("top_k of equals, NaN and infinity", 1, c -> {
            float[] odd = {3, NAN, 3, -0f, 0, INF, -INF, 3, NAN, -INF, 1, 0};
            Value x = c.given(Shape.of(1, odd.length), null, odd);
            for (int k : new int[] {1, 2, 5, 9, odd.length}) {
                outs(c, c.graph().add(new SelectOp.TopK(k), x));
            }
        }));
        cases.add(new OpCase("top_k of many", 1, c -> {
            Value few = c.apply(new PointwiseOp.Cast(DType.F32), c.whole(DType.I32, 40, 3, 5003));
            outs(c, c.graph().add(new SelectOp.TopK(1000), few));
            outs(c, c.graph().add(new SelectOp.TopK(5003), few));
            outs(c, c.graph().add(new SelectOp.TopK(700), c.x(2, 4097)));
            outs(c, c.graph().add(new SelectOp.TopK(1), c.x(1, 1)));
        }));
        cases.add(new OpCase("top_k of each part", 1, c -> {
            Value few = c.apply(new PointwiseOp.Cast(DType.F32), c.whole(DType.I32, 40, 3, 5003));
            outs(c, c.graph().add(new SelectOp.TopK(100, List.of(3, 4900, 100)), few));
            outs(c, c.graph().add(new SelectOp.TopK(7, List.of(1, 6, 8, 7)), c.x(2, 22)));
            outs(c, c.graph().add(new SelectOp.TopK(9, List.of(9)), c.x(1, 9)));
        }));
        cases.add(new OpCase("rank of equals, NaN and infinity", 1, c -> {
            Value x = c.given(Shape.of(2, 3, 2), c.ints(Shape.of(2), 3, 2), NAN, 1, 1, 2, -0f, 0, 5, INF, -INF, NAN, 5, 5);
            for (float threshold : new float[] {0, -INF, INF}) {
                outs(c, c.graph().add(new SelectOp.Rank(threshold, 6), x));
            }
            outs(c, c.graph().add(new SelectOp.Rank(-1, 777), c.given(Shape.of(1, 777), null, new float[777])));
        }));
        cases.add(new OpCase("rank of what is counted", 1, c -> {
            outs(c, c.graph().add(new SelectOp.Rank(0, 6), c.counted(c.ints(Shape.of(2), 0, 0), 2, 3)));
            outs(c, c.graph().add(new SelectOp.Rank(0.3f, 900), c.counted(c.ints(Shape.of(2), 300, 0), 2, 301, 7)));
        }));
    }

    static void boxes(List<OpCase> cases) {
        cases.add(new OpCase("decode_boxes", 64, c -> {
            var op = new BoxOp.DecodeBoxes(10, 10, 5, 5, (float) Math.log(1000 / 16.0), 90, 120);
            Value count = c.ints(Shape.of(2), 17, 0);
            Value deltas = c.graph().multiply(c.counted(count, 2, 33, 4), c.graph().constant(5f));
            c.out(c.apply(op, c.boxes(100, count, 2, 33), deltas));
            c.out(c.apply(op, c.given(Shape.of(5, 4), null, 0, 0, 0, 0, 10, 10, 20, 20, NAN, 0, 1, 1, 5, 5, 6, 7, 1, 1, 2, 2),
                    c.given(Shape.of(5, 4), null, 1, 1, 9e9f, 9e9f, 0, 0, NAN, 0, 0, 0, 0, 0, 0, 0, 1e9f, -1e9f, -1e9f, 1e9f,
                            0, 0)));
            var picked = new BoxOp.DecodeBoxes(10, 10, 5, 5, (float) Math.log(1000 / 16.0), 90, 120, true);
            Value rows = c.ints(Shape.of(2, 3), 4, 0, 4, 2, 1, 3);
            c.out(c.apply(picked, c.graph().reshape(c.boxes(100, null, 1, 5), 5, 4), c.x(7, 6), rows,
                    c.ints(Shape.of(2, 3), 6, 0, 1, 1, 2, 5)));
            Value few = c.given(Shape.of(2, 3), c.ints(Shape.of(2), 3, 1), 0, 0, 0, 0, 0, 0);
            Value counted = c.apply(new PointwiseOp.Cast(DType.I32), few);
            c.out(c.apply(picked, c.graph().reshape(c.boxes(100, null, 1, 5), 5, 4), c.x(7, 4), counted, counted));
        }));
        for (float threshold : new float[] {0, 0.25f, 0.5f, 1}) {
            cases.add(new OpCase("nms above " + threshold, 1, c -> {
                Value boxes = c.boxes(40, null, 2, 517);
                outs(c, c.graph().add(new BoxOp.Nms(threshold, 1e-3f, 517), boxes, c.whole(DType.I32, 2, 517)));
                Value own = c.whole(DType.I32, 1, 2, 517);
                outs(c, c.graph().add(new BoxOp.Nms(threshold, -INF, 100),
                        c.boxes(40, c.ints(Shape.of(2), 517, 129), 2, 517), own));
                outs(c, c.graph().add(new BoxOp.Nms(threshold, 2, 1),
                        c.boxes(40, c.ints(Shape.of(2), 0, 1), 2, 517), own));
            }));
        }
        cases.add(new OpCase("nms of odd boxes", 1, c -> {
            float[] same = new float[4 * 200];
            for (int i = 2; i < same.length; i += 4) {
                same[i] = 8;
                same[i + 1] = 8;
            }
            outs(c, c.graph().add(new BoxOp.Nms(0.5f, 1, 200), c.given(Shape.of(1, 200, 4), null, same),
                    c.whole(DType.I32, 0, 200)));
            outs(c, c.graph().add(new BoxOp.Nms(0.5f, 0, 8), c.given(Shape.of(1, 8, 4), null, 0, 0, 8, 8, 0, 0, 8, 4, 0, 0, 8,
                    5, NAN, 0, 8, 8, 3, 3, 3, 3, 3, 3, 3, 3, 9, 9, 2, 2, 0, 0, 8, NAN), c.whole(DType.I32, 0, 8)));
        }));
        for (boolean aligned : new boolean[] {false, true}) {
            for (int samples : new int[] {0, 1, 2, 3}) {
                align(cases, samples, aligned);
            }
        }
        for (BoxOp.Paste how : BoxOp.Paste.values()) {
            cases.add(new OpCase("paste_masks " + how, 1, c -> {
                Value boxes = c.boxes(40, c.ints(Shape.of(2), 9, 4), 2, 9, 0, 0, 37, 23, -50, -50, -40, -40, 3, 3, 3, 3, NAN, 0,
                        9, 9, 10.5f, 3.25f, 11.5f, 22.75f, 30, 20, 90, 80);
                c.out(c.apply(new BoxOp.PasteMasks(23, 37, 0.5f, how), c.x(2, 9, 28, 28), boxes));
                c.out(c.apply(new BoxOp.PasteMasks(1, 1, 0.5f, how), c.x(1, 2, 3, 3), c.boxes(2, null, 1, 2)));
            }));
        }
    }

    /** A coordinate's rounding is multiplied by the map's slope: with edges up to 120, the error of 120² roundings. */
    private static void align(List<OpCase> cases, int samples, boolean aligned) {
        cases.add(new OpCase("roi_align of " + samples + (aligned ? " aligned" : ""), 14400, c -> {
            var op = new BoxOp.RoiAlign(7, 5, samples, aligned, List.of(0.5, 0.25, 0.125), new LevelRule(24, 2, 0, 1e-6));
            Value boxes = c.boxes(60, c.ints(Shape.of(2), 40, 11), 2, 40, 0, 0, 24, 24, 0, 0, 12, 12, 5, 5, 5, 5, 9, 9, 3, 3,
                    -200, -200, -100, -100, 0, 0, 60, 60, 500, 500, 600, 600, 0, 0, 60, 0.5f, NAN, 0, 4, 4);
            c.out(c.apply(op, boxes, c.x(2, 3, 30, 29), c.x(2, 3, 15, 14), c.x(2, 3, 8, 7)));
            c.out(c.apply(new BoxOp.RoiAlign(2, 2, samples, aligned, List.of(1.0), new LevelRule(224, 4, 1e-8, 0)),
                    c.boxes(9, c.ints(Shape.of(1), 0), 1, 9), c.x(1, 1, 1, 1)));
        }));
    }
}
