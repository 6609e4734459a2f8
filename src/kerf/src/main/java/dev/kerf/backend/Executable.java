package dev.kerf.backend;

import dev.kerf.graph.Graph;
import java.time.Duration;
import java.util.List;

/**
 * A graph compiled for one device and one shape. {@link #run} and {@link #submit} allocate nothing, on the Java heap or the
 * device; input and output slots keep their addresses, so that a recorded launch sequence stays valid.
 */
public interface Executable extends AutoCloseable {
    /**
     * Time of one node in a run.
     *
     * @param node  {@link dev.kerf.graph.Graph.Node#id} in the graph as recorded; a fused node goes by its last part
     * @param name  {@link dev.kerf.graph.Graph.Node#name}
     * @param what  the kernel or algorithm that ran
     * @param nanos time on the device
     * @param flops arithmetic operations of its kernels, on the CPU those of the direct form; 0 where a back end doesn't count them
     * @param bytes that its kernels have to read and write at least; 0 where a back end doesn't count them
     */
    record NodeTiming(int node, String name, String what, long nanos, long flops, long bytes) {}

    /**
     * Device memory of an executable, in bytes.
     *
     * @param activations planned once by liveness, with inputs, outputs and scratch
     * @param unshared    what the same values would take if none shared memory, for comparison
     * @param weights     packed weights that it uses, shared with other executables
     */
    record MemoryUse(long activations, long unshared, long weights) {}

    /** What it computes, as recorded. */
    Graph graph();

    /**
     * The slot of an input, to upload to; allocated unless {@link #bindInput} replaced it.
     *
     * @throws dev.kerf.error.BadInputException if there is no such input; names those that there are
     */
    DeviceTensor input(String name);

    /**
     * The slot of an output or of a kept stage, to download from or to bind to another executable's input. Its contents hold
     * until the next run. The executable owns it.
     */
    DeviceTensor output(String name);

    /**
     * Reads an input from another tensor of the same device, such as another executable's output, without a copy and without
     * a wait on the host. Stays bound until bound anew. Before the first run it costs nothing; later a recorded launch
     * sequence is changed where another tensor lies elsewhere, or made again by drivers that can't change one.
     */
    void bindInput(String name, DeviceTensor source);

    /** Uses this memory for a state; every state must be bound before the first run. */
    void bindState(String name, DeviceTensor.State state);

    /**
     * Runs once and waits, under the {@link Limit#current limit} of the calling thread. Errors of the run are thrown here.
     * After a run that a limit ended, outputs hold anything and so do states that it updates.
     *
     * @throws dev.kerf.error.DeadlineExceededException if the limit's time passes before it is done
     * @throws dev.kerf.error.CancelledException        if the limit is cancelled before it is done
     */
    void run();

    /**
     * Runs once and waits, but not longer than a limit.
     *
     * @throws dev.kerf.error.DeadlineExceededException if it is still under way then; it goes on, and the next run waits for it
     */
    void run(Duration limit);

    /** Runs once in the order of a stream and doesn't wait; errors are thrown by {@link Device.Stream#synchronize}. */
    void submit(Device.Stream stream);

    /** Runs until times are steady (at most the limit), on whatever the inputs hold; states are put back as they were. */
    void warmUp(Duration limit);

    /**
     * Time of each node in the last run, in order of execution.
     *
     * @throws dev.kerf.error.BadInputException unless compiled with {@link CompileOptions#profiled}
     */
    List<NodeTiming> timings();

    /** What memory it takes. */
    MemoryUse memory();

    /** Waits for work under way and frees everything that the executable owns. */
    @Override
    void close();
}
