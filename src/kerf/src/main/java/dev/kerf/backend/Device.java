package dev.kerf.backend;

import dev.kerf.graph.Graph;
import dev.kerf.graph.TensorType;
import dev.kerf.weights.Weights;
import org.jspecify.annotations.Nullable;

/**
 * An opened device. Thread-safe. Closing it closes everything made on it; work under way is waited for.
 */
public interface Device extends AutoCloseable {
    /** What it is. */
    DeviceInfo info();

    /**
     * Makes a weight file available to executables on this device. Tensors are packed and copied when an executable first
     * needs them, once for each (tensor, layout, dtype, algorithm), and shared. The file must stay open as long as new
     * graphs are compiled with it.
     */
    DeviceWeights load(Weights weights);

    /**
     * Compiles a graph for its one static shape. All memory is allocated and all kernels are built here.
     *
     * @param graph   what to compute
     * @param weights numbers for its {@link dev.kerf.graph.SourceOp.Weight}s, if it has any
     * @param options precision, stages to keep, memory limit
     * @throws dev.kerf.error.UnsupportedOpException if the back end can't do an op, dtype, attribute or precision; names it
     * @throws dev.kerf.error.BadWeightsException    if a tensor is missing or misshapen
     * @throws dev.kerf.error.DeviceException        if the device has too little memory, or the limit is too low
     */
    Executable compile(Graph graph, @Nullable DeviceWeights weights, CompileOptions options);

    /** A zeroed tensor on this device that the caller owns: an input to bind, or a copy of a result to keep. */
    DeviceTensor allocate(TensorType type);

    /** A zeroed state on this device that the caller owns; may be bound to several executables. */
    StateTensor allocateState(TensorType type);

    /**
     * Zeroed host memory that the caller owns and this device copies from and to fastest. It takes pages away from
     * everything else on the machine: get it once, for what each run copies.
     *
     * @param bytes its size, at least 1
     */
    HostMemory hostMemory(long bytes);

    /** A new stream. */
    Stream stream();

    /** Bytes of device memory held by everything made on it. */
    long memoryInUse();

    @Override
    void close();
}
