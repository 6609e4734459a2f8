package dev.kerf.backend.gpu.cuda;

import dev.kerf.backend.Device;
import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.Geometry;
import dev.kerf.error.BackendUnavailableException;
import dev.kerf.error.ClosedException;
import dev.kerf.error.DeviceException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * An NVIDIA GPU. It works in the device's primary context, in streams of its own, and leaves each calling thread's
 * current context as it was: it can share a process with any other user of CUDA, and any thread may call it, virtual
 * ones too.
 *
 * <p>A recording is a CUDA graph. Code of kernels comes from {@link KernelImages}. When a kernel or the GPU fails, CUDA
 * gives the whole context up: the call that finds out throws, so does all after it, but closing, which frees what is
 * left.
 */
public final class CudaDriver implements Driver {
    private final CuContext context;
    private final CuKernels kernels;
    private final CuMemory memory;
    private final long recorder;
    private final Object recording = new Object();
    private boolean closed;

    private CudaDriver(CuContext context, KernelImages images) {
        this.context = context;
        this.kernels = new CuKernels(context, images);
        memory = new CuMemory(context);
        try {
            recorder = stream();
        } catch (DeviceException e) {
            memory.close();
            throw e;
        }
    }

    /**
     * All devices that a binding shows.
     *
     * @throws BackendUnavailableException if there is none, or the driver is too old
     */
    public static List<Device.Info> devices(CudaApi cuda) {
        return CudaDevices.all(cuda).stream().map(f -> f.facts().info()).toList();
    }

    /**
     * Opens a device by its position among {@link #devices}.
     *
     * @throws BackendUnavailableException if there is no such device
     */
    public static CudaDriver open(CudaApi cuda, int ordinal, KernelImages images) {
        List<CudaDevices.Found> found = CudaDevices.all(cuda);
        if (ordinal < 0 || ordinal >= found.size()) {
            throw CudaDevices.unavailable(cuda, "there is no device " + ordinal + ", only "
                    + found.stream().map(f -> f.facts().info().id() + " " + f.facts().info().name()).toList());
        }
        CuContext context = new CuContext(cuda, found.get(ordinal));
        try {
            return new CudaDriver(context, images);
        } catch (DeviceException e) {
            context.close();
            throw e;
        }
    }

    @Override
    public Facts facts() {
        return context.device().facts();
    }

    @Override
    public Buffer allocate(long bytes) {
        checkOpen();
        return memory.allocate(bytes);
    }

    @Override
    public Staging staging(long bytes) {
        checkOpen();
        return memory.staging(bytes);
    }

    /** CUDA copies pageable memory by way of its own, and waits. */
    @Override
    public boolean stages() {
        return true;
    }

    @Override
    public Kernel load(String name, Map<String, String> parameters) {
        checkOpen();
        return kernels.load(name, parameters);
    }

    @Override
    public Launch launch(Kernel kernel, long[] global, long[] local, List<Object> arguments) {
        checkOpen();
        CuKernels.Loaded loaded = (CuKernels.Loaded) kernel;
        return new CuLaunch(context, loaded, kernels.sizes(loaded, arguments.size()), new Geometry(global, local),
                arguments);
    }

    @Override
    public Recording record(List<Launch> launches) {
        checkOpen();
        List<CuLaunch> all = launches.stream().map(l -> (CuLaunch) l).toList();
        all.forEach(CuLaunch::handle);
        synchronized (recording) {
            return CuRecording.of(context, all, recorder);
        }
    }

    @Override
    public Queue queue() {
        checkOpen();
        return new CuQueue(context, memory, stream());
    }

    @Override
    public Queue profiledQueue() {
        return queue();
    }

    @Override
    public Event event() {
        checkOpen();
        return new CuEvent(context, event(CuEvent.DISABLE_TIMING));
    }

    @Override
    public Timer timer() {
        checkOpen();
        long start = event(0);
        try {
            return new CuTimer(context, start, event(0));
        } catch (DeviceException e) {
            context.free("cuEventDestroy", () -> context.cuda.cuEventDestroy(start));
            throw e;
        }
    }

    private long stream() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment cell = arena.allocate(ValueLayout.JAVA_LONG);
            context.call("cuStreamCreate", "", () -> context.cuda.cuStreamCreate(cell.address(), CuQueue.NON_BLOCKING));
            return cell.get(ValueLayout.JAVA_LONG, 0);
        }
    }

    private long event(int flags) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment cell = arena.allocate(ValueLayout.JAVA_LONG);
            context.call("cuEventCreate", "", () -> context.cuda.cuEventCreate(cell.address(), flags));
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
        closed = true;
        // Queues first: they wait for the work that uses the rest.
        List<Runnable> steps = new ArrayList<>();
        context.open().stream().filter(o -> o instanceof CuQueue).forEach(o -> steps.add(o::close));
        context.open().stream().filter(o -> !(o instanceof CuQueue)).forEach(o -> steps.add(o::close));
        steps.add(() -> context.free("cuStreamDestroy", () -> context.cuda.cuStreamDestroy(recorder)));
        steps.add(kernels::close);
        steps.add(memory::close);
        steps.add(context::close);
        CuContext.allOf(steps);
    }

    private synchronized void checkOpen() {
        if (closed) {
            throw new ClosedException("the device " + facts().info().name() + " is closed");
        }
    }
}
