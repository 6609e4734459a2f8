package dev.kerf.backend.cpu.kernel;

import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;

/** Nodes that one kernel computes, the last of which alone reads what the others make: that then lies nowhere. */
public interface Compound {
    /** The nodes before the last. */
    List<Node> before();

    /** Floats of scratch for some threads; 0 for none. */
    long scratchFloats(int workers);

    /** What runs, in a few words for node timings. */
    String algorithm();

    /** The kernel, of what each node is built from; scratch is the last one's. */
    Kernel build(Function<Node, Site> sites);

    /**
     * Whether a node is the only reader of a value, once, and nobody outside wants it.
     *
     * @param free whether nobody outside wants a value
     */
    static boolean only(Value v, Node reader, Graph graph, Predicate<Value> free) {
        List<Node> readers = graph.consumers(v);
        return readers.size() == 1 && readers.getFirst().id() == reader.id() && free.test(v)
                && reader.inputs().stream().filter(i -> i.id() == v.id()).count() == 1;
    }
}
