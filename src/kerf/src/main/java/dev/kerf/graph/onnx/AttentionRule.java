package dev.kerf.graph.onnx;

import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MatrixOp;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.PointwiseOp.Where;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import org.jspecify.annotations.Nullable;

/** ONNX's own Attention, since opset 23: what is added to the scores, and heads of queries that share those of keys. */
final class AttentionRule {
    private AttentionRule() {}

    static void record(Imported n) {
        if (n.real("softcap", 0) != 0 || n.integer("qk_matmul_output_mode", 0) != 0) {
            throw n.refuse("caps the scores, or gives them out");
        }
        boolean flat = n.shape(0).rank() == 3;
        Value q = heads(n, 0, "q_num_heads");
        Value k = heads(n, 1, "kv_num_heads");
        Value v = heads(n, 2, "kv_num_heads");
        long past = 0;
        Value newKeys = k;
        Value newValues = v;
        if (n.has(4) && n.has(5)) {
            past = n.shape(4).dim(2);
            newKeys = n.g.concat(2, n.f32(4), k);
            newValues = n.g.concat(2, n.f32(5), v);
        }
        Shape sq = q.type().shape();
        long keys = newKeys.type().shape().dim(2);
        k = shared(n, newKeys, sq.dim(1));
        v = shared(n, newValues, sq.dim(1));
        float scale = n.real("scale", 1 / Math.sqrt(sq.dim(3)));
        Value bias = bias(n, sq.dim(2), keys, past);
        var op = new MatrixOp.Attention(scale, bias != null);
        Value y = bias == null ? n.add(op, q, k, v) : n.add(op, q, k, v, bias);
        Shape s = y.type().shape();
        Value made = flat
                ? n.g.reshape(n.g.permute(y, 0, 2, 1, 3), s.dim(0), s.dim(2), s.dim(1) * s.dim(3))
                : y;
        n.out(made, newKeys, newValues);
    }

    /** (B, L, heads · D) as (B, heads, L, D), if it isn't so. */
    private static Value heads(Imported n, int i, String attribute) {
        Value v = n.f32(i);
        Shape s = v.type().shape();
        if (s.rank() == 4) {
            return v;
        }
        long heads = n.integer(attribute, 0);
        if (s.rank() != 3 || heads < 1 || s.dim(2) % heads != 0) {
            throw n.bad("has " + heads + " heads of " + s);
        }
        return n.g.permute(n.g.reshape(v, s.dim(0), s.dim(1), heads, s.dim(2) / heads), 0, 2, 1, 3);
    }

    /** Each head of keys for as many of queries as there are more of these. */
    private static Value shared(Imported n, Value v, long heads) {
        Shape s = v.type().shape();
        if (s.dim(1) == heads) {
            return v;
        }
        if (heads % s.dim(1) != 0) {
            throw n.bad("has " + heads + " heads of queries for " + s.dim(1) + " of keys");
        }
        long each = heads / s.dim(1);
        Value rows = n.g.reshape(v, s.dim(0) * s.dim(1), 1, s.dim(2) * s.dim(3));
        Value wide = n.add(new MoveOp.Expand(Shape.of(s.dim(0) * s.dim(1), each, s.dim(2) * s.dim(3))), rows);
        return n.g.reshape(wide, s.dim(0), heads, s.dim(2), s.dim(3));
    }

    /** What is added to the scores: a mask, −∞ where truth values say no, and −∞ for keys that come after their query. */
    private static @Nullable Value bias(Imported n, long queries, long keys, long past) {
        GraphBuilder g = n.g;
        if (n.has(6)) {
            throw n.refuse("takes how many keys are valid from a tensor");
        }
        Value mask = null;
        if (n.has(3)) {
            Operand given = n.in(3);
            if (given.shape().rank() > 0 && given.shape().dim(-1) != keys) {
                throw n.refuse("has a mask for " + given.shape().dim(-1) + " of " + keys + " keys");
            }
            mask = given.floating()
                    ? n.f32(3)
                    : n.add(new Where(), given.as(DType.U8, g), g.constant(0), g.constant(Float.NEGATIVE_INFINITY));
        }
        if (!n.flag("is_causal", false)) {
            return mask;
        }
        double[] later = new double[Math.toIntExact(queries * keys)];
        for (int i = 0; i < later.length; i++) {
            later[i] = i % keys > i / keys + past ? Double.NEGATIVE_INFINITY : 0;
        }
        Value causal = g
                .constant(HostTensor.of(Shape.of(queries, keys), Host.floats(Shape.of(later.length), later).toFloatArray()));
        return mask == null ? causal : g.add(mask, causal);
    }
}
