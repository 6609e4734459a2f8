package dev.kerf.backend.cpu;

import dev.kerf.backend.cpu.kernel.Intake;
import dev.kerf.backend.cpu.kernel.KernelFamily;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.MatrixOp.MatMul;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.PointwiseOp.Arithmetic;
import dev.kerf.graph.PointwiseOp.Binary;
import dev.kerf.graph.SourceOp;
import dev.kerf.graph.SpatialOp.ConvTranspose2d;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.DType;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A graph whose nodes read what nothing else wants, sums and tokens as an image, as what it is made of, and rows without the zeros
 * around them: an {@link Intake} says so.
 */
final class Intakes {
    private final Graph graph;
    private final Collection<Integer> kept;
    private final List<Node> nodes = new ArrayList<>();
    private final Map<Integer, Intake> intakes = new HashMap<>();
    private final Map<Integer, Integer> parts;
    private int values;
    private int lastId;

    private Intakes(Graph graph, Collection<Value> kept, Map<Integer, Integer> parts) {
        this.parts = parts;
        this.graph = graph;
        this.kept = kept.stream().map(Value::id).collect(Collectors.toSet());
        this.values = graph.values();
        this.lastId = graph.nodes().stream().mapToInt(Node::id).max().orElse(-1);
    }

    /**
     * What was found.
     *
     * @param graph   without what they take in
     * @param intakes by the id of the node that has one
     */
    record Found(Graph graph, Map<Integer, Intake> intakes) {}

    /**
     * Finds them.
     *
     * @param kept  values that stay
     * @param parts by the id of a node that is made: the recorded node that it is part of
     */
    static Found of(Graph graph, Collection<Value> kept, List<KernelFamily> families, Map<Integer, Integer> parts) {
        Intakes t = new Intakes(graph, kept, parts);
        for (Node n : graph.nodes()) {
            KernelFamily family = families.stream().filter(f -> f.takes(n)).findFirst().orElse(null);
            boolean taken = family != null && switch (n.op()) {
                case MatMul m -> t.takeSum(n, family) || t.takePadded(n, family);
                case ConvTranspose2d c -> t.takeRows(n, family);
                default -> false;
            };
            if (!taken) {
                t.nodes.add(n);
            }
        }
        return t.intakes.isEmpty() ? new Found(graph, Map.of()) : new Found(t.finish(), t.intakes);
    }

    /** Puts a product in place that sums both parts of its second operand itself, if there are such and its kernel can. */
    private boolean takeSum(Node n, KernelFamily family) {
        Value read = n.input(1);
        Value made = graph.producer(read).op() instanceof MoveOp.Reshape ? graph.producer(read).input(0) : read;
        Node sum = graph.producer(made);
        if (!alone(read) || !alone(made) || !(sum.op() instanceof Binary b) || b.arithmetic() != Arithmetic.ADD
                || read.type().dtype() != DType.F32
                || !sum.inputs().stream().allMatch(v -> v.type().equals(made.type()) && v.count() == null && !fixed(v))
                || Updates.between(graph, sum, n)) {
            return false;
        }
        return put(n, 1, sum.inputs(), Intake.sum(1, b.activation()), family);
    }

    /** Puts a transposed convolution in place that reads tokens which were made an image for it. */
    private boolean takeRows(Node n, KernelFamily family) {
        Value read = n.input(0);
        Node reshape = graph.producer(read);
        Node permute = reshape.op() instanceof MoveOp.Reshape ? graph.producer(reshape.input(0)) : reshape;
        if (!(permute.op() instanceof MoveOp.Permute p) || !p.order().equals(List.of(0, 2, 1)) || !alone(read)
                || !alone(permute.output()) || read.type().dtype() != DType.F32 || permute.input(0).count() != null
                || read.type().shape().dim(0) != permute.output().type().shape().dim(0)
                || read.type().shape().dim(1) != permute.output().type().shape().dim(1) || fixed(permute.input(0))
                || Updates.between(graph, permute, n)) {
            return false;
        }
        return put(n, 0, permute.inputs(), Intake.rows(0), family);
    }

    /** Puts a product in place that reads rows without zeros around them; others may read them with the zeros. */
    private boolean takePadded(Node n, KernelFamily family) {
        Node pad = graph.producer(n.input(0));
        if (!(pad.op() instanceof MoveOp.Pad p) || p.mode() != MoveOp.PadMode.CONSTANT || p.value() != 0
                || n.input(0).type().dtype() != DType.F32 || pad.input(0).count() != null || n.input(0).count() != null
                || pad.input(0).type().shape().elements() == 0 || fixed(pad.input(0)) || Updates.between(graph, pad, n)) {
            return false;
        }
        Intake intake = Intake.padded(0, p);
        return family.takes(n, intake) && put(n, withOperand(n, 0, pad.input(0)), intake);
    }

    private boolean put(Node n, int operand, List<Value> instead, Intake intake, KernelFamily family) {
        if (!family.takes(n, intake)) {
            return false;
        }
        List<Value> in = withOperand(n, operand, shaped(n, instead.getFirst(), n.input(operand).type()));
        instead.stream().skip(1).forEach(v -> in.add(shaped(n, v, n.input(operand).type())));
        return put(n, in, intake);
    }

    private boolean put(Node n, List<Value> in, Intake intake) {
        nodes.add(new Node(n.id(), n.name(), n.op(), in, n.outputs()));
        intakes.put(n.id(), intake);
        return true;
    }

    private static List<Value> withOperand(Node n, int operand, Value v) {
        List<Value> in = new ArrayList<>(n.inputs());
        in.set(operand, v);
        return in;
    }

    /** Weights and constants are packed, or read, in their own way. */
    private boolean fixed(Value v) {
        return graph.producer(v).op() instanceof SourceOp.Weight || graph.producer(v).op() instanceof SourceOp.Constant;
    }

    private boolean alone(Value v) {
        List<Node> readers = graph.consumers(v);
        return !kept.contains(v.id()) && v.count() == null && readers.size() == 1
                && readers.getFirst().inputs().stream().filter(i -> i.id() == v.id()).count() == 1;
    }

    private Value shaped(Node n, Value v, TensorType type) {
        if (v.type().equals(type)) {
            return v;
        }
        Value y = new Value(values++, type, null, v.recording());
        int id = ++lastId;
        parts.put(id, n.id());
        nodes.add(new Node(id, "reshape:" + id, new MoveOp.Reshape(type.shape()), List.of(v), List.of(y)));
        return y;
    }

    /** Without what nothing reads any more. */
    private Graph finish() {
        List<Node> left = new ArrayList<>(nodes);
        for (Node n : nodes.reversed()) {
            boolean part = n.op() instanceof Binary || n.op() instanceof MoveOp.Reshape || n.op() instanceof MoveOp.Permute
                    || n.op() instanceof MoveOp.Pad;
            if (part && n.outputs().stream().noneMatch(v -> kept.contains(v.id()) || left.stream().anyMatch(
                    r -> r.inputs().stream()
                            .anyMatch(i -> i.id() == v.id() || i.count() != null && i.count().id() == v.id())))) {
                left.remove(n);
            }
        }
        return graph.with(left, values);
    }
}
