package dev.kerf.model.matting;

import dev.kerf.error.BadWeightsException;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.PointwiseOp.Function;
import dev.kerf.graph.SpatialOp.MaxPool2d;
import dev.kerf.graph.SpatialOp.Sampling;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.model.nn.Layers;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.util.ArrayList;
import java.util.List;

/**
 * U²-Net and IS-Net by the names of upstream's checkpoints (xuebinqin/U-2-Net {@code U2NET}, {@code U2NETP}; xuebinqin/DIS
 * {@code ISNetDIS}): six residual U-blocks down, five up, each with its own skip connection, and a map beside each. U²-Net's result is
 * the convolution of six maps in the picture's size, IS-Net's is the finest map alone, of half the picture's resolution. Widths are the
 * file's.
 *
 * @param weights the checkpoint
 * @param halved  whether a convolution of stride 2 comes first: IS-Net
 */
record SaliencyNet(Weights weights, boolean halved) {
    private static final String FIRST = "stage1.rebnconvin.conv_s1.weight";
    private static final String HALVING = "conv_in.weight";
    private static final String FUSION = "outconv.weight";
    private static final int STAGES = 6;
    /** Levels of each stage's block, from the finest stage. */
    private static final List<Integer> DEPTHS = List.of(7, 6, 5, 4, 4, 4);
    /** From this stage on blocks have dilations in place of poolings. */
    private static final int FLAT_FROM = 5;

    /** Whether the tensors' names are those of one of these networks. */
    static boolean known(Weights weights) {
        return weights.contains(FIRST) && (weights.contains(HALVING) || weights.contains(FUSION));
    }

    /**
     * Tells which it is.
     *
     * @throws BadWeightsException if it is none
     */
    static SaliencyNet of(Weights weights) {
        if (!known(weights)) {
            throw new BadWeightsException(weights.source() + " is no U²-Net or IS-Net: expected the tensor names of "
                    + "xuebinqin/U-2-Net or xuebinqin/DIS (" + FIRST + ", and " + FUSION + " or " + HALVING + "); it has "
                    + weights.names().stream().limit(3).toList() + " …");
        }
        return new SaliencyNet(weights, weights.contains(HALVING));
    }

    Trained trained() {
        return halved ? Trained.ISNET : Trained.U2NET;
    }

    /** The architecture by its widths. */
    String label() {
        int widest = outputs("stage6.rebnconvin");
        return halved
                ? widest == 512 ? "IS-Net" : "IS-Net of " + widest + " channels"
                : switch (widest) {
                    case 512 -> "U²-Net";
                    case 64 -> "U²-Netp";
                    default -> "U²-Net of " + widest + " channels";
                };
    }

    private int outputs(String unit) {
        return Layers.of(new GraphBuilder(), weights).at(unit + ".conv_s1").outputs();
    }

    /** Tensors that the result doesn't need: IS-Net's coarser maps are for training. */
    List<String> notNeeded() {
        return halved
                ? List.of("*.num_batches_tracked", "side2.*", "side3.*", "side4.*", "side5.*", "side6.*")
                : List.of("*.num_batches_tracked");
    }

    /**
     * Records the network.
     *
     * @param x (N, 3, H, W), normalised
     * @return the matte's logits (N, 1, H, W)
     */
    Value record(GraphBuilder g, Value x) {
        Layers model = Layers.of(g, weights);
        Value y = halved ? g.stage("conv_in", model.at("conv_in").storedConv2d(x, Window2d.of().stride(2).pad(1))) : x;
        List<Value> kept = new ArrayList<>();
        for (int i = 1; i <= STAGES; i++) {
            y = stage(model, "stage" + i, i == 1 ? y : pool(g, y), i); // (N, C, H / 2^(i-1), …)
            kept.add(y);
        }
        List<Value> maps = new ArrayList<>();
        maps.add(y);
        for (int i = STAGES - 1; i >= 1; i--) {
            Value skip = kept.get(i - 1);
            y = stage(model, "stage" + i + "d", g.concat(1, like(g, y, skip), skip), i);
            maps.addFirst(y);
        }
        Value logits = halved ? map(model, 1, y, x) : fused(model, maps);
        if (logits.type().shape().dim(1) != 1) {
            throw new BadWeightsException(weights.source() + ": makes " + logits.type().shape().dim(1)
                    + " maps of a picture, expected one, the matte");
        }
        return g.stage("logits", logits);
    }

    private Value fused(Layers model, List<Value> stages) {
        GraphBuilder g = model.g();
        Value[] maps = new Value[STAGES];
        for (int i = 0; i < STAGES; i++) {
            maps[i] = map(model, i + 1, stages.get(i), stages.getFirst());
        }
        return model.at("outconv").storedConv2d(g.concat(1, maps), Window2d.of()); // (N, 1, H, W)
    }

    /** A stage's map in the size of another value. */
    private static Value map(Layers model, int number, Value y, Value size) {
        return like(model.g(), model.at("side" + number).storedConv2d(y, Window2d.of().pad(1)), size);
    }

    private static Value stage(Layers model, String name, Value x, int number) {
        return model.g().stage(name, block(model.at(name), x, DEPTHS.get(number - 1), number >= FLAT_FROM));
    }

    /** A residual U-block of some levels, or a flat one of as many dilations: (N, C, H, W) to (N, out, H, W). */
    private static Value block(Layers at, Value x, int depth, boolean flat) {
        GraphBuilder g = at.g();
        Value in = unit(at.at("rebnconvin"), x, 1); // (N, out, H, W)
        List<Value> kept = new ArrayList<>();
        Value y = in;
        for (int i = 1; i <= depth; i++) {
            boolean pooled = !flat && i > 1 && i < depth;
            int rate = flat ? 1 << i - 1 : i == depth ? 2 : 1;
            y = unit(at.at("rebnconv" + i), pooled ? pool(g, y) : y, rate); // (N, mid, H / 2^(i-1), …)
            kept.add(y);
        }
        y = kept.removeLast();
        for (int i = depth - 1; i >= 1; i--) {
            Value skip = kept.removeLast();
            y = unit(at.at("rebnconv" + i + "d"), g.concat(1, like(g, y, skip), skip), flat ? 1 << i - 1 : 1);
        }
        return g.add(y, in);
    }

    /** relu(norm(conv(x))), 3×3 of a dilation. */
    private static Value unit(Layers at, Value x, int rate) {
        Value y = at.at("conv_s1").storedConv2d(x, Window2d.of().pad(rate).dilation(rate));
        return at.g().relu(at.at("bn_s1").batchNorm(y, Layers.EPS));
    }

    private static Value pool(GraphBuilder g, Value x) {
        return g.apply(new MaxPool2d(2, 2, Window2d.of().stride(2), true), x);
    }

    private static Value like(GraphBuilder g, Value x, Value size) {
        Shape s = size.type().shape();
        boolean same = x.type().shape().dim(2) == s.dim(2) && x.type().shape().dim(3) == s.dim(3);
        return same ? x : g.bilinear(x, s.size(2), s.size(3), Sampling.HALF_PIXEL);
    }

    /** 1 / (1 + exp(−logits)). */
    static Value shares(GraphBuilder g, Value logits) {
        return g.unary(Function.SIGMOID, logits);
    }
}
