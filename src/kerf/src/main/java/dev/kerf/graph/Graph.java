package dev.kerf.graph;

import dev.kerf.error.BadInputException;
import dev.kerf.error.GraphException;
import dev.kerf.graph.SourceOp.WeightExpr;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A recorded model: nodes in an order of execution, named inputs, outputs, stages and states. Immutable and free of any
 * device; shared by threads and back ends.
 */
public final class Graph {
    private final List<Node> nodes;
    private final int values;
    private final Map<String, Value> outputs;
    private final Map<String, Value> stages;
    private final Map<String, Value> inputs = new LinkedHashMap<>();
    private final Map<String, Value> states = new LinkedHashMap<>();
    private final Node[] producers;
    private final List<List<Node>> consumers = new ArrayList<>();
    private final Map<Integer, Integer> positions = new HashMap<>();

    /**
     * @param nodes   in an order of execution
     * @param values  number of values; ids are below it
     * @param outputs what the caller reads, by name
     * @param stages  named intermediate results, which compile options may ask to keep
     */
    Graph(List<Node> nodes, int values, Map<String, Value> outputs, Map<String, Value> stages) {
        this.nodes = List.copyOf(nodes);
        this.values = values;
        this.outputs = Collections.unmodifiableMap(new LinkedHashMap<>(outputs));
        this.stages = Collections.unmodifiableMap(new LinkedHashMap<>(stages));
        this.producers = new Node[values];
        for (int i = 0; i < values; i++) {
            consumers.add(new ArrayList<>());
        }
        for (Node n : this.nodes) {
            positions.put(n.id(), positions.size());
            n.outputs().forEach(v -> producers[v.id()] = n);
            n.inputs().stream().distinct().forEach(v -> consumers.get(v.id()).add(n));
            if (n.op() instanceof SourceOp.Input in) {
                inputs.put(in.slot(), n.output());
            } else if (n.op() instanceof SourceOp.State s) {
                states.put(s.name(), n.output());
            }
        }
    }

    /**
     * This graph computed by other nodes: for passes. Stages that they don't make are gone.
     *
     * @param others in an order of execution; they make the same outputs
     * @param count  number of values; ids are below it
     * @throws GraphException if a node reads what none before it makes, or they don't make the outputs
     */
    public Graph with(List<Node> others, int count) {
        Set<Integer> made = new HashSet<>();
        for (Node n : others) {
            if (!n.inputs().stream().allMatch(v -> made.contains(v.id()))
                    || !n.outputs().stream().allMatch(v -> v.id() >= 0 && v.id() < count && made.add(v.id()))) {
                throw new GraphException(n + " doesn't stand where its operands are made, or makes what is made already or "
                        + "not one of " + count + " values");
            }
        }
        if (!outputs.values().stream().allMatch(v -> made.contains(v.id()))) {
            throw new GraphException("the nodes don't make all of the outputs " + outputs);
        }
        Map<String, Value> left = new LinkedHashMap<>(stages);
        left.values().removeIf(v -> !made.contains(v.id()));
        return new Graph(others, count, outputs, left);
    }

    /** All nodes; operands come from nodes before it. As recorded, node i has id i. */
    public List<Node> nodes() {
        return nodes;
    }

    /** The position in {@link #nodes} of the node with an id. */
    public int position(int node) {
        Integer at = positions.get(node);
        if (at == null) {
            throw new GraphException("the graph has no node " + node);
        }
        return at;
    }

    /** Number of values; their ids are 0 … this − 1. */
    public int values() {
        return values;
    }

    /** Input slots in order of recording. */
    public Map<String, Value> inputs() {
        return Collections.unmodifiableMap(inputs);
    }

    /** What the caller reads, in order of recording. */
    public Map<String, Value> outputs() {
        return outputs;
    }

    /** Named intermediate results. */
    public Map<String, Value> stages() {
        return stages;
    }

    /** States in order of recording. */
    public Map<String, Value> states() {
        return Collections.unmodifiableMap(states);
    }

    /** The node that makes a value. */
    public Node producer(Value v) {
        return producers[own(v)];
    }

    private int own(Value v) {
        if (v.id() < 0 || v.id() >= producers.length) {
            throw new GraphException(v + " is no value of the graph");
        }
        return v.id();
    }

