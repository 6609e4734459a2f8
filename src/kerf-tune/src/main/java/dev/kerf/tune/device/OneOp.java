package dev.kerf.tune.device;

import dev.kerf.graph.BoxOp;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.SourceOp;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** A node taken out of its graph, with numbers for what it is given there. */
final class OneOp {
    private OneOp() {}

    /** The op as a graph of its own; its outputs are y0, y1 … */
    static Graph graph(Node n, Graph from) {
        GraphBuilder g = new GraphBuilder();
        Map<Integer, Value> made = new LinkedHashMap<>();
        Value[] operands = new Value[n.inputs().size()];
        for (int i = 0; i < operands.length; i++) {
            Value v = n.input(i);
            Value same = made.get(v.id());
            operands[i] = same != null ? same : operand(g, v, i, from, made);
            made.put(v.id(), operands[i]);
        }
        List<Value> out = g.add(n.op(), operands);
        for (int i = 0; i < out.size(); i++) {
            g.output("y" + i, out.get(i));
        }
        return g.build();
    }

    private static Value operand(GraphBuilder g, Value v, int i, Graph from, Map<Integer, Value> made) {
        if (from.producer(v).op() instanceof SourceOp.Constant c) {
            return g.constant(c.value());
        }
        if (from.producer(v).op() instanceof SourceOp.Weight) {
            return g.constant(draw(recorded(v), i, null));
        }
        if (v.count() == null) {
            return g.input("x" + i, recorded(v));
        }
        Value count = made.computeIfAbsent(v.count().id(), _ -> g.input("n" + i, v.count().type()));
        return g.input("x" + i, recorded(v), count);
    }

    /** What users bind: numbers that are stored in 16 bits are float32 to them. */
    private static TensorType recorded(Value v) {
        return v.type().dtype().floating() ? v.type().as(DType.F32) : v.type();
    }

    /** Numbers for the inputs; counts are as large as can be. */
    static Map<String, HostTensor> numbers(Node n, Graph from) {
        Map<String, HostTensor> all = new LinkedHashMap<>();
        Map<Integer, Integer> seen = new LinkedHashMap<>();
        for (int i = 0; i < n.inputs().size(); i++) {
            Value v = n.input(i);
            boolean source = from.producer(v).op() instanceof SourceOp.Constant
                    || from.producer(v).op() instanceof SourceOp.Weight;
            if (source || seen.putIfAbsent(v.id(), i) != null) {
                continue;
            }
            all.put("x" + i, draw(recorded(v), i, n));
            if (v.count() != null && seen.putIfAbsent(v.count().id(), i) == null) {
                HostTensor count = HostTensor.zeros(v.count().type().dtype(), v.count().type().shape());
                for (long k = 0; k < count.elements(); k++) {
                    count.setDouble(k, v.type().shape().dim(v.countAxis()));
                }
                all.put("n" + i, count);
            }
        }
        return all;
    }

    /** Multiples of 2⁻¹⁰ in [−1, 1), exact in float16 too; boxes on an image of 256; whole numbers that index what there is. */
    private static HostTensor draw(TensorType type, int seed, Node n) {
        HostTensor t = HostTensor.zeros(type.dtype(), type.shape());
        Random random = new Random(seed);
        boolean boxes = n != null && n.op() instanceof BoxOp && !(n.op() instanceof BoxOp.DecodeBoxes)
                && type.dtype().floating()
                && type.shape().rank() > 1 && type.shape().dim(type.shape().rank() - 1) == 4;
        long rows = n == null ? 1 : n.input(0).type().shape().rank() == 0 ? 1 : n.input(0).type().shape().dim(0);
        for (long i = 0; i < t.elements(); i++) {
            if (boxes) {
                t.setDouble(i, i % 4 < 2 ? random.nextInt(1600) / 8.0 : t.getDouble(i - 2) + 1 + random.nextInt(440) / 8.0);
            } else if (type.dtype().floating()) {
                t.setDouble(i, (random.nextInt(2048) - 1024) / 1024.0);
            } else {
                t.setDouble(i, random.nextInt((int) Math.min(Math.max(1, rows), 2)));
            }
        }
        return t;
    }
}
