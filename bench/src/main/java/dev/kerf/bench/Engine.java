package dev.kerf.bench;

import dev.kerf.graph.Graph;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Weights;
import java.time.Duration;
import java.util.Map;

/** What runs a graph: a back end of Kerf or a peer. Inputs are in place before the first run. */
interface Engine extends AutoCloseable {
    /** The peer that Kerf is measured against. */
    String ONNX_RUNTIME = "onnxruntime";

    /** Runs once and waits. */
    void run();

    /** The values of an output after a run. */
    HostTensor output(String name);

    @Override
    void close();

    /** Runs for so long, and at least three times, so that code is compiled and caches are warm. */
    default void warmUp(Duration least) {
        long end = System.nanoTime() + least.toNanos();
        for (int i = 0; i < 3 || System.nanoTime() < end; i++) {
            run();
        }
    }

    /**
     * Opens an engine on a graph.
     *
     * @param name    {@link #ONNX_RUNTIME}, or a device of Kerf such as {@code cpu} or {@code opencl:0}
     * @param threads how many threads a peer may use; Kerf uses what the JVM has
     */
    static Engine open(String name, Graph graph, Weights weights, Map<String, HostTensor> inputs, int threads) {
        return name.equals(ONNX_RUNTIME)
                ? OnnxRuntimeEngine.open(graph, weights, inputs, threads)
                : KerfEngine.open(name, graph, weights, inputs);
    }
}
