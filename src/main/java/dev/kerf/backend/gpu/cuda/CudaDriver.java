package dev.kerf.backend.gpu.cuda;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.error.ClosedException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * An NVIDIA GPU. It works in the device's primary context, in streams of its own, and leaves each calling thread's current
 * context as it was: it can share a process with any other user of CUDA, and any thread may call it, virtual ones too.
 *
 * <p>A recording is a CUDA graph. Code of kernels comes from {@link KernelImages}. When a kernel or the GPU fails, CUDA gives
 * the whole context up: the call that finds out throws, so does all after it, but closing, which frees what is left.
 */
public final class CudaDriver implements Driver {
    private final CuContext context;
    private final CuKernels kernels;
    private final CuMemory memory;
    private final long recorder;
    private boolean closed;

    CudaDriver(CuContext context, KernelImages images) {
        this.context = context;
        this.kernels = new CuKernels(context, images);
        boolean started = false;
        context.enter();
        try {
            memory = new CuMemory(context);
            recorder = stream();
            started = true;
        } finally {
            context.leave();
            if (!started) {
                context.close();
            }
        }
    }

    @Override
    public Facts facts() {
        return context.device().facts();
    }

    @Override
    public Buffer allocate(long bytes) {
        return inContext(() -> memory.allocate(bytes));
    }

    @Override
    public Staging staging(long bytes) {
        return inContext(() -> memory.staging(bytes));
    }

    @Override
    public Kernel load(String name, Map<String, String> parameters) {
        checkOpen();
        return kernels.load(name, parameters);
    }

    @Override
    public Launch launch(Kernel kernel, long[] global, long[] local, List<Object> arguments) {
        return inContext(() -> new CuLaunch(context, (CuKernels.Loaded) kernel, global, local, arguments));
    }

    @Override
    public Recording record(List<Launch> launches) {
        List<CuLaunch> all = launches.stream().map(l -> (CuLaunch) l).toList();
        return inContext(() -> recorded(all));
    }

    private synchronized Recording recorded(List<CuLaunch> launches) {
        launches.forEach(CuLaunch::handle);
        return CuRecording.of(context, launches, recorder);
    }

    @Override
    public Queue queue() {
        return inContext(() -> new CuQueue(context, memory, stream()));
    }

    @Override
    public Queue profiledQueue() {
        return queue();
    }

    @Override
    public Event event() {
        return inContext(() -> new CuEvent(context, event(CuEvent.DISABLE_TIMING)));
    }

    @Override
    public Timer timer() {
        return inContext(() -> new CuTimer(context, event(0), event(0)));
    }

    private long stream() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment cell = arena.allocate(ValueLayout.JAVA_LONG);
            context.check(context.cuda.cuStreamCreate(cell.address(), CuQueue.NON_BLOCKING), "cuStreamCreate", "");
            return cell.get(ValueLayout.JAVA_LONG, 0);
        }
    }

    private long event(int flags) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment cell = arena.allocate(ValueLayout.JAVA_LONG);
            context.check(context.cuda.cuEventCreate(cell.address(), flags), "cuEventCreate", "");
            return cell.get(ValueLayout.JAVA_LONG, 0);
        }
    }

    @Override
    public long allocatedBytes() {
        return memory.allocatedBytes();
    }

    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        // Queues first: they wait for the work that uses the rest.
        context.open().stream().filter(o -> o instanceof CuQueue).forEach(CuObject::close);
        context.open().forEach(CuObject::close);
        closed = true;
        context.enter();
        try {
            context.checkFree(context.cuda.cuStreamDestroy(recorder), "cuStreamDestroy");
            kernels.close();
            memory.close();
        } finally {
            context.leave();
        }
        context.close();
    }

    /** Does what allocates with the context current. */
    private <T> T inContext(Supplier<T> make) {
        checkOpen();
        context.enter();
        try {
            return make.get();
        } finally {
            context.leave();
        }
    }

    private synchronized void checkOpen() {
        if (closed) {
            throw new ClosedException("the device " + facts().info().name() + " is closed");
        }
    }
}
