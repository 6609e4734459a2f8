package dev.kerf.backend.gpu;

import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.LayoutOp.Turned;
import dev.kerf.graph.MatrixOp;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.StateOp;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Rotary embeddings that the kernel of the product before them does ({@link Turned}), where the device's kernel can: the product's
 * result is then neither written nor read.
 *
 * <pre>{@code
 * Graph g = Turning.fuse(target, kept);   // kept: values that the caller reads
 * }</pre>
 */
final class Turning {
    private final Target target;
    private final Graph graph;
    private final Set<Integer> kept = new HashSet<>();
    private final Set<Integer> absorbed = new HashSet<>();

    private Turning(Target target, Collection<Value> kept) {
        this.target = target;
        this.graph = target.graph();
        kept.forEach(v -> this.kept.add(v.id()));
    }

    /** The target's graph, fused and with explicit storage, with such products. */
    static Graph fuse(Target target, Collection<Value> kept) {
        return new Turning(target, kept).fused();
    }

    private Graph fused() {
        Map<Integer, Node> made = new HashMap<>();
        for (Node n : graph.nodes()) {
            Node turned = n.op() instanceof MatrixOp.Rotary ? turned(n) : null;
            if (turned != null) {
                made.put(n.id(), turned);
            }
        }
        if (made.isEmpty()) {
            return graph;
        }
        List<Node> nodes = new ArrayList<>();
        for (Node n : graph.nodes()) {
            if (!absorbed.contains(n.id())) {
                nodes.add(made.getOrDefault(n.id(), n));
            }
        }
        return graph.with(nodes, graph.values());
    }

    /** A rotation and the product that it alone reads as one node; null if they can't be. */
    private @Nullable Node turned(Node rotary) {
        List<Integer> before = new ArrayList<>();
        Node made = maker(rotary.input(0));
        while (made != null && made.op() instanceof MoveOp.Reshape) {
            before.add(made.id());
            made = maker(made.input(0));
        }
        if (made == null || !(made.op() instanceof MatrixOp.MatMul m) || m.residual() || m.activation() != Activation.NONE
                || made.output().type().dtype() != rotary.output().type().dtype()) {
            return null;
        }
        before.add(made.id());
        Shape y = rotary.output().type().shape();
        List<Value> in = new ArrayList<>(made.inputs());
        in.addAll(rotary.inputs().subList(1, 3));
        Node node = new Node(rotary.id(), made.name(), new Turned(m, y), in, rotary.outputs());
        boolean updates = graph.nodes().subList(graph.position(made.id()), graph.position(rotary.id())).stream()
                .anyMatch(n -> n.op() instanceof StateOp);
        if (updates || !MatrixRules.turns(node, target.at(rotary))) {
            return null;
        }
        absorbed.addAll(before);
        return node;
    }

    /** What makes a value that one node alone reads. */
    private @Nullable Node maker(Value v) {
        return kept.contains(v.id()) || v.count() != null || graph.consumers(v).size() != 1 ? null : graph.producer(v);
    }
}
