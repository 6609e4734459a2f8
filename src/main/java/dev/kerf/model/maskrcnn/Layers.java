package dev.kerf.model.maskrcnn;

import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.Value;
import dev.kerf.graph.Window2d;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;

/** What the parts of the network are made of. Channels come from the weight file, all other extents are checked against it. */
final class Layers {
    private final GraphBuilder g;
    private final Weights weights;
    private final RcnnConfig config;

    Layers(GraphBuilder g, Weights weights, RcnnConfig config) {
        this.g = g;
        this.weights = weights;
        this.config = config;
    }

    GraphBuilder graph() {
        return g;
    }

    RcnnConfig config() {
        return config;
    }

    /** Whether the weight file has a tensor. */
    boolean has(String tensor) {
        return weights.contains(tensor);
    }

    /** Output channels of a convolution or rows of a fully connected layer. */
    int outputs(String module) {
        return RcnnConfig.dims(weights, module + ".weight")[0];
    }

    /** k×k convolution without bias, padded to keep the size but for the stride, and the batch norm after it. */
    Value normed(Value x, String conv, String norm, int k, int stride) {
        int c = outputs(conv);
        Value y = g.conv2d(x, g.weight(conv + ".weight", Shape.of(c, x.type().shape().dim(1), k, k)), null,
                Window2d.of().stride(stride).pad(k / 2));
        return g.batchNorm(y, vector(norm + ".weight", c), vector(norm + ".bias", c), vector(norm + ".running_mean", c),
                vector(norm + ".running_var", c), config.eps()); // (B, c, h, w)
    }

    /** k×k convolution of the pyramid or a head: with a batch norm in the second version, with a bias in the others. */
    Value conv(Value x, String module, int k) {
        if (config.normedHeads()) {
            return normed(x, module, RcnnNames.blockNorm(module), k, 1);
        }
        return biased(x, module, k);
    }

    /** k×k convolution with a bias. */
    Value biased(Value x, String module, int k) {
        int c = outputs(module);
        return g.conv2d(x, g.weight(module + ".weight", Shape.of(c, x.type().shape().dim(1), k, k)),
                vector(module + ".bias", c), Window2d.of().pad(k / 2)); // (B, c, h, w)
    }

    /** 2×2 transposed convolution of stride 2. */
    Value twice(Value x, String module) {
        int c = RcnnConfig.dims(weights, module + ".weight")[1];
        return g.convTranspose2d(x, g.weight(module + ".weight", Shape.of(x.type().shape().dim(1), c, 2, 2)),
                vector(module + ".bias", c), Window2d.of().stride(2)); // (B, c, 2 h, 2 w)
    }

    /** Fully connected layer over the last axis. */
    Value linear(Value x, String module) {
        int c = outputs(module);
        return g.linear(x, g.weight(module + ".weight", Shape.of(c, x.type().shape().dim(-1))), vector(module + ".bias", c));
    }

    private Value vector(String name, long n) {
        return g.weight(name, Shape.of(n));
    }

    /** Whole numbers known now. */
    Value ints(Shape shape, int... values) {
        return g.constant(HostTensor.of(shape, values));
    }

    /** A whole number known now. */
    Value whole(int value) {
        return ints(Shape.of(), value);
    }

    /** Indices (B, K) into the rows of an item as indices into the rows of all items, {@code rows} each. */
    Value across(Value index, long rows) {
        int items = index.type().shape().size(0);
        if (items == 1) {
            return index;
        }
        HostTensor first = HostTensor.zeros(DType.I32, Shape.of(items, 1));
        for (int i = 0; i < items; i++) {
            first.setDouble(i, i * rows);
        }
        return g.add(index, g.constant(first));
    }
}
