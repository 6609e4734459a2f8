package dev.kerf.tornado;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.Geometry;
import dev.kerf.backend.gpu.NativeObject;
import dev.kerf.error.ClosedException;
import dev.kerf.error.DeviceException;
import dev.kerf.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;

/**
 * A device of TornadoVM's. Launches become tasks of {@link TornadoExecutionPlan}s, which one thread runs. A buffer is
 * host memory; device copies belong to plans, so that weights that two executables share lie on the device twice.
 */
public final class TornadoDriver implements Driver {
    private static final System.Logger LOG = System.getLogger(TornadoDriver.class.getName());
    /** The system property that, if false, turns CUDA graphs off. */
    private static final String GRAPHS = "kerf.tornado.graphs";

    private final TornadoDevice device;
    private final boolean standard;
    private final Facts facts;
    private final Set<NativeObject> open = ConcurrentHashMap.newKeySet();
    private final AtomicLong allocated = new AtomicLong();
    private final Map<String, TornadoKernel> kernels = new ConcurrentHashMap<>();
    private final Plans plans = new Plans(this);
    private boolean closed;

    /**
     * @param standard whether it is the device that TornadoVM takes by itself
     */
    TornadoDriver(TornadoDevice device, boolean standard, Facts facts) {
        this.device = device;
        this.standard = standard;
        this.facts = facts;
    }

    Set<NativeObject> open() {
        return open;
    }

    Plans plans() {
        return plans;
    }

    /** Has a plan run on this device, replayed from a CUDA graph where TornadoVM can and no task is timed by itself. */
    void place(TornadoExecutionPlan plan, boolean profiled) {
        if (!standard) {
            plan.withDevice(device);
        }
        TornadoVMBackendType through = device.getTornadoVMBackend();
        boolean offered = through == TornadoVMBackendType.PTX || through == TornadoVMBackendType.CUDA;
        if (offered && !profiled && Boolean.parseBoolean(System.getProperty(GRAPHS, "true"))) {
            plan.withCUDAGraph();
        }
    }

    /** Notes what went wrong when a plan was freed. */
    void freed(Throwable e) {
        LOG.log(System.Logger.Level.DEBUG, "a plan''s memory was freed before", e);
    }

    /** For messages. */
    String on() {
        return " on " + facts.info().name();
    }

    @Override
    public Facts facts() {
        return facts;
    }

    @Override
    public Buffer allocate(long bytes) {
        return allocate(bytes, DType.U8);
    }

    @Override
    public Buffer allocate(long bytes, DType elements) {
        checkOpen();
        if (bytes < 1) {
            throw new IllegalArgumentException("a buffer of " + bytes + " bytes");
        }
        Element element = Element.of(elements);
        long most = facts.info().maxAllocationBytes();
        if (bytes <= most) {
            try {
                return new TornadoBuffer(bytes, element, open, allocated);
            } catch (OutOfMemoryError e) {
                throw memory(bytes);
            }
        }
        throw memory(bytes);
    }

    private DeviceException memory(long bytes) {
        return new DeviceException("allocate", 0, "OUT_OF_MEMORY", "of " + bytes + " bytes" + on(),
                "the device has " + facts.info().memoryBytes() + " bytes, at most " + facts.info().maxAllocationBytes()
                        + " in one piece, and " + allocated.get() + " are taken; use smaller tiles or batches",
                true);
    }

    @Override
    public Staging staging(long bytes) {
        checkOpen();
        return new HostMemory(bytes);
    }

    /** Plain host memory: what is staged is copied by the host. */
    private final class HostMemory extends NativeObject implements Staging {
        private final Arena arena = Arena.ofShared();
        private final MemorySegment memory;

        private HostMemory(long bytes) {
            super("staging memory", 0, open);
            memory = arena.allocate(bytes, Long.BYTES * 8);
        }

        @Override
        public MemorySegment memory() {
            checkOpen();
            return memory;
        }

        @Override
        protected void free(long none) {
            Worker.give(arena::close);
        }
    }

    @Override
    public Kernel load(String name, Map<String, String> parameters) {
        checkOpen();
        return kernels.computeIfAbsent(name + " " + new TreeMap<>(parameters), k -> TornadoKernel.of(name, parameters));
    }

    @Override
    public Launch launch(Kernel kernel, long[] global, long[] local, List<Object> arguments) {
        checkOpen();
        return new TornadoLaunch(this, (TornadoKernel) kernel, new Geometry(global, local), arguments);
    }

    @Override
    public Recording record(List<Launch> launches) {
        checkOpen();
        return new TornadoRecording(launches.stream().map(l -> (TornadoLaunch) l).toList(), open);
    }

    @Override
    public Queue queue() {
        checkOpen();
        return new TornadoQueue(this);
    }

    @Override
    public Queue profiledQueue() {
        return queue();
    }

    @Override
    public Event event() {
        checkOpen();
        return new TornadoEvent(open);
    }

    @Override
    public Timer timer() {
        checkOpen();
        return new TornadoTimer(open);
    }

    @Override
    public long allocatedBytes() {
        return allocated.get();
    }

    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
        }
        // Queues first: they wait for the work that uses the rest. Then launches, whose plans free the device's memory.
        RuntimeException failure = null;
        for (NativeObject o : open.stream().filter(o -> o instanceof TornadoQueue).toList()) {
            try {
                o.close();
            } catch (RuntimeException e) {
                failure = failure == null ? e : failure;
            }
        }
        open.stream().filter(o -> o instanceof TornadoLaunch).forEach(NativeObject::close);
        open.forEach(NativeObject::close);
        Worker.call(() -> null);
        if (failure != null) {
            throw failure;
        }
    }

    private synchronized void checkOpen() {
        if (closed) {
            throw new ClosedException("the device " + facts.info().name() + " is closed");
        }
    }
}
