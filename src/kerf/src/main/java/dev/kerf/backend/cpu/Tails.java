package dev.kerf.backend.cpu;

import dev.kerf.backend.cpu.kernel.KernelFamily;
import dev.kerf.backend.cpu.kernel.Tail;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.NormOp.LayerNorm;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.PointwiseOp.Arithmetic;
import dev.kerf.graph.PointwiseOp.Binary;
import dev.kerf.graph.PointwiseOp.Unary;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A graph whose nodes do more than their ops say: a layer norm of the channels, an activation, a transposition or a sum after a
 * node whose kernel can do them to what it has in the cache become its {@link Tail}. It stands where the last of them stood.
 */
final class Tails {
    private final Graph graph;
    private final Collection<Integer> kept;
    private final List<KernelFamily> families;
    private final Map<Integer, Tail> tails = new HashMap<>();
    private final Map<Integer, Integer> heads = new HashMap<>();

    private Tails(Graph graph, Collection<Value> kept, List<KernelFamily> families) {
        this.graph = graph;
        this.kept = kept.stream().map(Value::id).collect(Collectors.toSet());
        this.families = families;
    }

    /**
     * What was found.
     *
     * @param graph without the nodes that became tails
     * @param tails by the id of the node that has one
     * @param heads the id that such a node had without it
     */
    record Found(Graph graph, Map<Integer, Tail> tails, Map<Integer, Integer> heads) {}

    /** @param kept values that stay */
    static Found of(Graph graph, Collection<Value> kept, List<KernelFamily> families) {
        Tails t = new Tails(graph, kept, families);
        Map<Integer, Node> instead = new HashMap<>();
        List<Integer> gone = new ArrayList<>();
        for (Node n : graph.nodes()) {
            if (!gone.contains(n.id()) && !instead.containsKey(n.id())) {
                t.extend(n, instead, gone);
            }
        }
        List<Node> nodes = graph.nodes().stream().filter(n -> !gone.contains(n.id()))
                .map(n -> instead.getOrDefault(n.id(), n)).toList();
        return instead.isEmpty()
                ? new Found(graph, Map.of(), Map.of())
                : new Found(graph.with(nodes, graph.values()), t.tails, t.heads);
    }

    private void extend(Node head, Map<Integer, Node> instead, List<Integer> gone) {
        KernelFamily family = families.stream().filter(f -> f.takes(head)).findFirst().orElse(null);
        if (head.outputs().size() != 1 || family == null) {
            return;
        }
        List<Node> all = new ArrayList<>(List.of(head));
        List<Value> operands = new ArrayList<>(head.inputs());
        Tail tail = Tail.NONE;
        for (Step s = step(head, tail, head.output()); s != null && family.takes(head, s.tail); s = step(head, tail,
                all.getLast().output())) {
            all.addAll(s.nodes);
            operands.addAll(s.operands);
            tail = s.tail;
        }
        Node last = all.getLast();
        if (all.size() == 1 || Updates.between(graph, head, last)) {
            return;
        }
        all.subList(0, all.size() - 1).forEach(n -> gone.add(n.id()));
        instead.put(last.id(), new Node(last.id(), last.name(), head.op(), operands, last.outputs()));
        tails.put(last.id(), tail);
        heads.put(last.id(), head.id());
    }

    /** What a tail grows by: nodes, their operands beside what the tail has made so far, the longer tail. */
    private record Step(List<Node> nodes, List<Value> operands, Tail tail) {}

    /** What follows a value that a head and a tail make and could be part of the tail; null for nothing. */
    private Step step(Node head, Tail t, Value v) {
        Node next = reader(v);
        if (next == null || t.transposed() || t.residual()) {
            return null;
        }
        return switch (next.op()) {
            case LayerNorm n when t.equals(Tail.NONE) && n.axis() == 1 && next.input(0).id() == v.id() ->
                new Step(List.of(next), next.inputs().subList(1, 3), new Tail(true, n.eps(), Activation.NONE, false, false));
            case Unary u when t.activation() == Activation.NONE -> Arrays.stream(Activation.values())
                    .filter(a -> a.name().equals(u.function().name()))
                    .map(a -> new Step(List.of(next), List.of(), new Tail(t.norm(), t.eps(), a, false, false)))
                    .findFirst().orElse(null);
            case MoveOp.Permute p when lastChannels(p) -> transposed(t, List.of(next));
            case MoveOp.Reshape r when head.op() instanceof MoveOp.Permute -> sum(t, next, reader(next.output()));
            case MoveOp.Reshape r when r.shape().rank() == 3 && v.type().shape().rank() > 3
                    && r.shape().dim(1) == v.type().shape().dim(1) && r.shape().dim(0) == v.type().shape().dim(0)
                    && reader(next.output()) instanceof Node n && n.op() instanceof MoveOp.Permute p && lastChannels(p) ->
                transposed(t, List.of(next, n));
            default -> null;
        };
    }

    /** Whether (B, C, …) becomes (B, …, C). */
    private static boolean lastChannels(MoveOp.Permute p) {
        return p.order().equals(List.of(0, 2, 1)) || p.order().equals(List.of(0, 2, 3, 1));
    }

    private static Step transposed(Tail t, List<Node> nodes) {
        return new Step(nodes, List.of(), new Tail(t.norm(), t.eps(), t.activation(), true, false));
    }

    /** A sum of what a reshape makes and something of its type. */
    private static Step sum(Tail t, Node reshape, Node sum) {
        if (sum == null || !(sum.op() instanceof Binary b) || b.arithmetic() != Arithmetic.ADD
                || b.activation() != Activation.NONE) {
            return null;
        }
        List<Value> others = sum.inputs().stream().filter(v -> v.id() != reshape.output().id()).toList();
        return others.stream().allMatch(v -> v.type().equals(reshape.output().type()) && v.count() == null)
                ? new Step(List.of(reshape, sum), others, new Tail(t.norm(), t.eps(), t.activation(), false, true))
                : null;
    }

    /** The one node that reads a value, once, if nobody keeps it and its rows aren't counted. */
    private Node reader(Value v) {
        List<Node> readers = graph.consumers(v);
        return !kept.contains(v.id()) && v.count() == null && readers.size() == 1 && readers.getFirst().outputs().size() == 1
                && readers.getFirst().inputs().stream().filter(i -> i.id() == v.id()).count() == 1
                        ? readers.getFirst()
                        : null;
    }
}
