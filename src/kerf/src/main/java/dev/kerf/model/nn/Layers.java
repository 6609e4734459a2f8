package dev.kerf.model.nn;

import dev.kerf.error.BadInputException;
import dev.kerf.error.BadWeightsException;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MatrixOp;
import dev.kerf.graph.NormOp;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.SpatialOp;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import dev.kerf.weights.Weights.TensorInfo;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A module of a checkpoint while its graph is recorded: layers whose weights lie below a dotted path. Models walk the
 * upstream's names and record one layer after another.
 *
 * <pre>{@code
 * Layers model = Layers.of(g, weights);
 * Layers block = model.at("layer1.0");
 * Value y = block.at("conv1").conv2d(x, 64, 3, Window2d.of().pad(1)); // layer1.0.conv1.weight and .bias
 * y = g.relu(block.at("norm1").layerNorm(y, 1, Layers.EPS));          // (N, 64, H, W)
 * }</pre>
 *
 * <p>Extents are what the model says; a tensor of another shape is refused when the graph meets its weights. A model
 * whose extents the file tells asks for them: {@link #shape}, {@link #outputs}.
 */
public final class Layers {
    /** Epsilon of PyTorch's norms where nothing else is said. */
    public static final double EPS = 1e-5;

    private final GraphBuilder g;
    private final Weights weights;
    private final String path;

    private Layers(GraphBuilder g, Weights weights, String path) {
        this.g = g;
        this.weights = weights;
        this.path = path;
    }

    /** The top of a model that knows all its extents. */
    public static Layers of(GraphBuilder g) {
        return new Layers(g, null, "");
    }

    /** The top of a model that reads extents from its weight file. */
    public static Layers of(GraphBuilder g, Weights weights) {
        return new Layers(g, weights, "");
    }

    /** What records. */
    public GraphBuilder g() {
        return g;
    }

    /** A module within this one, by its dotted path. */
    public Layers at(String name) {
        return new Layers(g, weights, full(name));
    }

    /** A tensor of this module. */
    public Value weight(String name, long... dims) {
        return g.weight(full(name), Shape.of(dims));
    }

    private String full(String name) {
        return path.isEmpty() ? name : path + "." + name;
    }

    /** Whether the weight file has a tensor of this module. */
    public boolean has(String name) {
        return weights().contains(full(name));
    }

    /**
     * The shape that the weight file gives a tensor of this module.
     *
     * @throws BadWeightsException if there is none; names the nearest
     */
    public Shape shape(String name) {
        return weights().find(full(name)).map(TensorInfo::shape).orElseGet(() -> weights.tensor(full(name)).shape());
    }

    private Weights weights() {
        if (weights == null) {
            throw new BadInputException("these layers were made without the weights that they are asked about");
        }
        return weights;
    }

    /** Output channels of a convolution or a linear layer, as the weight file has them. */
    public int outputs() {
        return shape("weight").size(0);
    }

    /** {@code torch.nn.Linear}: (…, in) to (…, out). */
    public Value linear(Value x, long out) {
        return g.linear(x, weight("weight", out, x.type().shape().dim(-1)), weight("bias", out));
    }

    /** Linear layers below several paths of one x as one product: (…, in) to (…, out) of each. */
    public List<Value> linears(Value x, long out, String... names) {
        Value[] weights = new Value[names.length];
        Value[] biases = new Value[names.length];
        for (int i = 0; i < names.length; i++) {
            weights[i] = at(names[i]).weight("weight", out, x.type().shape().dim(-1));
            biases[i] = at(names[i]).weight("bias", out);
        }
        Value all = g.linear(x, g.concat(0, weights), g.concat(0, biases));
        return IntStream.range(0, names.length).mapToObj(i -> g.slice(all, -1, i * out, (i + 1) * out)).toList();
    }

    /** {@code torch.nn.Conv2d} with a square kernel: (N, C, H, W) to (N, out, H', W'). */
    public Value conv2d(Value x, long out, int kernel, Window2d window) {
        return g.conv2d(x, weight("weight", out, x.type().shape().dim(1), kernel, kernel), weight("bias", out), window);
    }

    /** {@code torch.nn.Conv2d} with {@code bias=False}. */
    public Value unbiasedConv2d(Value x, long out, int kernel, Window2d window) {
        return g.conv2d(x, weight("weight", out, x.type().shape().dim(1), kernel, kernel), null, window);
    }

    /** A convolution of each channel by itself. */
    public Value depthwise(Value x, int kernel, Window2d window) {
        long c = x.type().shape().dim(1);
        return g.apply(new SpatialOp.Conv2d(window, Math.toIntExact(c), Activation.NONE, true, false), x,
                weight("weight", c, 1, kernel, kernel), weight("bias", c));
    }

    /** {@code torch.nn.ConvTranspose2d}, 2×2 of stride 2: (N, C, H, W) to (N, out, 2H, 2W). */
    public Value twice(Value x, long out) {
        return g.convTranspose2d(x, weight("weight", x.type().shape().dim(1), out, 2, 2), weight("bias", out),
                Window2d.of().stride(2));
    }

    /**
     * A convolution as the weight file has it: its kernel, its output channels, a bias or none.
     *
     * @throws BadWeightsException if it takes another number of channels than x (N, C, H, W) has
     */
    public Value storedConv2d(Value x, Window2d window) {
        Shape s = requireChannels(x, 1);
        return g.conv2d(x, weight("weight", s.dims()), storedBias(s.dim(0)), window);
    }

    /** Likewise a transposed convolution. */
    public Value storedConvTranspose2d(Value x, Window2d window) {
        Shape s = requireChannels(x, 0);
        return g.convTranspose2d(x, weight("weight", s.dims()), storedBias(s.dim(1)), window);
    }

    private Value storedBias(long n) {
        return has("bias") ? weight("bias", n) : null;
    }

    private Shape requireChannels(Value x, int axis) {
        Shape found = shape("weight");
        Shape expected = found.with(axis, x.type().shape().dim(1));
        if (!found.equals(expected)) {
            throw new BadWeightsException(weights.source() + ": tensor \"" + full("weight") + "\" has shape " + found
                    + ", expected " + expected + " after what comes before it in the network");
        }
        return found;
    }

    /** {@code torch.nn.LayerNorm}, or LayerNorm2d where the axis is 1. */
    public Value layerNorm(Value x, int axis, double eps) {
        long n = x.type().shape().dim(axis);
        return g.layerNorm(x, weight("weight", n), weight("bias", n), axis, eps);
    }

    /** {@code torch.nn.BatchNorm2d} in inference, and torchvision's and Detectron2's FrozenBatchNorm2d. */
    public Value batchNorm(Value x, double eps) {
        long n = x.type().shape().dim(1);
        return g.batchNorm(x, weight("weight", n), weight("bias", n), weight("running_mean", n), weight("running_var", n),
                eps);
    }

    /** {@code torch.nn.GroupNorm}; InstanceNorm2d where there are as many groups as channels. */
    public Value groupNorm(Value x, int groups, double eps) {
        long n = x.type().shape().dim(1);
        return g.apply(new NormOp.GroupNorm(groups, eps), x, weight("weight", n), weight("bias", n));
    }

    /** SAM's MLP: linear layers below {@code layers} with ReLU between them, (…, in) to (…, out). */
    public Value mlp(Value x, long hidden, long out, int layers) {
        Value y = x;
        for (int i = 0; i < layers - 1; i++) {
            y = g.relu(at("layers." + i).linear(y, hidden)); // (…, hidden)
        }
        return at("layers." + (layers - 1)).linear(y, out); // (…, out)
    }

    /** Attention of several heads: (B, Lq, C) from queries, keys (B, Lk, C) and values, with a bias or without. */
    public Value attention(Value q, Value k, Value v, int heads, @Nullable Value bias) {
        return join(attention(split(q, heads), split(k, heads), split(v, heads), bias));
    }

    /** softmax(q·kᵀ / √D + bias)·v for each head, all (B, heads, L, D), or without the bias. */
    public Value attention(Value q, Value k, Value v, @Nullable Value bias) {
        var op = new MatrixOp.Attention((float) (1 / Math.sqrt(q.type().shape().dim(3))), bias != null);
        return bias == null ? g.apply(op, q, k, v) : g.apply(op, q, k, v, bias);
    }

    /** (B, L, C) to (B, heads, L, C / heads). */
    private Value split(Value x, int heads) {
        Shape s = x.type().shape();
        if (heads < 1) {
            throw new BadInputException("attention of " + heads + " heads");
        } else if (heads == 1) {
            return g.reshape(x, s.dim(0), 1, s.dim(1), s.dim(2));
        }
        return g.permute(g.reshape(x, s.dim(0), s.dim(1), heads, s.dim(2) / heads), 0, 2, 1, 3);
    }

    /** (B, heads, L, D) to (B, L, heads · D). */
    public Value join(Value x) {
        Shape s = x.type().shape();
        Value y = s.dim(1) == 1 ? x : g.permute(x, 0, 2, 1, 3);
        return g.reshape(y, s.dim(0), s.dim(2), s.dim(1) * s.dim(3));
    }

    /** (N, C, H, W) to (N, H · W, C). */
    public Value tokens(Value x) {
        Shape s = x.type().shape();
        return g.permute(g.reshape(x, s.dim(0), s.dim(1), s.dim(2) * s.dim(3)), 0, 2, 1);
    }

    /** (N, side², C) to (N, C, side, side). */
    public Value image(Value x, int side) {
        Shape s = x.type().shape();
        return g.reshape(g.permute(x, 0, 2, 1), s.dim(0), s.dim(2), side, side);
    }
}
