package dev.kerf.model.sam2.network;

import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MatrixOp;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.PointwiseOp.Arithmetic;
import dev.kerf.graph.PointwiseOp.Function;
import dev.kerf.graph.PointwiseOp.Relation;
import dev.kerf.graph.PointwiseOp;
import dev.kerf.graph.SourceOp.WeightExpr;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.model.nn.Layers;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;

/** Points, boxes' corners and masks to embeddings, as upstream's {@code modeling/sam/prompt_encoder.py}. */
public final class PromptEncoder {
    /** A point shown as the thing's. */
    public static final int FOREGROUND = 1;
    /** A point shown as not the thing's. */
    public static final int BACKGROUND = 0;
    /** Upper left corner of a box; the lower right one is the next number. */
    public static final int CORNER = 2;
    /** The point that ends a list without a box. */
    public static final int PADDING = -1;
    /** Room in a list that isn't used: no token attends to it. */
    public static final int ABSENT = -2;

    private final Layers p;
    private final GraphBuilder g;
    private final PromptConfig config;

    PromptEncoder(Layers model, PromptConfig config) {
        this.p = model.at(config.family().promptEncoder());
        this.g = model.g();
        this.config = config;
    }

    /**
     * Embeddings of points.
     *
     * @param points (B, P, 2) float32, column and row in 0 … 1
     * @param labels (B, P) int32, as the constants here say
     * @param rows   of the labels, {@link #rows}
     * @return (B, P, 256)
     */
    Value points(Value points, Value labels, Value rows) {
        Shape s = labels.type().shape();
        Value waves = waves(points); // (B, P, 256)
        Value isPoint = g.apply(new PointwiseOp.Compare(Relation.GREATER_OR_EQUAL), labels, integer(0));
        Value zeroed = g.apply(new PointwiseOp.Where(), g.reshape(isPoint, s.dim(0), s.dim(1), 1), waves,
                g.constant(0f));
        Value none = p.at("not_a_point_embed").weight("weight", 1, Sam2Config.WIDTH);
        Value kinds = g.concat(0, none, none, kind(0), kind(1), kind(2), kind(3)); // (6, 256), from ABSENT on
        return g.add(zeroed, g.apply(new MoveOp.Gather(), kinds, rows));
    }

    /** Rows of labels (B, P) in a table of all that there are, from ABSENT on. */
    Value rows(Value labels) {
        return g.binary(Arithmetic.SUBTRACT, labels, integer(ABSENT));
    }

    private Value kind(int i) {
        return p.at("point_embeddings." + i).weight("weight", 1, Sam2Config.WIDTH);
    }

    private Value integer(int value) {
        return g.constant(HostTensor.of(Shape.of(), new int[] {value}));
    }

    /**
     * Positions (…, 2) in 0 … 1 to sines and cosines of random frequencies (Tancik et al. 2020), (…, 256): of 2π · (2x − 1) · M,
     * the cosine being the sine a quarter turn on. All but x is known when weights are loaded.
     */
    private Value waves(Value positions) {
        int half = Sam2Config.WIDTH / 2;
        Value matrix = p.at("pe_layer").weight("positional_encoding_gaussian_matrix", 2, half);
        Value columns = g.reshape(g.add(g.slice(matrix, 0, 0, 1), g.slice(matrix, 0, 1, 2)), half);
        Value shift = g.multiply(columns, g.constant((float) (-2 * Math.PI)));
        Value turned = g.multiply(matrix, g.constant((float) (4 * Math.PI)));
        var op = new MatrixOp.MatMul(false, false, 1, Activation.NONE, true, false);
        return g.unary(Function.SIN, g.apply(op, positions, g.concat(1, turned, turned),
                g.concat(0, shift, g.add(shift, g.constant((float) (Math.PI / 2))))));
    }

    /** The encoding of every cell of the image embedding, computed when weights are loaded: (1, grid², 256). */
    Value image() {
        var matrix = new WeightExpr.Tensor(
                config.family().promptEncoder() + ".pe_layer.positional_encoding_gaussian_matrix",
                Shape.of(2, Sam2Config.WIDTH / 2));
        Value cells = g.weight(new WeightExpr.FourierGrid(matrix, config.grid(), config.grid())); // (grid², 256)
        return g.reshape(cells, 1, (long) config.grid() * config.grid(), Sam2Config.WIDTH);
    }

    /** Embeddings of mask logits (B, 1, 4 · grid, 4 · grid): (B, 256, grid, grid). */
    Value masks(Value masks) {
        Layers m = p.at("mask_downscaling");
        Window2d halve = Window2d.of().stride(2);
        Value x = m.at("1").layerNorm(m.at("0").conv2d(masks, 4, 2, halve), 1, Sam2Config.EPS);
        x = g.unary(Function.GELU_ERF, x); // (B, 4, 2 · grid, 2 · grid)
        x = m.at("4").layerNorm(m.at("3").conv2d(x, 16, 2, halve), 1, Sam2Config.EPS);
        x = g.unary(Function.GELU_ERF, x); // (B, 16, grid, grid)
        return m.at("6").conv2d(x, Sam2Config.WIDTH, 1, Window2d.of());
    }

    /** What stands for the embedding of a mask where none is given: (1, 256, 1, 1). */
    Value noMask() {
        return g.reshape(p.at("no_mask_embed").weight("weight", 1, Sam2Config.WIDTH), 1, Sam2Config.WIDTH, 1, 1);
    }

    /** What is added to scores of tokens made of points with these rows (B, P): (B, 1, 1, P), −∞ where a point is absent. */
    Value bias(Value rows) {
        Shape s = rows.type().shape();
        HostTensor each = HostTensor.of(Shape.of(6), new float[] {Float.NEGATIVE_INFINITY, 0, 0, 0, 0, 0});
        return g.apply(new MoveOp.Gather(), g.constant(each), g.reshape(rows, s.dim(0), 1, 1, s.dim(1)));
    }
}
