package dev.kerf.model.sam2.network;

import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MatrixOp;
import dev.kerf.graph.MoveOp;
import dev.kerf.model.nn.Layers;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.Arrays;

/**
 * A frame's features made to know what came before, as upstream's {@code modeling/memory_attention.py}: in each of
 * several layers the frame attends to itself, then to memories and object pointers.
 *
 * <p>Two things are done in another order than upstream does them. The even and the odd channels of queries and keys
 * are put one behind the other by the order of their projections' rows, so that rotary embeddings turn halves and not
 * neighbours: dot products don't change. And values are projected after they are summed, since weights that sum to 1
 * let a linear layer through: sums are 64 wide, not 256.
 */
final class MemoryAttention {
    private static final int HIDDEN = 2048;
    private static final int HALF = Sam2Config.WIDTH / 2;

    private final Layers p;
    private final GraphBuilder g;
    private final int grid;
    private final int layers;
    private final Value sine;
    private final Value cosine;
    private final Value memorySine;
    private final Value memoryCosine;
    private final Value evensFirst;

    MemoryAttention(Layers p, Sam2Config config) {
        this.p = p;
        this.g = p.g();
        this.grid = config.grid();
        this.layers = config.memoryLayers();
        this.sine = g.constant(Positions.rotary(HALF, grid, true));
        this.cosine = g.constant(Positions.rotary(HALF, grid, false)); // (grid², 128)
        this.memorySine = config.size() == Sam2Config.Size.EDGE ? memories(true) : sine;
        this.memoryCosine = config.size() == Sam2Config.Size.EDGE ? memories(false) : cosine;
        int[] order = new int[Sam2Config.WIDTH];
        for (int i = 0; i < HALF; i++) {
            order[i] = 2 * i;
            order[HALF + i] = 2 * i + 1;
        }
        this.evensFirst = g.constant(HostTensor.of(Shape.of(order.length), order));
    }

    /**
     * What the frame attends to.
     *
     * @param spatial         memories one behind the other, (B, M · L, 64), L being grid² or EdgeTAM's 512
     * @param spatialPlaced   with the encodings of place and time added
     * @param pointers        tokens of object pointers, (B, 4 · P, 64)
     * @param pointersPlaced  with the encoding of time added
     * @param bias            −∞ for what isn't valid, (B, 1, 1, M · L + 4 · P)
     */
    record Memory(Value spatial, Value spatialPlaced, Value pointers, Value pointersPlaced, Value bias) {}

    /**
     * @param features of the frame, (1, 256, grid, grid)
     * @return (B, 256, grid, grid)
     */
    Value forward(Value features, Memory memory) {
        Value positions = g.constant(Positions.sine2d(Sam2Config.WIDTH, grid)); // (1, 256, grid, grid)
        Value x = p.tokens(g.add(features, g.multiply(positions, g.constant(0.1f)))); // (1, grid², 256)
        Value values = g.concat(1, memory.spatial, memory.pointers); // (B, Lk, 64)
        long b = values.type().shape().dim(0);
        for (int i = 0; i < layers; i++) {
            Layers layer = p.at("layers." + i);
            x = g.add(x, self(layer.at("self_attn"), layer.at("norm1").layerNorm(x, -1, Layers.EPS)));
            if (i == 0 && b > 1) {
                // Until here all objects see the same.
                x = g.apply(new MoveOp.Expand(Shape.of(b, (long) grid * grid, Sam2Config.WIDTH)), x);
            }
            Value q = layer.at("norm2").layerNorm(x, -1, Layers.EPS);
            x = g.add(x, cross(layer.at("cross_attn_image"), q, memory, values));
            Value hidden = layer.at("norm3").layerNorm(x, -1, Layers.EPS);
            hidden = g.relu(layer.at("linear1").linear(hidden, HIDDEN));
            x = g.add(x, layer.at("linear2").linear(hidden, Sam2Config.WIDTH)); // (B, grid², 256)
        }
        return p.image(p.at("norm").layerNorm(x, -1, Layers.EPS), grid);
    }

    /** x (B, grid², 256) to the same. */
    private Value self(Layers a, Value x) {
        // Queries and keys are one product: its rows are a query and a key in turn, turned by the same angles.
        Shape s = x.type().shape();
        Value both = g.reshape(halved(x, a.at("q_proj"), a.at("k_proj")), s.dim(0), 2 * s.dim(1), Sam2Config.WIDTH);
        both = g.reshape(g.apply(new MatrixOp.Rotary(), both, twice(cosine), twice(sine)), s.dim(0), s.dim(1), 2,
                Sam2Config.WIDTH);
        Value q = g.reshape(g.slice(both, 2, 0, 1), s.dims());
        Value k = g.reshape(g.slice(both, 2, 1, 2), s.dims());
        Value v = a.at("v_proj").linear(x, Sam2Config.WIDTH);
        return a.at("out_proj").linear(a.attention(q, k, v, 1, null), Sam2Config.WIDTH);
    }

    /** x (B, grid², 256) to the same. */
    private Value cross(Layers a, Value x, Memory m, Value values) {
        Value q = g.apply(new MatrixOp.Rotary(), halved(x, a.at("q_proj")), cosine, sine);
        // The positions of one memory, as many times as there are memories.
        Value spatial = g.apply(new MatrixOp.Rotary(), halved(m.spatialPlaced, a.at("k_proj")), memoryCosine, memorySine);
        Value k = g.concat(1, spatial,
                halved(m.pointersPlaced, a.at("k_proj"))); // (B, Lk, 256)
        Value y = a.attention(q, k, values, 1, m.bias); // (B, grid², 64)
        return a.at("out_proj").linear(a.at("v_proj").linear(y, Sam2Config.WIDTH), Sam2Config.WIDTH);
    }

    /** Projections to 256 channels each, the even ones first. */
    private Value halved(Value x, Layers... projections) {
        int width = Sam2Config.WIDTH;
        Value[] weights = new Value[projections.length];
        Value[] biases = new Value[projections.length];
        for (int i = 0; i < projections.length; i++) {
            weights[i] = g.apply(new MoveOp.Gather(), projections[i].weight("weight", width, x.type().shape().dim(-1)),
                    evensFirst);
            biases[i] = g.apply(new MoveOp.Gather(), projections[i].weight("bias", width), evensFirst);
        }
        return g.linear(x, g.concat(0, weights), g.concat(0, biases));
    }

    /** Angles (grid², 128), each for two rows. */
    private Value twice(Value angles) {
        long rows = angles.type().shape().dim(0);
        Value each = g.apply(new MoveOp.Expand(Shape.of(rows, 2, HALF)), g.reshape(angles, rows, 1, HALF));
        return g.reshape(each, 2 * rows, HALF);
    }

    /** Angles of EdgeTAM's memories, whose first tokens have no place and aren't turned: (512, 128). */
    private Value memories(boolean sine) {
        float[] still = new float[Perceiver.LATENTS * HALF];
        Arrays.fill(still, sine ? 0 : 1);
        return g.concat(0, g.constant(HostTensor.of(Shape.of(Perceiver.LATENTS, HALF), still)),
                g.constant(Positions.rotary(HALF, Perceiver.SIDE, sine)));
    }
}
