package dev.kerf.backend.gpu.opencl;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.Geometry;
import dev.kerf.backend.gpu.NativeObject;
import dev.kerf.backend.gpu.SignalHandlers;
import dev.kerf.backend.gpu.kernel.Dialect;
import dev.kerf.backend.gpu.kernel.KernelSource;
import dev.kerf.error.ClosedException;
import dev.kerf.error.DeviceException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A device of an OpenCL platform. A launch is a kernel object of its own with its arguments set, so that enqueueing it sets
 * none; OpenCL forbids only that threads share a kernel object.
 */
public final class OpenClDriver implements Driver {
    private static final long READ_WRITE = 1;
    private static final long ALLOC_HOST_PTR = 1 << 4;
    private static final long MAP_READ_WRITE = 3;
    private static final long PROFILING = 1 << 1;
    private static final int BUILD_LOG = 0x1183;
    private static final int KERNEL_WORK_GROUP_SIZE = 0x11B0;
    private static final int LOG_IN_MESSAGE = 4000;

    final LibOpenCl cl;
    final long context;

    private final ClDevices.Found device;
    private final Set<NativeObject> open = ConcurrentHashMap.newKeySet();
    private final Map<String, Program> programs = new ConcurrentHashMap<>();
    private final AtomicLong allocated = new AtomicLong();
    private boolean closed;

