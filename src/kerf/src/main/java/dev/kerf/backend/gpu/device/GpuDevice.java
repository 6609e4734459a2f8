package dev.kerf.backend.gpu.device;

import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.Device.HostMemory;
import dev.kerf.backend.DeviceTensor;
import dev.kerf.backend.DeviceWeights;
import dev.kerf.backend.Executable;
import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.Target;
import dev.kerf.backend.gpu.TunedParameters;
import dev.kerf.error.BadInputException;
import dev.kerf.error.ClosedException;
import dev.kerf.error.DeviceException;
import dev.kerf.graph.Graph;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.trace.Trace;
import dev.kerf.weights.Weights;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;

/** A device of any {@link Driver}. */
public final class GpuDevice implements Device {
    private final Driver driver;
    private final Target.Forced forced;
    private final TunedParameters tuned;
    private final Transfers transfers;
    private final Object monitor = new Object();
    private final Set<AutoCloseable> made = ConcurrentHashMap.newKeySet();
    private final ReadWriteLock life = new ReentrantReadWriteLock();
    private final Lock making = life.readLock();
    private volatile boolean closed;

    /** A device over an opened driver, which it owns. */
    public GpuDevice(Driver driver) {
        this(driver, Target.Forced.NONE);
    }

    /** The same with choices of variants and parameters that go before all others: for tests and tuners. */
    public GpuDevice(Driver driver, Target.Forced forced) {
        this.driver = driver;
        this.forced = forced;
        try {
            this.tuned = TunedParameters.of(driver.facts());
            this.transfers = new Transfers(driver);
        } catch (RuntimeException | Error e) {
            driver.close();
            throw e;
        }
    }

    @Override
    public Device.Info info() {
        return driver.facts().info();
    }

    @Override
    public DeviceWeights load(Weights weights) {
        return make(() -> new GpuWeights(this, weights));
    }

    @Override
    public Executable compile(Graph graph, DeviceWeights weights, CompileOptions options) {
        return compile(graph, weights, options, forced);
    }

    /** The same with choices of variants and parameters for this executable alone. */
    public Executable compile(Graph graph, DeviceWeights weights, CompileOptions options, Target.Forced choices) {
        checkOpen();
        if (weights != null && (!(weights instanceof GpuWeights w) || w.device() != this)) {
            throw new BadInputException("the weights were loaded on another device than " + info().id());
        }
        info().require(options.precision());
        Object event = Trace.compile();
        GpuExecutable executable = make(
                () -> new GpuCompilation(this, graph, (GpuWeights) weights, options, choices).executable());
        if (event != null) {
            Trace.compiled(event, info().id(), graph.nodes().size(), executable.memory().activations(),
                    executable.memory().weights());
        }
        return executable;
    }

    /** What a run of an executable of such a device launches, in order; valid until the executable is closed. */
    public static List<Step> steps(Executable compiled) {
        return ((GpuExecutable) compiled).steps();
    }

    @Override
    public DeviceTensor allocate(TensorType type) {
        return make(() -> tensor(type));
    }

    @Override
    public DeviceTensor.State allocateState(TensorType type) {
        return make(() -> tensor(type));
    }

    /** Makes what the device closes with itself; closing waits for it. */
    private <T extends AutoCloseable> T make(Supplier<T> maker) {
        making.lock();
        try {
            checkOpen();
            T object = maker.get();
            made.add(object);
            return object;
        } finally {
            making.unlock();
        }
    }

    private GpuTensor tensor(TensorType type) {
        Driver.Buffer buffer = driver.allocate(Math.max(1, type.bytes()), type.dtype());
        try {
            transfers.zero(buffer, 0, buffer.bytes());
        } catch (RuntimeException e) {
            buffer.close();
            throw e;
        }
        return new GpuTensor(this, type, buffer, 0, null);
    }

    @Override
    public HostMemory hostMemory(long bytes) {
        if (bytes < 1) {
            throw new BadInputException("host memory of " + bytes + " bytes");
        }
        return make(() -> staged(bytes));
    }

    @SuppressWarnings("restricted") // the same memory, but using it after close is an error
    private HostMemory staged(long bytes) {
        Driver.Staging staging = driver.staging(bytes);
        Arena arena = Arena.ofShared();
        MemorySegment memory = staging.memory().reinterpret(arena, null).fill((byte) 0);
        return new HostMemory(memory, m -> {
            forget(m);
            arena.close();
            staging.close();
        });
    }

    @Override
    public Device.Stream stream() {
        return make(() -> new GpuStream(this));
    }

    @Override
    public long memoryInUse() {
        return driver.allocatedBytes();
    }

    @Override
    public void close() {
        synchronized (monitor) {
            if (closed) {
                return;
            }
            closed = true;
        }
        // What is being made fails or is there; nothing is made from now on.
        life.writeLock().lock();
        life.writeLock().unlock();
        // On a device that was lost each of them says so; the driver frees what they couldn't.
        DeviceException lost = null;
        for (Class<?> kind : List.of(GpuStream.class, GpuExecutable.class, GpuTensor.class, GpuWeights.class,
                HostMemory.class)) {
            for (AutoCloseable object : made.stream().filter(kind::isInstance).toList()) {
                try {
                    close(object);
                } catch (DeviceException e) {
                    lost = lost == null ? e : lost;
                }
            }
        }
        try (driver) {
            transfers.close();
        }
        if (lost != null) {
            throw lost;
        }
    }

    private static void close(AutoCloseable object) {
        switch (object) {
            case GpuStream s -> s.close();
            case GpuExecutable e -> e.close();
            case GpuTensor t -> t.close();
            case GpuWeights w -> w.close();
            case HostMemory m -> m.close();
            default -> throw new IllegalStateException(object.toString());
        }
    }

    public Driver driver() {
        return driver;
    }

    TunedParameters tuned() {
        return tuned;
    }

    Transfers transfers() {
        checkOpen();
        return transfers;
    }

    /** Held while work is put into queues, never while the host waits. */
    Object monitor() {
        return monitor;
    }

    void forget(AutoCloseable object) {
        made.remove(object);
    }

    /** A new buffer with a host tensor's bytes. */
    Driver.Buffer uploaded(HostTensor values) {
        Driver.Buffer buffer = driver.allocate(Math.max(1, values.data().byteSize()), values.dtype());
        try {
            transfers.upload(values.data(), buffer, 0);
            return buffer;
        } catch (RuntimeException | InternalError e) {
            buffer.close();
            throw e;
        }
    }

    /** The queue of a stream of this device, for a transfer from or to native memory. */
    Driver.Queue queueOf(Device.Stream stream, MemorySegment memory) {
        if (!memory.isNative()) {
            throw new BadInputException("memory on the Java heap can't be used in the order of a stream; use native memory");
        }
        return queueOf(stream);
    }

    /** The queue of a stream of this device. */
    Driver.Queue queueOf(Device.Stream stream) {
        checkOpen();
        if (!(stream instanceof GpuStream s) || s.device() != this) {
            throw new BadInputException("the stream belongs to another device than " + info().id());
        }
        return s.queue();
    }

    void checkOpen() {
        if (closed) {
            throw new ClosedException("the device " + info().name() + " is closed");
        }
    }
}