    /** The nodes that read a value, in order; a node that reads it twice stands once. Counts are read too: see {@link #countReaders}. */
    public List<Node> consumers(Value v) {
        return Collections.unmodifiableList(consumers.get(own(v)));
    }

    /** The values whose valid rows {@code count} tells. */
    public List<Value> countReaders(Value count) {
        return nodes.stream()
                .flatMap(n -> n.outputs().stream())
                .filter(v -> v.count() != null && v.count().id() == count.id())
                .toList();
    }

    /**
     * The outputs and, of the stages, those asked for: what an executable keeps for the caller.
     *
     * @throws BadInputException if there is no such stage; names those that there are
     */
    public Map<String, Value> kept(Set<String> stageNames) {
        Map<String, Value> kept = new LinkedHashMap<>(outputs);
        for (String s : stageNames) {
            Value v = stages.getOrDefault(s, outputs.get(s));
            if (v == null) {
                throw new BadInputException("no stage '" + s + "'; the graph has " + stages.keySet());
            }
            kept.put(s, v);
        }
        return kept;
    }

    /** All weight expressions, each once, in order of first use. */
    public List<WeightExpr> weights() {
        return nodes.stream()
                .filter(n -> n.op() instanceof SourceOp.Weight)
                .map(n -> ((SourceOp.Weight) n.op()).expr())
                .distinct()
                .toList();
    }

    /** One line a node. */
    @Override
    public String toString() {
        StringBuilder s = new StringBuilder();
        nodes.forEach(n -> s.append(n).append('\n'));
        return s.append("outputs ").append(outputs).append(", stages ").append(stages).toString();
    }

    /**
     * One op applied to values. Nodes stand in the order of recording, which is an order of execution.
     *
     * @param id      position in order of recording, from 0; a fused node has its last part's, and weights that fusion folded
     *                have later ones. What timings and errors refer to
     * @param name    scope path and op, unique in the graph, such as {@code down1/conv2d_1}
     * @param op      what is computed
     * @param inputs  operands, in the order that the op's record states
     * @param outputs results
     */
    public record Node(int id, String name, Op op, List<Value> inputs, List<Value> outputs) {
        /** Copies the lists. */
        public Node {
            inputs = List.copyOf(inputs);
            outputs = List.copyOf(outputs);
        }

        /**
         * The only output of a node that has one.
         *
         * @throws GraphException if it has more
         */
        public Value output() {
            if (outputs.size() != 1) {
                throw new GraphException(name + " has " + outputs.size() + " outputs");
            }
            return outputs.getFirst();
        }

        /**
         * Operand {@code i}.
         *
         * @throws GraphException if there is none
         */
        public Value input(int i) {
            if (i < 0 || i >= inputs.size()) {
                throw new GraphException(name + " has " + inputs.size() + " operands, none of number " + i);
            }
            return inputs.get(i);
        }

        /** Such as {@code 3 down1/conv2d_1 Conv2d[...] (%2, %3) -> (%4)}. */
        @Override
        public String toString() {
            return id + " " + name + " " + op + " " + inputs + " -> " + outputs;
        }
    }

    /**
     * A tensor in a graph: one output of one node.
     *
     * <p>A value may have a <em>count</em>: another value, int32, computed on the device, that says how many rows are valid. The
     * shape is then a capacity. The rank of the count says along which axis: a scalar count counts rows of axis 0 of (capacity,
     * …); a count of shape (B) counts rows of axis 1 of (B, capacity, …), for each of the B items. Rows past the count hold
     * anything; kernels loop to the count and neither read nor write them.
     *
     * @param id        unique in its graph, counted from 0 in order of recording
     * @param type      dtype and extents
     * @param count     the number of valid rows; none when all are
     * @param recording the identity of the graph that it belongs to, fused or not
     */
    public record Value(int id, TensorType type, @Nullable Value count, Object recording) {
        /** The axis that {@link #count} counts along; −1 when every row is valid. */
        public int countAxis() {
            return count == null ? -1 : count.type().shape().rank();
        }

        /** Such as {@code %7:F32[1, 64, 96, 128]}. */
        @Override
        public String toString() {
            return "%" + id + ":" + type + (count == null ? "" : " count %" + count.id());
        }
    }
}