    OpenClDriver(LibOpenCl cl, ClDevices.Found device) {
        this.cl = cl;
        this.device = device;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment status = arena.allocate(ValueLayout.JAVA_INT);
            MemorySegment handle = arena.allocateFrom(ValueLayout.JAVA_LONG, device.handle());
            context = cl.clCreateContext(0, 1, handle.address(), 0, 0, status.address());
            check(status, "clCreateContext", "");
        } finally {
            SignalHandlers.restore();
        }
    }

    /** A compiled program with its one entry. */
    private record Program(long handle, String name) implements Kernel {}

    @Override
    public Facts facts() {
        return device.facts();
    }

    @Override
    public Buffer allocate(long bytes) {
        checkOpen();
        return new ClBuffer(create(bytes, READ_WRITE), bytes);
    }

    private long create(long bytes, long flags) {
        if (bytes < 1) {
            throw new IllegalArgumentException("a buffer of " + bytes + " bytes");
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment status = arena.allocate(ValueLayout.JAVA_INT);
            long handle = cl.clCreateBuffer(context, flags, bytes, 0, status.address());
            check(status, "clCreateBuffer", "of " + Buffer.size(bytes));
            return handle;
        }
    }

    /** Device memory. */
    final class ClBuffer extends NativeObject implements Buffer {
        private final long bytes;

        private ClBuffer(long handle, long bytes) {
            super("buffer of " + Buffer.size(bytes), handle, open);
            this.bytes = bytes;
            allocated.addAndGet(bytes);
        }

        @Override
        public long bytes() {
            return bytes;
        }

        @Override
        protected void free(long handle) {
            allocated.addAndGet(-bytes);
            check(cl.clReleaseMemObject(handle), "clReleaseMemObject", "");
        }
    }

    @Override
    @SuppressWarnings("restricted") // the driver mapped this many bytes
    public Staging staging(long bytes) {
        checkOpen();
        long memory = create(bytes, READ_WRITE | ALLOC_HOST_PTR);
        long queue = createQueue(0);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment status = arena.allocate(ValueLayout.JAVA_INT);
            long mapped = cl.clEnqueueMapBuffer(
                    queue, memory, 1, MAP_READ_WRITE, 0, bytes, 0, 0, 0, status.address());
            check(status, "clEnqueueMapBuffer", "of " + Buffer.size(bytes));
            return new ClStaging(memory, queue, MemorySegment.ofAddress(mapped).reinterpret(bytes));
        }
    }

    /** Host memory that the driver allocated, mapped as long as it lives. */
    private final class ClStaging extends NativeObject implements Staging {
        private final long queue;
        private final MemorySegment memory;

        private ClStaging(long handle, long queue, MemorySegment memory) {
            super("staging memory", handle, open);
            this.queue = queue;
            this.memory = memory;
        }

        @Override
        public MemorySegment memory() {
            handle();
            return memory;
        }

        @Override
        protected void free(long handle) {
            check(cl.clEnqueueUnmapMemObject(queue, handle, memory.address(), 0, 0, 0), "clEnqueueUnmapMemObject", "");
            check(cl.clFinish(queue), "clFinish", "");
            check(cl.clReleaseCommandQueue(queue), "clReleaseCommandQueue", "");
            check(cl.clReleaseMemObject(handle), "clReleaseMemObject", "");
        }
    }

    @Override
    public Kernel load(String name, Map<String, String> parameters) {
        checkOpen();
        StringBuilder options = new StringBuilder("-cl-std=CL1.2");
        if (device.correctlyRounded()) {
            options.append(" -cl-fp32-correctly-rounded-divide-sqrt");
        }
        new TreeMap<>(parameters).forEach((key, value) -> options.append(" -D").append(key).append('=').append(value));
        return programs.computeIfAbsent(name + " " + options,
                k -> build(name, KernelSource.of(name, Dialect.OPENCL), options.toString()));
    }

    /** Compiles a source text that isn't shipped: a tuner's, or a test's. */
    Kernel build(String name, String source) {
        return programs.computeIfAbsent(name + "\n" + source, k -> build(name, source, "-cl-std=CL1.2"));
    }

    private Program build(String name, String source, String options) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment status = arena.allocate(ValueLayout.JAVA_INT);
            MemorySegment text = arena.allocateFrom(source, StandardCharsets.UTF_8);
            MemorySegment texts = arena.allocateFrom(ValueLayout.JAVA_LONG, text.address());
            long program = cl.clCreateProgramWithSource(context, 1, texts.address(), 0, status.address());
            check(status, "clCreateProgramWithSource", "of kernel " + name);
            MemorySegment handle = arena.allocateFrom(ValueLayout.JAVA_LONG, device.handle());
            int built = cl.clBuildProgram(
                    program, 1, handle.address(), arena.allocateFrom(options).address(), 0, 0);
            if (built != ClStatus.SUCCESS) {
                String log = buildLog(program, arena);
                cl.clReleaseProgram(program);
                throw new DeviceException("clBuildProgram", built, ClStatus.name(built),
                        "of kernel " + name + " with " + options + on(), "the compiler says:\n" + log, false);
            }
            return new Program(program, name);
        } finally {
            SignalHandlers.restore();
        }
    }

    private String buildLog(long program, Arena arena) {
        MemorySegment size = arena.allocate(ValueLayout.JAVA_LONG);
        if (cl.clGetProgramBuildInfo(program, device.handle(), BUILD_LOG, 0, 0, size.address()) != ClStatus.SUCCESS) {
            return "(no log)";
        }
        MemorySegment log = arena.allocate(size.get(ValueLayout.JAVA_LONG, 0) + 1);
        cl.clGetProgramBuildInfo(program, device.handle(), BUILD_LOG, log.byteSize() - 1, log.address(), 0);
        String text = log.getString(0, StandardCharsets.UTF_8).strip();
        return text.length() <= LOG_IN_MESSAGE ? text : text.substring(0, LOG_IN_MESSAGE) + " …";
    }

    @Override
    public Launch launch(Kernel kernel, long[] global, long[] local, List<Object> arguments) {
        checkOpen();
        Program program = (Program) kernel;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment status = arena.allocate(ValueLayout.JAVA_INT);
            long handle = cl.clCreateKernel(program.handle(), arena.allocateFrom(program.name()).address(),
                    status.address());
            check(status, "clCreateKernel", "of kernel " + program.name());
            ClLaunch launch = new ClLaunch(this, open, handle, program.name(), new Geometry(global, local));
            try {
                MemorySegment most = arena.allocate(ValueLayout.JAVA_LONG);
                check(cl.clGetKernelWorkGroupInfo(handle, device.handle(), KERNEL_WORK_GROUP_SIZE, 8, most.address(), 0),
                        "clGetKernelWorkGroupInfo", "of kernel " + program.name());
                launch.checkGroup(most.get(ValueLayout.JAVA_LONG, 0));
                for (int i = 0; i < arguments.size(); i++) {
                    launch.set(i, arguments.get(i));
                }
            } catch (RuntimeException e) {
                launch.close();
                throw e;
            }
            return launch;
        }
    }

    @Override
    public Recording record(List<Launch> launches) {
        return new ClRecording(launches.stream().map(l -> (ClLaunch) l).toArray(ClLaunch[]::new));
    }

    /** OpenCL 1.2 has nothing to record with: the launches are enqueued again, one by one. */
    record ClRecording(ClLaunch[] launches) implements Recording {
        @Override
        public void close() {
            // Owns nothing: the launches belong to whoever made them.
        }
    }

    @Override
    public Queue queue() {
        checkOpen();
        return new ClQueue(this, open, createQueue(0));
    }

    @Override
    public Queue profiledQueue() {
        checkOpen();
        return new ClQueue(this, open, createQueue(PROFILING));
    }

    private long createQueue(long properties) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment status = arena.allocate(ValueLayout.JAVA_INT);
            long handle = cl.clCreateCommandQueue(context, device.handle(), properties, status.address());
            check(status, "clCreateCommandQueue", "");
            return handle;
        }
    }

    @Override
    public Event event() {
        checkOpen();
        return new ClEvent(this, open);
    }

    @Override
    public Timer timer() {
        checkOpen();
        return new ClEvent(this, open);
    }

    @Override
    public long allocatedBytes() {
        return allocated.get();
    }

    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        // Queues first: they wait for the work that uses the rest.
        open.stream().filter(o -> o instanceof ClQueue).forEach(NativeObject::close);
        open.forEach(NativeObject::close);
        closed = true;
        programs.values().forEach(p -> check(cl.clReleaseProgram(p.handle()), "clReleaseProgram", ""));
        check(cl.clReleaseContext(context), "clReleaseContext", "");
    }

    private synchronized void checkOpen() {
        if (closed) {
            throw new ClosedException("the device " + device.facts().info().name() + " is closed");
        }
    }

    private void check(MemorySegment status, String call, String where) {
        check(status.get(ValueLayout.JAVA_INT, 0), call, where);
    }

    /** Throws unless a call succeeded. {@code where} is a constant or made only in case of an error where speed counts. */
    void check(int status, String call, String where) {
        if (status != ClStatus.SUCCESS) {
            throw error(status, call, where);
        }
    }

    DeviceException error(int status, String call, String where) {
        boolean memory = ClStatus.outOfMemory(status);
        String advice = memory
                ? "the device has " + Buffer.size(device.facts().info().memoryBytes()) + ", at most "
                        + Buffer.size(device.facts().info().maxAllocationBytes()) + " in one piece, and "
                        + Buffer.size(allocated.get())
                        + " are taken; use smaller tiles or batches, float16, or set a memory limit"
                : status == ClStatus.OUT_OF_RESOURCES
                        ? "a kernel may have failed or asked for too much; try float32 without tuned parameters"
                        : "see whether clinfo works and the driver is up to date";
        return new DeviceException(call, status, ClStatus.name(status), (where + on()).strip(), advice, memory);
    }

    private String on() {
        return " on " + device.facts().info().name();
    }
}
