package dev.kerf.check.ptx;

import dev.kerf.backend.Device;
import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.Geometry;
import dev.kerf.backend.gpu.NativeObject;
import dev.kerf.backend.gpu.cuda.KernelImages;
import dev.kerf.backend.gpu.kernel.Dialect;
import dev.kerf.backend.gpu.kernel.KernelSource;
import dev.kerf.check.ptx.machine.DeviceMemory;
import dev.kerf.check.ptx.machine.Fault;
import dev.kerf.check.ptx.machine.PtxReader;
import dev.kerf.check.ptx.machine.Watch;
import dev.kerf.error.ClosedException;
import dev.kerf.error.DeviceException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/** The interpreter as a device: memory on the Java heap, a thread for each queue, one launch at a time on all cores. */
final class PtxDriver implements Driver {
    /** The CUDA version that it passes for. */
    private static final int CUDA = 13000;
    private static final int ISA = 90;
    private static final int ALIGNMENT = 256;
    private static final int MOST_THREADS = 1024;
    private static final int STATIC_SHARED = 48 << 10;
    /** Floats of it are NaN, whole numbers −1. */
    static final byte UNWRITTEN = (byte) 0xFF;
    private static final long[] MOST_BLOCKS = {Integer.MAX_VALUE, 65535, 65535};

    private final DeviceMemory memory;
    private final Card card;
    private final Facts facts;
    private final Watch watch;
    private final KernelImages images;
    private final Workers workers = new Workers(Runtime.getRuntime().availableProcessors());
    private final Set<NativeObject> open = ConcurrentHashMap.newKeySet();
    private final Map<String, PtxKernel> kernels = new ConcurrentHashMap<>();
    private volatile Failure lost;
    private volatile Consumer<LaunchCounts> observer;
    private volatile boolean closed;

    /** Why it does nothing more; whoever asks is told by an exception of his own. */
    private record Failure(String call, int status, String name, String where, String advice, boolean memory) {
        DeviceException exception() {
            return new DeviceException(call, status, name, where, advice, memory);
        }
    }

    PtxDriver(Card card, Watch watch) {
        this(card, watch, UNWRITTEN);
    }

    /** A device whose memory reads as these bytes until somebody writes it. */
    PtxDriver(Card card, Watch watch, byte blank) {
        this(card, watch, blank, KernelImages.shipped());
    }

    /** The same with code from elsewhere than what ships. */
    PtxDriver(Card card, Watch watch, byte blank, KernelImages images) {
        this.images = images;
        this.card = card;
        this.watch = watch;
        memory = new DeviceMemory(watch.strict(), blank);
        facts = facts(card);
    }

    /** What a card's driver would say; its memory is the Java heap. */
    static Facts facts(Card card) {
        long most = Runtime.getRuntime().maxMemory() / 3;
        Device.Info info = new Device.Info(PtxBackend.NAME, 0, Device.Info.Kind.GPU, "PTX interpreter as " + card.name(),
                "NVIDIA",
                "CUDA 13.0, interpreted", most, Math.min(most, DeviceMemory.LARGEST), card.multiprocessors(),
                KernelImages.precisions(10 * card.major() + card.minor()));
        return new Facts(info, "sm_" + card.major() + card.minor(), ALIGNMENT, MOST_THREADS, STATIC_SHARED, false, false,
                new Code(Dialect.CUDA, ISA, card.largest()));
    }

    /** Tells each launch's counts from now on, whenever its kernel was loaded. */
    void observe(Consumer<LaunchCounts> counts) {
        observer = counts;
    }

    Card card() {
        return card;
    }

    Set<NativeObject> open() {
        return open;
    }

    @Override
    public Facts facts() {
        return facts;
    }

    @Override
    public Buffer allocate(long bytes) {
        checkOpen();
        if (bytes < 1) {
            throw new IllegalArgumentException("a buffer of " + bytes + " bytes");
        }
        return new PtxBuffer(memory.allocate(bytes));
    }

    /** Device memory. Its owner's last work on it has ended when it is closed, as CUDA sees to. */
    final class PtxBuffer extends NativeObject implements Buffer {
        final DeviceMemory.Allocation allocation;

        private PtxBuffer(DeviceMemory.Allocation allocation) {
            super("buffer of " + Buffer.size(allocation.size), allocation.address, open);
            this.allocation = allocation;
        }

        @Override
        public long bytes() {
            return allocation.size;
        }

        /** Its bytes, if a range lies in them. */
        DeviceMemory.Allocation range(long offset, long bytes) {
            checkOpen();
            if (offset < 0 || bytes < 0 || offset > allocation.size - bytes) {
                throw new IllegalArgumentException("bytes " + offset + " to " + (offset + bytes) + " of a buffer of "
                        + allocation.size);
            }
            return allocation;
        }

        @Override
        protected void free(long address) {
            for (NativeObject o : open) {
                if (o instanceof PtxQueue q) {
                    q.drain();
                }
            }
            memory.free(allocation);
        }
    }

