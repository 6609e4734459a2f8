package dev.kerf.model.onnx;

import dev.kerf.error.BadInputException;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.NormOp;
import dev.kerf.graph.PointwiseOp;
import dev.kerf.graph.PointwiseOp.Cast;
import dev.kerf.graph.PointwiseOp.Compare;
import dev.kerf.graph.PointwiseOp.Function;
import dev.kerf.graph.PointwiseOp.Relation;
import dev.kerf.graph.ReduceOp;
import dev.kerf.graph.SpatialOp;
import dev.kerf.graph.SpatialOp.Interpolation;
import dev.kerf.graph.SpatialOp.Sampling;
import dev.kerf.model.onnx.OnnxOptions.Answer;
import dev.kerf.model.plan.FiniteCheck;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.List;

/** What is recorded after a network: its result in the picture's size as labels, and as a matte where it is one. */
final class OnnxAnswers {
    /** Labels U8 or int32 (height, width). */
    static final String LABELS = "kerf.labels";
    /** Shares float32 (height, width), 0 … 1. */
    static final String MATTE = "kerf.matte";

    private final GraphBuilder g;
    private final int height;
    private final int width;

    /** @param height and the width of what is to be made */
    OnnxAnswers(GraphBuilder g, int height, int width) {
        this.g = g;
        this.height = height;
        this.width = width;
    }

    /**
     * Records the outputs.
     *
     * @param y        the network's result: (1, K, h, w), (1, h, w, K) if {@code last}, (1, h, w) or (h, w)
     * @param last     whether channels are last
     * @param answer   what it means
     * @param between  whether the result is known to lie in 0 … 1
     * @return how many classes there are; 0 where only the labels say
     */
    int record(Value y, boolean last, Answer answer, boolean between) {
        Shape s = y.type().shape();
        boolean whole = y.type().dtype() != DType.F32;
        int rank = s.rank();
        if (rank < 2 || rank > 4 || rank > 2 && s.dim(0) != 1) {
            throw new BadInputException("the network gives " + y.type() + ", of which no labels of one picture can be made; "
                    + "--format npy writes it as it is");
        }
        long channels = rank == 4 ? s.dim(last ? 3 : 1) : 1;
        Value x = last && rank == 4 ? g.permute(y, 0, 3, 1, 2) : y;
        Shape t = x.type().shape();
        Value planes = g.reshape(x, 1, channels, t.dim(-2), t.dim(-1));
        if (!whole) {
            FiniteCheck check = new FiniteCheck(g);
            check.add(planes);
            check.record();
        }
        Answer how = answer != Answer.AUTO
                ? answer
                : whole ? Answer.LABELS : channels > 1 ? Answer.CLASSES : Answer.MATTE;
        return switch (how) {
            case LABELS -> labels(planes, channels);
            case MATTE -> matte(planes, channels, between);
            case SIGMOID -> independent(planes, channels, between);
            case INSTANCES -> throw new BadInputException("instances of one output: they take rows and prototypes");
            default -> classes(planes, channels);
        };
    }

    private Value resized(Value x, Interpolation how) {
        return resized(x, how, false);
    }

    private Value resized(Value x, Interpolation how, boolean antialias) {
        Shape s = x.type().shape();
        return s.dim(2) == height && s.dim(3) == width
                ? x
                : g.apply(new SpatialOp.Resize(height, width, how, Sampling.HALF_PIXEL, antialias, 0, 0), x);
    }

    private Value plane(Value x) {
        return g.reshape(x, height, width);
    }

    private int labels(Value x, long channels) {
        if (channels != 1) {
            throw new BadInputException("labels of " + channels + " channels: a pixel has one");
        }
        Value f = x.type().dtype() == DType.F32 ? x : g.apply(new Cast(DType.F32), x);
        g.output(LABELS, g.apply(new Cast(DType.I32), plane(resized(f, Interpolation.NEAREST))));
        return 0;
    }

    private int classes(Value x, long channels) {
        if (channels < 2) {
            throw new BadInputException("classes of one channel: it is a matte, or labels");
        }
        Value logits = resized(x, Interpolation.BILINEAR);
        g.output(LABELS, plane(g.apply(new ReduceOp.ArgMax(1, channels <= 256 ? DType.U8 : DType.I32), logits)));
        return (int) channels;
    }

    /** Label 0 where no class is likelier than not, else the likeliest's number from 1. */
    private int independent(Value x, long channels, boolean between) {
        Value logits = resized(x, Interpolation.BILINEAR);
        Value most = g.apply(new ReduceOp.Reduce(ReduceOp.Reduction.MAX, List.of(1), false), logits);
        Value is = g.apply(new Cast(DType.I32),
                g.apply(new Compare(Relation.GREATER), most, g.constant(between ? 0.5f : 0)));
        Value index = g.add(g.apply(new ReduceOp.ArgMax(1, DType.I32), logits),
                g.constant(HostTensor.of(Shape.of(), new int[] {1})));
        g.output(LABELS, plane(g.multiply(index, is)));
        return (int) channels + 1;
    }

    private int matte(Value x, long channels, boolean between) {
        if (channels > 2) {
            throw new BadInputException("a matte of " + channels + " channels: it has one, or two of which the second counts");
        }
        Value one = channels == 2 ? g.slice(between ? x : g.apply(new NormOp.Softmax(1), x), 1, 1, 2) : x;
        Value shares = between || channels == 2 ? one : g.unary(Function.SIGMOID, one);
        Value matte = plane(g.apply(new PointwiseOp.Clamp(0, 1), resized(shares, Interpolation.BILINEAR, true)));
        g.output(MATTE, matte);
        g.output(LABELS, g.apply(new Compare(Relation.GREATER), matte, g.constant(0.5f)));
        return 2;
    }

    /** Whether a value is made by a sigmoid or softmax, or by what only moves or mixes what one made. */
    static boolean between(GraphBuilder g, Value y) {
        Node n = g.producer(y);
        return switch (n.op()) {
            case PointwiseOp.Unary u -> u.function() == Function.SIGMOID;
            case PointwiseOp.Clamp c -> c.low() >= 0 && c.high() <= 1;
            case NormOp.Softmax _ -> true;
            case SpatialOp.Resize r -> r.interpolation() != Interpolation.BICUBIC && between(g, n.input(0));
            case MoveOp.Reshape _,MoveOp.Permute _,MoveOp.Slice _,MoveOp.Expand _ -> between(g, n.input(0));
            default -> false;
        };
    }
}
