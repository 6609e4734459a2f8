package dev.kerf.model.unet;

import dev.kerf.error.BadInputException;
import dev.kerf.graph.FrameOp;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.PointwiseOp;
import dev.kerf.graph.ReduceOp;
import dev.kerf.graph.SpatialOp.Interpolation;
import dev.kerf.graph.SpatialOp.Sampling;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.graph.TensorType;
import dev.kerf.model.nn.Layers;
import dev.kerf.model.nn.PictureInput;
import dev.kerf.model.plan.FiniteCheck;
import dev.kerf.model.unet.UNetConfig.InputStatistics;
import dev.kerf.model.unet.UNetRequest.Source;
import dev.kerf.model.unet.UNetRequest.Wanted;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.util.List;

/**
 * Records a U-Net as its paper draws it (Ronneberger et al. 2015, figure 1), with the details of milesial/Pytorch-UNet's
 * {@code unet/unet_parts.py}: same padding, up-sampled parts padded to the size of the skip connection.
 */
final class UNetGraph {
    private final UNetConfig config;
    private final Weights weights;
    private final UNetRequest request;
    private final GraphBuilder g = new GraphBuilder();
    private final Layers model;

    private UNetGraph(UNetConfig config, Weights weights, UNetRequest request) {
        this.config = config;
        this.weights = weights;
        this.request = request;
        this.model = Layers.of(g, weights);
    }

    static Graph record(UNetConfig config, Weights weights, UNetRequest request) {
        return record(config, weights, request, request.images());
    }

    /** The network alone, of images that are normalised already. */
    static Graph planes(UNetConfig config, Weights weights, int batch, int height, int width) {
        return record(config, weights, UNetRequest.planes(Source.NORMALISED, config.inputChannels(), height, width,
                Wanted.EVERYTHING), batch);
    }

    /** For several images of a request at once. */
    private static Graph record(UNetConfig config, Weights weights, UNetRequest request, int batch) {
        UNetGraph u = new UNetGraph(config, weights, request);
        long[] dims = request.inputType().shape().dims();
        dims[0] = batch;
        Value image = u.g.input("image", TensorType.of(request.inputType().dtype(), dims));
        if (request.source() == Source.LOGITS) {
            u.label(image);
            return u.g.build();
        }
        Value x = u.g.stage("input", u.preprocess(image));
        if (request.wanted() == Wanted.NORMALISED) {
            u.g.output("input", x);
        } else {
            u.label(u.forward(x));
        }
        return u.g.build();
    }

    private Value preprocess(Value image) {
        int planes = config.inputChannels();
        Value x = switch (request.source()) {
            case PICTURES -> PictureInput.planes(g, image, request.form(), planes, false);
            default -> planesOf(image, planes);
        }; // (1, C, H, W) in 0 … 1
        if (request.isResized()) {
            x = PictureInput.resized(g, x, request.netHeight(), request.netWidth(), Interpolation.BICUBIC, true); // (1, C, h, w)
        }
        if (request.source() == Source.NORMALISED) {
            return x;
        }
        return switch (config.statistics()) {
            case InputStatistics.None n -> x;
            case InputStatistics.PerImage p ->
                g.apply(new FrameOp.Standardise(), x, g.apply(new FrameOp.ImageStatistics(), x));
            case InputStatistics.Fixed f -> PictureInput.standardised(g, x, f.mean(), f.std());
        };
    }

    private Value planesOf(Value image, int planes) {
        if (image.type().shape().dim(1) != planes) {
            throw new BadInputException("the network takes " + planes + " channels, the tensor has "
                    + image.type().shape().dim(1));
        }
        return image;
    }

    /** x (1, C, h, w) to logits (1, K, h, w). */
    private Value forward(Value x) {
        UNetNames names = config.names();
        Value[] skip = new Value[config.depth()];
        Value y = x;
        for (int level = 0; level <= config.depth(); level++) {
            try (var _ = g.scope(names.encoderStage(level))) {
                y = level == 0 ? y : halve(y);
                y = g.stage(names.encoderStage(level), block(names.encoder(level), y)); // (1, widths[level], h/2^level, …)
            }
            if (level < config.depth()) {
                skip[level] = y;
            }
        }
        for (int level = config.depth() - 1; level >= 0; level--) {
            try (var _ = g.scope(names.decoderStage(level))) {
                Value up = padTo(skip[level], twice(level, y));
                Value joined = names.skipFirst() ? g.concat(1, skip[level], up) : g.concat(1, up, skip[level]);
                y = g.stage(names.decoderStage(level), block(names.decoder(level), joined)); // (1, ·, h/2^level, …)
            }
        }
        return model.at(names.head()).storedConv2d(y, Window2d.of());
    }

    private Value block(String module, Value x) {
        return UNetBlock.of(weights, module, config.norm()).forward(model, x);
    }

    private Value halve(Value x) {
        if (x.type().shape().dim(2) < 2 || x.type().shape().dim(3) < 2) {
            throw new BadInputException("an image of " + request.netWidth() + "×" + request.netHeight()
                    + " pixels is too small for a U-Net of " + config.depth() + " levels: at least "
                    + (1 << config.depth()) + " on each side");
        }
        return g.maxPool2d(x, 2);
    }

    private Value twice(int level, Value x) {
        if (config.upSampling() == UNetConfig.UpSampling.BILINEAR) {
            int h = x.type().shape().size(2) * 2;
            int w = x.type().shape().size(3) * 2;
            return g.bilinear(x, h, w, Sampling.ALIGN_CORNERS);
        }
        return model.at(config.names().up(level)).storedConvTranspose2d(x, Window2d.of().stride(2));
    }

    /** Zeros around the up-sampled part where pooling dropped an odd row or column: half before, the rest after. */
    private Value padTo(Value skip, Value up) {
        long h = skip.type().shape().dim(2) - up.type().shape().dim(2);
        long w = skip.type().shape().dim(3) - up.type().shape().dim(3);
        if (h == 0 && w == 0) {
            return up;
        }
        return g.apply(new MoveOp.Pad(List.of(0L, 0L, h / 2, w / 2), List.of(0L, 0L, h - h / 2, w - w / 2),
                MoveOp.PadMode.CONSTANT, 0), up);
    }

    /** Logits (1, K, h, w) to labels (1, H, W): the class of the largest logit; of a single logit, whether it is above 0. */
    private void label(Value small) {
        Value logits = small;
        if (request.isResized()) {
            boolean given = request.source() == Source.LOGITS;
            logits = g.bilinear(small, given ? request.netHeight() : request.height(),
                    given ? request.netWidth() : request.width(), Sampling.HALF_PIXEL); // (1, K, H, W)
        }
        g.stage("logits", logits);
        Shape s = logits.type().shape();
        int k = s.size(1);
        Value labels = k == 1
                ? g.reshape(g.apply(new PointwiseOp.Compare(PointwiseOp.Relation.GREATER), logits, g.constant(0f)),
                        s.dim(0), s.dim(2), s.dim(3))
                : g.apply(new ReduceOp.ArgMax(1, k <= 256 ? DType.U8 : DType.I32), logits);
        g.output("labels", labels);
        if (request.wanted() != Wanted.LABELS) {
            g.output("logits", logits);
        }
        if (request.wanted() != Wanted.EVERYTHING) {
            FiniteCheck check = new FiniteCheck(g);
            check.add(small);
            check.record();
        } else {
            Value p = k == 1 ? g.unary(PointwiseOp.Function.SIGMOID, logits) : g.softmax(logits, 1);
            g.output("probabilities", g.stage("probabilities", p));
        }
    }
}
