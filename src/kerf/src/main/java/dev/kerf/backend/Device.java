package dev.kerf.backend;

import dev.kerf.error.ClosedException;
import dev.kerf.error.DeadlineExceededException;
import dev.kerf.error.UnsupportedOpException;
import dev.kerf.graph.Graph;
import dev.kerf.graph.TensorType;
import dev.kerf.weights.Weights;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * An opened device. Thread-safe. Closing it closes everything made on it; work under way is waited for.
 */
public interface Device extends AutoCloseable {
    /** What it is. */
    Info info();

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
    DeviceTensor.State allocateState(TensorType type);

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

    /**
     * What is known of a device before it is used.
     *
     * @param backend            name of its back end
     * @param ordinal            its position there, from 0
     * @param kind               what sort of processor it is
     * @param name               as its driver names it
     * @param vendor             as its driver names it
     * @param driver             name and version of the driver or library
     * @param memoryBytes        memory that it can address
     * @param maxAllocationBytes largest single allocation
     * @param computeUnits       cores, multiprocessors or compute units
     * @param precisions         those it has kernels for; {@link #takes} says what {@link CompileOptions#precision} may be
     */
    record Info(
            String backend, int ordinal, Kind kind, String name, String vendor, String driver, long memoryBytes,
            long maxAllocationBytes, int computeUnits, List<Precision> precisions) {
        /** Sorts of processors. */
        public enum Kind {
            /** A CPU, also behind OpenCL. */
            CPU,
            /** A GPU. */
            GPU,
            /** Anything else. */
            ACCELERATOR
        }

        /** Copies the list. */
        public Info {
            precisions = List.copyOf(precisions);
        }

        /**
         * Whether {@link CompileOptions#precision} may be this one: one of {@link #precisions}, or
         * {@link Precision#TF32X3}, which is float32 where no kernel has it.
         */
        public boolean takes(Precision precision) {
            return precisions.contains(precision)
                    || precision == Precision.TF32X3 && precisions.contains(Precision.FLOAT32);
        }

        /**
         * Checks that the device {@link #takes} a precision.
         *
         * @throws UnsupportedOpException if it doesn't, naming it and those that there are
         */
        public void require(Precision precision) {
            if (!takes(precision)) {
                throw new UnsupportedOpException(id() + " has no precision " + precision + ", only " + precisions);
            }
        }

        /** What {@link Backends#open(String)} takes for this device, such as {@code opencl:0}. */
        public String id() {
            return backend + ":" + ordinal;
        }
    }

    /**
     * Host memory that a device copies from and to without holding up the caller, and fastest: a GPU reaches it by itself. It
     * is meant for what is copied in the order of a {@link Stream}; other native memory may go through the driver's own, and
     * the call may then wait for the copy and for what is in the stream before it.
     *
     * <pre>{@code
     * try (HostMemory in = device.hostMemory(e.input("x").type().bytes())) {
     *     e.input("x").upload(stream, in.segment());
     *     e.submit(stream);
     * }
     * }</pre>
     */
    static final class HostMemory implements AutoCloseable {
        private final MemorySegment segment;
        private final Consumer<HostMemory> free;
        private boolean closed;

        /**
         * For devices.
         *
         * @param segment the memory, native
         * @param free    gives it back; called once
         */
        public HostMemory(MemorySegment segment, Consumer<HostMemory> free) {
            this.segment = segment;
            this.free = free;
        }

        /** The memory; not to be used when this is closed. */
        public synchronized MemorySegment segment() {
            if (closed) {
                throw new ClosedException("the host memory is closed");
            }
            return segment;
        }

        /** Frees it. Work that uses it must have ended. */
        @Override
        public void close() {
            synchronized (this) {
                if (closed) {
                    return;
                }
                closed = true;
            }
            free.accept(this);
        }
    }

    /**
     * An order for work on a device. What is submitted to one stream runs one after the other; streams are independent, except
     * that an executable that reads another one's output waits for it on the device.
     */
    interface Stream extends AutoCloseable {
        /**
         * Waits for everything submitted. An error of that work is thrown here, once: {@link dev.kerf.error.DeviceException},
         * {@link dev.kerf.error.CapacityExceededException}.
         */
        void synchronize();

        /**
         * Waits, but not longer than a limit.
         *
         * @throws DeadlineExceededException if work is still under way then; it goes on
         */
        void synchronize(Duration limit);

        /** Whether everything submitted has ended. */
        boolean done();

        /** Waits for the work under way, then frees the stream. */
        @Override
        void close();
    }
}