    @Override
    public Staging staging(long bytes) {
        checkOpen();
        return new HostMemory(bytes);
    }

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
            arena.close();
        }
    }

    @Override
    public Kernel load(String name, Map<String, String> parameters) {
        checkOpen();
        return kernels.computeIfAbsent(name + " " + new TreeMap<>(parameters), k -> {
            return load(new String(code(name, parameters).bytes(), StandardCharsets.UTF_8), name,
                    Integer.parseInt(parameters.getOrDefault(KernelSource.DYNAMIC_LOCAL, "0")));
        });
    }

    /** The code of a kernel with these definitions. */
    KernelImages.Image code(String name, Map<String, String> parameters) {
        return images.find(name, parameters, new KernelImages.Chip(card.major(), card.minor(), CUDA, facts.info().name()));
    }

    /** A kernel of a module's text, with so many bytes of shared memory that are told at launch. */
    PtxKernel load(String module, String name, int dynamic) {
        return PtxKernel.of(PtxReader.read(module, name), memory, dynamic);
    }

    @Override
    public PtxLaunch launch(Kernel kernel, long[] global, long[] local, List<Object> arguments) {
        checkOpen();
        PtxKernel k = (PtxKernel) kernel;
        Geometry geometry = new Geometry(global, local);
        if (!geometry.fits(MOST_THREADS, MOST_BLOCKS)) {
            throw new DeviceException("launch", 1, "INVALID_VALUE", "of kernel " + k.name() + ", " + geometry,
                    "groups must divide the work-items and have at most " + MOST_THREADS + " of them, there can be "
                            + Arrays.toString(MOST_BLOCKS) + " groups",
                    false);
        }
        return new PtxLaunch(k, geometry, arguments, open);
    }

    @Override
    public Recording record(List<Launch> launches) {
        checkOpen();
        return new PtxRecording(launches.stream().map(l -> ((PtxLaunch) l).now()).toList(), open);
    }

    @Override
    public Queue queue() {
        checkOpen();
        return new PtxQueue(this);
    }

    @Override
    public Queue profiledQueue() {
        return queue();
    }

    @Override
    public Event event() {
        checkOpen();
        return new PtxEvent(this);
    }

    @Override
    public Timer timer() {
        checkOpen();
        return new PtxTimer(open);
    }

    /** Runs a launch to its end, unless the device is lost. */
    void execute(PtxLaunch.Bound launch) {
        if (lost != null) {
            return;
        }
        Consumer<LaunchCounts> told = observer;
        PtxKernel kernel = launch.kernel();
        try {
            workers.run(kernel, launch, memory, told == null ? watch : watch.withCounting());
        } catch (Fault e) {
            lose(e.rule().ordinal() + 1, e.rule().name(), where(kernel) + ": " + e.getMessage(), e.rule().meaning());
            return;
        } catch (RuntimeException | OutOfMemoryError e) {
            lose(-1, "INTERPRETER_FAILED", where(kernel), e + (e.getCause() == null ? "" : ", by " + e.getCause()));
            return;
        }
        if (told != null) {
            told.accept(LaunchCounts.of(kernel, launch, card));
        }
    }

    /**
     * Runs some blocks of a launch now, by their numbers in the grid, and counts what they do.
     *
     * @throws DeviceException if they break a rule
     */
    LaunchCounts count(PtxLaunch.Bound launch, long[] blocks) {
        PtxKernel kernel = launch.kernel();
        try {
            workers.run(kernel, launch, blocks, memory, watch.withCounting());
        } catch (Fault e) {
            throw new DeviceException("count", e.rule().ordinal() + 1, e.rule().name(), where(kernel) + ": " + e.getMessage(),
                    e.rule().meaning(), false);
        }
        return LaunchCounts.of(kernel, launch, card);
    }

    DeviceMemory memory() {
        return memory;
    }

    private String where(PtxKernel kernel) {
        return "of kernel " + kernel.name() + " on " + facts.info().name();
    }

    /** As with CUDA, a device whose work failed does nothing more. */
    private synchronized void lose(int status, String name, String where, String advice) {
        lost = lost == null ? new Failure("launch", status, name, where, advice, false) : lost;
    }

    boolean isLost() { return lost != null; }

    void checkLost() {
        Failure why = lost;
        if (why != null) {
            throw why.exception();
        }
    }

    @Override
    public long allocatedBytes() {
        return memory.allocatedBytes() - kernels.values().stream().mapToLong(PtxKernel::globalBytes).sum();
    }

    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
        }
        open.stream().filter(o -> o instanceof PtxQueue).forEach(NativeObject::close);
        open.forEach(NativeObject::close);
        workers.close();
    }

    private void checkOpen() {
        if (closed) {
            throw new ClosedException("the device " + facts.info().name() + " is closed");
        }
    }
}
