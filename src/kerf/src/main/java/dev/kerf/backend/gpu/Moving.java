package dev.kerf.backend.gpu;

import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.LayoutOp.Moved;
import dev.kerf.graph.MatrixOp.MatMul;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.PointwiseOp.Cast;
import dev.kerf.graph.StateOp;
import dev.kerf.graph.plan.Fusion;
import dev.kerf.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Matrix products that read rows where they lie, in place of moves before them ({@link Moved}), where the device's kernel can: tokens
 * cut to a grid or filled up to whole windows are neither written nor read by themselves. So is what a product's sums are added to,
 * every second token of a row, say, and where it is stored in fewer bits than the sums.
 *
 * <pre>{@code
 * Graph g = Moving.fuse(target, keepStages);
 * }</pre>
 */
final class Moving {
    /**
     * Where an operand's rows come from.
     *
     * @param value what is read
     * @param moves between it and the operand
     */
    private record Source(Value value, List<MoveOp> moves) {}

    private final Target target;
    private final Graph graph;

    private Moving(Target target) {
        this.target = target;
        this.graph = target.graph();
    }

    /** The target's graph, fused and with explicit storage, with such products. */
    static Graph fuse(Target target, Set<String> keepStages) {
        Moving m = new Moving(target);
        List<Node> nodes = new ArrayList<>();
        boolean any = false;
        for (Node n : m.graph.nodes()) {
            Node moved = n.op() instanceof MatMul op ? m.moved(n, op) : null;
            nodes.add(moved == null ? n : moved);
            any |= moved != null;
        }
        return any ? Fusion.prune(m.graph.with(nodes, m.graph.values()), keepStages) : m.graph;
    }

    /** A product that reads its rows where they lie; null if they lie in order or the kernel can't. */
    private @Nullable Node moved(Node n, MatMul op) {
        Source left = source(n, n.input(0), false);
        Source added = op.residual() ? source(n, n.inputs().getLast(), true) : null;
        Node both = node(n, op, left, added);
        Node one = both == null && left != null && added != null ? node(n, op, left, null) : both;
        return one == null && left != null && added != null ? node(n, op, null, added) : one;
    }

    private @Nullable Node node(Node n, MatMul op, @Nullable Source left, @Nullable Source added) {
        if (left == null && added == null) {
            return null;
        }
        List<Value> in = new ArrayList<>(n.inputs());
        if (left != null) {
            in.set(0, left.value);
        }
        if (added != null) {
            in.set(in.size() - 1, added.value);
        }
        Node made = new Node(n.id(), n.name(),
                new Moved(op, left == null ? List.of() : left.moves, added == null ? List.of() : added.moves), in, n.outputs());
        // As it was: a float32 product stays one, whatever what it adds is stored as.
        return MatrixRules.moves(made, target.at(n)) ? made : null;
    }

    /**
     * Where the rows of an operand come from, as far back as moves lead; null where the operand is a view of them.
     *
     * @param added whether it is what sums are added to, which may be stored in fewer bits and has no zeros
     */
    private @Nullable Source source(Node reader, Value operand, boolean added) {
        Source found = null;
        List<MoveOp> moves = new ArrayList<>();
        Value at = operand;
        while (at.count() == null) {
            Node maker = graph.producer(at);
            boolean converts = added && maker.op() instanceof Cast && at.type().dtype() == DType.F32
                    && maker.input(0).type().dtype() == target.storage().dtype();
            if (maker.op() instanceof MoveOp m && maker.inputs().size() == 1
                    && RowTable.keeps(m, maker.input(0).type().shape(), at.type().shape())) {
                moves.addFirst(m);
            } else if (!converts) {
                break;
            }
            at = maker.input(0);
            int[] rows = RowTable.of(at.type().shape(), moves);
            if (added && RowTable.zeros(rows) || updates(maker, reader)) {
                break;
            }
            if (converts || !RowTable.follow(rows) || !moves.stream().allMatch(Moving::view)) {
                found = new Source(at, List.copyOf(moves));
            }
        }
        return found;
    }

    /** Whether a move can cost nothing where the rows that it gives stand one behind the other. */
    private static boolean view(MoveOp m) {
        return m instanceof MoveOp.Reshape || m instanceof MoveOp.Slice s && s.step() == 1;
    }

    /** Whether a state is updated between a node and a later one: what the first reads may be another one's then. */
    private boolean updates(Node first, Node last) {
        return graph.nodes().subList(graph.position(first.id()), graph.position(last.id())).stream()
                .anyMatch(n -> n.op() instanceof StateOp);
    }
}
