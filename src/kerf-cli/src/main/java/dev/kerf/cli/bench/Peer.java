package dev.kerf.cli.bench;

import dev.kerf.error.BadInputException;
import dev.kerf.error.UnsupportedOpException;
import dev.kerf.graph.Graph;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.stream.Stream;

/**
 * Another engine that Kerf is measured beside: the same graph, weights and inputs, on the CPU. Found with {@link ServiceLoader}:
 * the module {@code bench} has ONNX Runtime; a jar with one may lie in the application image's {@code lib}, too. PyTorch, which
 * runs in a process of Python, isn't one of them.
 */
public interface Peer {
    /** As options and reports name it, such as {@code onnxruntime}. */
    String name();

    /** Of the engine. */
    String version();

    /**
     * Makes a graph ready.
     *
     * @param weights its weights; null if it has none
     * @param inputs  by name
     * @param threads that a run may use
     * @throws dev.kerf.error.KerfException if it doesn't take the graph
     */
    Session open(Graph graph, Weights weights, Map<String, HostTensor> inputs, int threads);

    /**
     * What it makes of every node of an ONNX model, by the names of the nodes' results; those whose element types Kerf hasn't are
     * left out.
     *
     * @param model  the model's file
     * @param inputs by name
     * @throws dev.kerf.error.KerfException if it doesn't take the model, or doesn't tell what nodes make
     */
    default Map<String, HostTensor> values(Path model, Map<String, HostTensor> inputs) {
        throw new UnsupportedOpException(name() + " doesn't tell what nodes of " + model + " make");
    }

    /** All that are on the class path. */
    static List<Peer> all() {
        return ServiceLoader.load(Peer.class, Peer.class.getClassLoader()).stream().map(ServiceLoader.Provider::get).toList();
    }

    /**
     * The one of a name.
     *
     * @throws BadInputException if there is none; names those that there are
     */
    static Peer named(String name) {
        return all().stream().filter(p -> p.name().equals(name)).findFirst().orElseThrow(() -> new BadInputException(
                "no peer '" + name + "' on the class path; there are "
                        + Stream.concat(Stream.of(Torch.NAME), all().stream().map(Peer::name)).toList()
                        + ": bench/README.md says how to have one"));
    }
}
