package dev.kerf.model.maskrcnn;

import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.model.nn.Layers;
import dev.kerf.model.plan.FiniteCheck;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;

/**
 * What the parts of the network are made of. Channels come from the weight file, all other extents are checked against it.
 *
 * @param model  the whole of it
 * @param config its architecture
 * @param check  of its logits
 */
record RcnnLayers(Layers model, RcnnConfig config, FiniteCheck check) {
    GraphBuilder graph() {
        return model.g();
    }

    /** k×k convolution without bias, padded to keep the size but for the stride, and the batch norm after it. */
    Value normed(Value x, String conv, String norm, int k, int stride) {
        Layers c = model.at(conv);
        Value y = c.unbiasedConv2d(x, c.outputs(), k, Window2d.of().stride(stride).pad(k / 2));
        return model.at(norm).batchNorm(y, config.eps()); // (B, c, h, w)
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
        Layers c = model.at(module);
        return c.conv2d(x, c.outputs(), k, Window2d.of().pad(k / 2)); // (B, c, h, w)
    }

    /** 2×2 transposed convolution of stride 2. */
    Value twice(Value x, String module) {
        Layers c = model.at(module);
        return c.twice(x, c.shape("weight").dim(1)); // (B, c, 2 h, 2 w)
    }

    /** Fully connected layer over the last axis. */
    Value linear(Value x, String module) {
        Layers c = model.at(module);
        return c.linear(x, c.outputs());
    }

    /** Whole numbers known now. */
    Value ints(Shape shape, int... values) {
        return graph().constant(HostTensor.of(shape, values));
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
        return graph().add(index, graph().constant(first));
    }
}
