package dev.kerf.backend.cpu;

import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.Device.HostMemory;
import dev.kerf.backend.DeviceTensor;
import dev.kerf.backend.DeviceWeights;
import dev.kerf.backend.Executable;
import dev.kerf.error.BadInputException;
import dev.kerf.error.ClosedException;
import dev.kerf.error.DeviceException;
import dev.kerf.graph.Graph;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.DType;
import dev.kerf.trace.Trace;
import dev.kerf.weights.Weights;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;

/** The processors of this machine. */
final class CpuDevice implements Device {
    /** Of host memory: a line of the caches. */
    private static final long ALIGNMENT = 64;

    private final Device.Info info;
    private final Workers workers;
    private final AtomicLong memory = new AtomicLong();
    private final Set<AutoCloseable> children = new LinkedHashSet<>();
    /** Held for a moment while a run takes its place among all others, so that waits between executables form no cycle. */
    private final Object order = new Object();
    private volatile boolean closed;

    CpuDevice(Device.Info info, int threads) {
        this(info, new Workers(threads));
    }

    CpuDevice(Device.Info info, Workers workers) {
        this.info = info;
        this.workers = workers;
    }

    @Override
    public Device.Info info() {
        return info;
    }

    @Override
    public DeviceWeights load(Weights weights) {
        return adopt(new CpuWeights(this, weights));
    }

    @Override
    public Executable compile(Graph graph, DeviceWeights weights, CompileOptions options) {
        requireOpen();
        if (weights != null && (!(weights instanceof CpuWeights w) || w.device() != this)) {
            throw new BadInputException("the weights were loaded on another device");
        }
        info.require(options.precision());
        try {
            Object event = Trace.compile();
            CpuExecutable made = adopt(new CpuExecutable(this, graph, (CpuWeights) weights, options));
            if (event != null) {
                Trace.compiled(event, info.id(), graph.nodes().size(), made.memory().activations(), made.memory().weights());
            }
            return made;
        } catch (OutOfMemoryError e) {
            throw outOfMemory("compiling a graph of " + graph.nodes().size() + " nodes");
        }
    }

    @Override
    public DeviceTensor allocate(TensorType type) {
        return allocateState(type);
    }

    @Override
    public DeviceTensor.State allocateState(TensorType type) {
        requireOpen();
        return adopt(new CpuTensor(this, type));
    }

    @Override
    public HostMemory hostMemory(long bytes) {
        if (bytes < 1) {
            throw new BadInputException("host memory of " + bytes + " bytes");
        }
        requireOpen();
        Arena arena = Arena.ofShared();
        return adopt(new HostMemory(arena.allocate(bytes, ALIGNMENT), m -> {
            forget(m);
            arena.close();
        }));
    }

    @Override
    public Device.Stream stream() {
        requireOpen();
        return adopt(new CpuStream(this));
    }

    @Override
    public long memoryInUse() {
        return memory.get();
    }

    Workers workers() {
        return workers;
    }

    Object order() {
        return order;
    }

    /** Notes memory that was taken, or given back if negative. */
    void account(long bytes) {
        memory.addAndGet(bytes);
    }

    /** A new zeroed array, accounted for. */
    Object array(DType dtype, long elements) {
        requireOpen();
        ArrayKind storage = ArrayKind.of(dtype);
        if (elements > ArrayKind.MOST_ELEMENTS) {
            throw new DeviceException("allocation", 1, "TOO_LARGE", "of " + elements + " elements of " + dtype,
                    "a tensor has at most " + ArrayKind.MOST_ELEMENTS + " elements on this device", true);
        }
        try {
            Object a = storage.allocate((int) elements);
            account(elements * storage.elementBytes());
            return a;
        } catch (OutOfMemoryError e) {
            throw outOfMemory("of " + elements * storage.elementBytes() + " bytes");
        }
    }

    private static DeviceException outOfMemory(String where) {
        return new DeviceException("allocation", 2, "OUT_OF_HEAP", where,
                "the Java heap is full; give it more (-Xmx, now " + Runtime.getRuntime().maxMemory()
                        + " bytes) or use a smaller image or batch",
                true);
    }

    /** Notes a new child, or closes it if the device was closed while it was made. */
    private <T extends AutoCloseable> T adopt(T child) {
        synchronized (children) {
            if (!closed) {
                children.add(child);
                return child;
            }
        }
        closeChild(child);
        throw closed();
    }

    /** A child that closed itself. */
    void forget(AutoCloseable child) {
        synchronized (children) {
            children.remove(child);
        }
    }

    void requireOpen() {
        if (closed) {
            throw closed();
        }
    }

    private ClosedException closed() {
        return new ClosedException("the device " + info.id() + " is closed");
    }

    @Override
    public void close() {
        List<AutoCloseable> open;
        synchronized (children) {
            if (closed) {
                return;
            }
            closed = true;
            open = new ArrayList<>(children);
        }
        // Streams first: what they have under way uses the others. Then whatever was made last.
        open.stream().filter(c -> c instanceof CpuStream).forEach(CpuDevice::closeChild);
        open.reversed().stream().filter(c -> !(c instanceof CpuStream)).forEach(CpuDevice::closeChild);
        workers.close();
    }

    private static void closeChild(AutoCloseable child) {
        switch (child) {
            case CpuStream s -> s.close();
            case CpuExecutable e -> e.close();
            case CpuTensor t -> t.close();
            case CpuWeights w -> w.close();
            case HostMemory m -> m.close();
            default -> throw new IllegalStateException(child.toString());
        }
    }
}
