package dev.kerf.model.onnx;

import dev.kerf.error.BadInputException;
import dev.kerf.graph.BoxOp;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.PointwiseOp.Arithmetic;
import dev.kerf.graph.PointwiseOp.Cast;
import dev.kerf.graph.PointwiseOp.Function;
import dev.kerf.graph.ReduceOp;
import dev.kerf.graph.SelectOp;
import dev.kerf.model.plan.FiniteCheck;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.Shape;
import java.util.List;

/**
 * What is recorded after a network whose masks are mixed of prototypes (Bolya et al. 2019, YOLACT; YOLO's {@code -seg} models): of
 * its rows those that are sure enough and not suppressed by surer ones of their class, and the mask of each, sigmoid(coefficients ·
 * prototypes).
 */
final class OnnxRows {
    /** float32 (1, D, 4): left, top, right and bottom edge in pixels of what the network sees, the surest first. */
    static final String BOXES = "kerf.boxes";
    /** float32 (1, D). */
    static final String SCORES = "kerf.scores";
    /** int32 (1, D), from 0. */
    static final String CLASSES = "kerf.classes";
    /** int32 (1): how many rows of the others are valid. */
    static final String COUNT = "kerf.count";
    /** float32 (D, h, w), 0 … 1, of the prototypes' extents. */
    static final String MASKS = "kerf.masks";

    /** How a row says what it found. */
    enum Form {
        /** Centre, width, height, a score for each class, coefficients: YOLOv8 and later. */
        CLASSES(4),
        /** The same with how sure it is of anything before the classes' scores: YOLOv5, YOLOv7. */
        OBJECTNESS(5),
        /** Corners, score, class, coefficients: chosen already within the network, as exports with NMS and YOLO26 have it. */
        CHOSEN(6);

        private final int head;

        Form(int head) {
            this.head = head;
        }
    }

    /**
     * How rows lie.
     *
     * @param form   what is in one
     * @param across whether a row is a column: (1, numbers, rows)
     */
    record Layout(Form form, boolean across) {
        /**
         * The layout of a network's first output.
         *
         * @param rows    its extents
         * @param masks   how many coefficients a row has: as many as there are prototypes
         * @param names   how many classes the model names; 0 if it names none
         * @param chosen  whether the model says that it suppresses by itself
         * @throws BadInputException if it is none of these
         */
        static Layout of(Shape rows, int masks, int names, boolean chosen) {
            boolean plain = rows.rank() == 3 && rows.dim(0) == 1;
            long down = plain ? rows.dim(1) : 0;
            long along = plain ? rows.dim(2) : 0;
            if (plain && !chosen && names > 0) {
                for (boolean across : new boolean[] {true, false}) {
                    for (Form form : new Form[] {Form.CLASSES, Form.OBJECTNESS}) {
                        if ((across ? down : along) == form.head + names + masks) {
                            return new Layout(form, across);
                        }
                    }
                }
            }
            if (plain && along == 6 + masks) {
                return new Layout(Form.CHOSEN, false);
            }
            if (plain && names == 0 && down > 4 + masks && down < along) {
                return new Layout(Form.CLASSES, true);
            }
            if (plain && names == 0 && along > 5 + masks && along < down) {
                return new Layout(Form.OBJECTNESS, false);
            }
            throw new BadInputException("the network gives " + rows + " beside " + masks + " prototypes"
                    + (names > 0 ? " and names " + names + " classes" : "") + "; expected rows (1, 4 + classes + " + masks
                    + ", N), (1, N, 5 + classes + " + masks + ") or (1, N, 6 + " + masks + ")");
        }
    }

    private final GraphBuilder g;
    private final OnnxOptions options;

    OnnxRows(GraphBuilder g, OnnxOptions options) {
        this.g = g;
        this.options = options;
    }

    /**
     * Records the outputs.
     *
     * @param y          the network's rows
     * @param prototypes (1, masks, h, w)
     * @return how many classes there are; 0 where that isn't known
     */
    int record(Value y, Layout layout, Value prototypes) {
        Shape s = y.type().shape();
        Value rows = layout.across
                ? g.reshape(g.permute(y, 0, 2, 1), s.dim(2), s.dim(1))
                : g.reshape(y, s.dim(1), s.dim(2)); // (N, numbers)
        int n = rows.type().shape().size(0);
        int numbers = rows.type().shape().size(1);
        int masks = prototypes.type().shape().size(1);
        int head = layout.form.head;
        boolean chosen = layout.form == Form.CHOSEN;
        Value corners = chosen ? g.slice(rows, 1, 0, 4) : corners(rows); // (N, 4)
        Value scores = chosen ? g.reshape(g.slice(rows, 1, 4, 5), n) : null; // (N)
        Value kinds = chosen ? g.apply(new Cast(DType.I32), g.reshape(g.slice(rows, 1, 5, 6), n)) : null;
        if (!chosen) {
            Value each = g.slice(rows, 1, head, numbers - masks); // (N, classes)
            kinds = g.apply(new ReduceOp.ArgMax(1, DType.I32), each);
            scores = g.apply(new ReduceOp.Reduce(ReduceOp.Reduction.MAX, List.of(1), false), each);
            scores = layout.form == Form.OBJECTNESS ? g.multiply(scores, g.reshape(g.slice(rows, 1, 4, 5), n)) : scores;
        }
        FiniteCheck check = new FiniteCheck(g);
        check.add(g.reshape(scores, 1, n, 1));
        check.add(prototypes);
        check.record();
        Value order = g.add(new SelectOp.Rank(options.score(), n), g.reshape(scores, 1, n)).getFirst(); // (1, N), counted
        // An IoU is never above 2: nothing is suppressed then, but there may be too many.
        List<Value> kept = g.add(new BoxOp.Nms(chosen ? 2 : options.overlap(), 0, options.most()),
                g.apply(new MoveOp.Gather(), corners, order), g.apply(new MoveOp.Gather(), kinds, order));
        Value which = g.apply(new MoveOp.Gather(), g.reshape(order, n), kept.getFirst()); // (1, D), counted
        g.output(BOXES, g.apply(new MoveOp.Gather(), corners, which));
        g.output(SCORES, g.apply(new MoveOp.Gather(), scores, which));
        g.output(CLASSES, g.apply(new MoveOp.Gather(), kinds, which));
        g.output(COUNT, kept.getLast());
        g.output(MASKS, masks(g.slice(rows, 1, numbers - masks, numbers), which, kept.getLast(), prototypes));
        return chosen ? 0 : numbers - masks - head;
    }

    private Value corners(Value rows) {
        Value centre = g.slice(rows, 1, 0, 2);
        Value half = g.multiply(g.slice(rows, 1, 2, 4), g.constant(0.5f));
        return g.concat(1, g.binary(Arithmetic.SUBTRACT, centre, half), g.add(centre, half));
    }

    private Value masks(Value coefficients, Value which, Value count, Value prototypes) {
        Shape p = prototypes.type().shape();
        Value own = g.apply(new MoveOp.Gather(), coefficients, which); // (1, D, masks)
        Value x = g.counted(own, g.reshape(count), options.most(), p.dim(1));
        Value logits = g.matMul(x, g.reshape(prototypes, p.dim(1), p.dim(2) * p.dim(3))); // (D, h · w)
        Value shares = g.unary(Function.SIGMOID, logits);
        return g.counted(shares, g.reshape(count), options.most(), p.dim(2), p.dim(3));
    }
}
