package dev.kerf.model.maskrcnn;

import dev.kerf.graph.BoxOp;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.PointwiseOp;
import dev.kerf.graph.SpatialOp.Interpolation;
import dev.kerf.graph.TensorType;
import dev.kerf.model.maskrcnn.RcnnRequest.Size;
import dev.kerf.model.nn.Layers;
import dev.kerf.model.nn.PictureInput;
import dev.kerf.model.plan.FiniteCheck;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.util.List;

/** Records a Mask R-CNN from pixels to pasted masks: one graph, in which nothing has to go back to the host in between. */
final class RcnnGraph {
    private final RcnnConfig config;
    private final RcnnRequest request;
    private final GraphBuilder g = new GraphBuilder();
    private final RcnnLayers layers;
    private final Size inside;
    private final Size padded;

    private RcnnGraph(RcnnConfig config, Weights weights, RcnnRequest request) {
        this.config = config;
        this.request = request;
        this.layers = new RcnnLayers(Layers.of(g, weights), config, new FiniteCheck(g));
        this.inside = request.resized(config.detectron());
        this.padded = inside.padded(RcnnConfig.STRIDE);
    }

    /**
     * From input {@code image} (B, H, W, C) to outputs {@code boxes} (B, D, 4) in pixels of the image, {@code scores} and
     * {@code labels} (B, D), {@code count} (B) and {@code masks}, bits as {@link BoxOp.PasteMasks} says; stages as upstream
     * calls them. If labels for all pixels are asked for, there is {@code semantic} (B, H, W) too.
     *
     * @param pasted whether masks are laid over the image and logits checked ({@link dev.kerf.model.plan.FiniteCheck});
     *               otherwise {@code masks} are probabilities (B, D, 28, 28)
     */
    static Graph detect(RcnnConfig config, Weights weights, RcnnRequest request, boolean pasted) {
        return new RcnnGraph(config, weights, request).detect(pasted);
    }

    /**
     * The heads on boxes of the caller's, in pixels of the resized image: inputs {@code image}, {@code proposals} (1, R, 4) and
     * {@code boxes} (1, D, 4); outputs {@code class_logits} and {@code box_regression} of the proposals and {@code mask_logits}
     * of the boxes; stage {@code box_roi_align}.
     */
    static Graph heads(RcnnConfig config, Weights weights, RcnnRequest request, int proposals, int boxes) {
        RcnnGraph r = new RcnnGraph(config, weights, request);
        Heads heads = new Heads(r.layers, new Backbone(r.layers).forward(r.preprocess()));
        Heads.Scores found = heads.box(r.g.input("proposals", TensorType.f32(1, proposals, 4)));
        r.g.output("class_logits", found.logits());
        r.g.output("box_regression", found.deltas());
        r.g.output("mask_logits", heads.mask(r.g.input("boxes", TensorType.f32(1, boxes, 4))));
        return r.g.build();
    }

    private Graph detect(boolean pasted) {
        List<Value> maps = new Backbone(layers).forward(preprocess());
        Value proposals;
        try (var _ = g.scope("rpn")) {
            proposals = new Proposals(layers).forward(maps, padded, inside, request.options().proposals());
        }
        Heads heads = new Heads(layers, maps);
        Heads.Detections found;
        try (var _ = g.scope("box")) {
            found = heads.detect(proposals, heads.box(proposals), inside, request.options());
        }
        try (var _ = g.scope("mask")) {
            Value masks = heads.maskProbabilities(heads.mask(found.boxes()), found); // (B, D, 28, 28)
            Value boxes = g.multiply(found.boxes(), g.constant(ratios())); // (B, D, 4)
            g.output("boxes", boxes);
            g.output("scores", found.scores());
            g.output("labels", found.labels());
            g.output("count", found.count());
            g.output("masks", pasted
                    ? g.apply(
                            new BoxOp.PasteMasks(request.height(), request.width(), 0.5f, config.paste()), masks, boxes)
                    : masks);
        }
        if (request.semantic()) {
            try (var _ = g.scope("semantic")) {
                g.output("semantic", new SemanticHead(layers).forward(maps, inside, request.height(), request.width()));
            }
        }
        if (pasted) {
            layers.check().record();
        }
        return g.build();
    }

    /** Pixels of the image for a pixel of the resized one, in float32 as upstream has them. */
    private HostTensor ratios() {
        float x = (float) request.width() / inside.width();
        float y = (float) request.height() / inside.height();
        return HostTensor.of(Shape.of(4), new float[] {x, y, x, y});
    }

    private Value preprocess() {
        Value image = g.input("image", PictureInput.type(request.form(), request.images()));
        Value x = PictureInput.planes(g, image, request.form(), 3, config.detectron()); // (B, 3, H, W)
        if (config.detectron()) {
            x = standardise(asPillow(x));
        } else {
            x = resize(standardise(x), false);
        }
        if (!padded.equals(inside)) {
            x = g.apply(new MoveOp.Pad(List.of(0L, 0L, 0L, 0L),
                    List.of(0L, 0L, (long) padded.height() - inside.height(), (long) padded.width() - inside.width()),
                    MoveOp.PadMode.CONSTANT, 0), x);
        }
        return g.stage("input", x); // (B, 3, h, w)
    }

    private Value resize(Value x, boolean antialias) {
        return PictureInput.resized(g, x, inside.height(), inside.width(), Interpolation.BILINEAR, antialias);
    }

    /** Detectron2 resizes with Pillow, which widens the filter when it shrinks, and rounds to whole samples. */
    private Value asPillow(Value x) {
        Value wide = g.multiply(resize(x, true), g.constant(255f));
        return g.multiply(g.unary(PointwiseOp.Function.ROUND_HALF_EVEN, wide), g.constant(1 / 255f));
    }

    private Value standardise(Value x) {
        return PictureInput.standardised(g, x, config.pixelMean().stream().map(v -> v / 255).toList(),
                config.pixelStd().stream().map(v -> v / 255).toList());
    }
}
