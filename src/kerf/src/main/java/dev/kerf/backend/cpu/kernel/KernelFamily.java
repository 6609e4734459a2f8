package dev.kerf.backend.cpu.kernel;

import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Kernels for some ops: asked first whether it takes a node, then what the node needs, then for the kernels. Stateless. */
public interface KernelFamily {
    /** Whether it has kernels for this node: op, attributes and shapes. */
    boolean takes(Node node);

    /** Whether its kernel of a node that it takes can do a tail, too. */
    default boolean takes(Node node, Tail tail) {
        return tail.equals(Tail.NONE);
    }

    /** Whether its kernel of a node that it takes can take in an operand so. */
    default boolean takes(Node node, Intake intake) {
        return intake.equals(Intake.NONE);
    }

    /** Floats of scratch of a node with a tail. */
    default long scratchFloats(Node node, Tail tail, int workers) {
        return scratchFloats(node, workers);
    }

    /**
     * What a node can be computed with at once, if that is worth it; null to have it by itself.
     *
     * @param free whether nobody outside wants a value
     */
    @Nullable
    Compound compound(Node last, Graph graph, Predicate<Value> free, int workers);

    /** Floats of scratch that the node's kernels need, for the given number of threads; 0 for none. */
    long scratchFloats(Node node, int workers);

    /**
     * Whether the node's kernels honour {@link Operand#batchStride} of this operand or result. If not, it is dense. Weights and
     * constants always are.
     */
    boolean strided(Node node, Value value);

    /** What will run, in a few words for node timings, such as {@code winograd 4x4}. */
    String algorithm(Node node);

    /** The kernels of a node, to be run one after another. */
    List<Kernel> build(Site site);
}
