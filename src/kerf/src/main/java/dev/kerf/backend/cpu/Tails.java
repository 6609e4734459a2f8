package dev.kerf.backend.cpu;

import dev.kerf.backend.cpu.kernel.KernelFamily;
import dev.kerf.backend.cpu.kernel.Tail;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.NormOp.LayerNorm;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.PointwiseOp.Unary;
import dev.kerf.graph.StateOp;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A graph whose nodes do more than their ops say: a layer norm of the channels and an activation after a node whose kernel can do
 * them to what it has in the cache become its {@link Tail}. It stands where the last of them stood.
 */
final class Tails {
    private final Graph graph;
    private final Collection<Integer> kept;
    private final List<KernelFamily> families;
    private final Map<Integer, Tail> tails = new HashMap<>();

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
     */
    record Found(Graph graph, Map<Integer, Tail> tails) {}

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
        return instead.isEmpty() ? new Found(graph, Map.of()) : new Found(graph.with(nodes, graph.values()), t.tails);
    }

    private void extend(Node head, Map<Integer, Node> instead, List<Integer> gone) {
        KernelFamily family = families.stream().filter(f -> f.takes(head)).findFirst().orElse(null);
        if (head.outputs().size() != 1 || family == null) {
            return;
        }
        List<Node> all = new ArrayList<>(List.of(head));
        List<Value> operands = new ArrayList<>(head.inputs());
        Tail tail = Tail.NONE;
        for (Node next = reader(all.getLast()); next != null; next = reader(all.getLast())) {
            Tail longer = longer(tail, all.getLast().output(), next);
            if (longer == null || !family.takes(head, longer)) {
                break;
            }
            next.inputs().stream().filter(v -> v.id() != all.getLast().output().id()).forEach(operands::add);
            all.add(next);
            tail = longer;
        }
        Node last = all.getLast();
        if (all.size() == 1 || graph.nodes().subList(graph.position(head.id()), graph.position(last.id())).stream()
                .anyMatch(n -> n.op() instanceof StateOp)) {
            return;
        }
        all.subList(0, all.size() - 1).forEach(n -> gone.add(n.id()));
        instead.put(last.id(), new Node(last.id(), last.name(), head.op(), operands, last.outputs()));
        tails.put(last.id(), tail);
    }

    /** The tail with one node more; null if that is none for it. */
    private static Tail longer(Tail t, Value v, Node next) {
        if (t.activation() != Activation.NONE || !next.output().type().equals(v.type())) {
            return null;
        }
        return switch (next.op()) {
            case LayerNorm n when n.axis() == 1 && !t.norm() && next.input(0).id() == v.id() ->
                new Tail(true, n.eps(), Activation.NONE);
            case Unary u -> Arrays.stream(Activation.values()).filter(a -> a.name().equals(u.function().name()))
                    .map(a -> new Tail(t.norm(), t.eps(), a)).findFirst().orElse(null);
            default -> null;
        };
    }

    /** The one node that reads what a node makes, once, if nobody keeps it and its rows aren't counted. */
    private Node reader(Node n) {
        Value v = n.output();
        List<Node> readers = graph.consumers(v);
        return !kept.contains(v.id()) && v.count() == null && readers.size() == 1 && readers.getFirst().outputs().size() == 1
                && readers.getFirst().inputs().stream().filter(i -> i.id() == v.id()).count() == 1
                        ? readers.getFirst()
                        : null;
    }
}
