package dev.kerf.model.sam2;

import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MatrixOp;
import dev.kerf.graph.SpatialOp;
import dev.kerf.graph.Activation;
import dev.kerf.graph.Value;
import dev.kerf.graph.Window2d;
import dev.kerf.tensor.Shape;

/**
 * A module of the checkpoint while its graph is recorded: layers whose weights lie below a dotted path.
 *
 * @param g    records
 * @param path of the module; empty at the top
 */
record Part(GraphBuilder g, String path) {
    /** Epsilon of {@code torch.nn.LayerNorm}. */
    static final double TORCH_EPS = 1e-5;
    /** Epsilon of Hiera's norms and of LayerNorm2d. */
    static final double SMALL_EPS = 1e-6;

    /** A module within this one. */
    Part at(String name) {
        return new Part(g, full(name));
    }

    /** A tensor of this module. */
    Value weight(String name, long... dims) {
        return g.weight(full(name), Shape.of(dims));
    }

    private String full(String name) {
        return path.isEmpty() ? name : path + "." + name;
    }

    /** {@code torch.nn.Linear}: (…, in) to (…, out). */
    Value linear(Value x, long out) {
        return g.linear(x, weight("weight", out, x.type().shape().dim(-1)), weight("bias", out));
    }

    /** {@code torch.nn.LayerNorm}, or LayerNorm2d where the axis is 1. */
    Value layerNorm(Value x, int axis, double eps) {
        long n = x.type().shape().dim(axis);
        return g.layerNorm(x, weight("weight", n), weight("bias", n), axis, eps);
    }

    /** {@code torch.nn.Conv2d} with a square kernel: (N, C, H, W) to (N, out, H', W'). */
    Value conv2d(Value x, long out, int kernel, Window2d window) {
        return g.conv2d(x, weight("weight", out, x.type().shape().dim(1), kernel, kernel), weight("bias", out), window);
    }

    /** A convolution of each channel by itself. */
    Value depthwise(Value x, int kernel, Window2d window) {
        long c = x.type().shape().dim(1);
        return g.apply(new SpatialOp.Conv2d(window, Math.toIntExact(c), Activation.NONE, true, false), x,
                weight("weight", c, 1, kernel, kernel), weight("bias", c));
    }

    /** {@code torch.nn.ConvTranspose2d}, 2×2 of stride 2: (N, C, H, W) to (N, out, 2H, 2W). */
    Value twice(Value x, long out) {
        return g.convTranspose2d(x, weight("weight", x.type().shape().dim(1), out, 2, 2), weight("bias", out),
                Window2d.of().stride(2));
    }

    /** Upstream's MLP with ReLU between its layers: (…, in) to (…, out). */
    Value mlp(Value x, long hidden, long out, int layers) {
        Value y = x;
        for (int i = 0; i < layers - 1; i++) {
            y = g.relu(at("layers." + i).linear(y, hidden)); // (…, hidden)
        }
        return at("layers." + (layers - 1)).linear(y, out); // (…, out)
    }

    /** (B, L, C) to (B, heads, L, C / heads). */
    Value split(Value x, int heads) {
        Shape s = x.type().shape();
        if (heads == 1) {
            return g.reshape(x, s.dim(0), 1, s.dim(1), s.dim(2));
        }
        return g.permute(g.reshape(x, s.dim(0), s.dim(1), heads, s.dim(2) / heads), 0, 2, 1, 3);
    }

    /** (B, heads, L, D) to (B, L, heads · D). */
    Value join(Value x) {
        Shape s = x.type().shape();
        Value y = s.dim(1) == 1 ? x : g.permute(x, 0, 2, 1, 3);
        return g.reshape(y, s.dim(0), s.dim(2), s.dim(1) * s.dim(3));
    }

    /** softmax(q·kᵀ / √D)·v for each head; no bias if {@code bias} is null. */
    Value attention(Value q, Value k, Value v, Value bias) {
        var op = new MatrixOp.Attention((float) (1 / Math.sqrt(q.type().shape().dim(3))), bias != null);
        return bias == null ? g.apply(op, q, k, v) : g.apply(op, q, k, v, bias);
    }

    /** (N, C, H, W) to (N, H · W, C). */
    Value tokens(Value x) {
        Shape s = x.type().shape();
        return g.permute(g.reshape(x, s.dim(0), s.dim(1), s.dim(2) * s.dim(3)), 0, 2, 1);
    }

    /** (N, side², C) to (N, C, side, side). */
    Value image(Value x, int side) {
        Shape s = x.type().shape();
        return g.reshape(g.permute(x, 0, 2, 1), s.dim(0), s.dim(2), side, side);
    }
}
