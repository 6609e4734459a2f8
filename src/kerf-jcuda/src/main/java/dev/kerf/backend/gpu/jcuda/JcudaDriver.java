package dev.kerf.backend.gpu.jcuda;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.cuda.KernelImages;
import dev.kerf.error.ClosedException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import jcuda.driver.CUstream;
import jcuda.driver.JCudaDriver;

/**
 * An NVIDIA GPU through JCuda, in the device's primary context and streams of its own; any thread may call it. Memory comes
 * from {@code cuMemAlloc} and goes back by {@code cuMemFree}, which waits for the device. A recording is a CUDA graph.
 */
public final class JcudaDriver implements Driver {
    /** A flag of streams that the default stream of other CUDA users in the process doesn't wait for. */
    private static final int NON_BLOCKING = 1;

    private final JcContext context;
    private final KernelImages images;
    private final Map<String, JcKernel> kernels = new ConcurrentHashMap<>();
    private final AtomicLong allocated = new AtomicLong();
    private final CUstream recorder;
    private boolean closed;

    JcudaDriver(JcContext context, KernelImages images) {
        this.context = context;
        this.images = images;
        boolean started = false;
        context.enter();
        try {
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
        return inContext(() -> JcBuffer.of(context, bytes, allocated));
    }

    @Override
    public Staging staging(long bytes) {
        return inContext(() -> JcStaging.of(context, bytes));
    }

    @Override
    public Kernel load(String name, Map<String, String> parameters) {
        checkOpen();
        return kernels.computeIfAbsent(name + " " + new TreeMap<>(parameters), k -> {
            KernelImages.Image image = images.find(name, parameters, context.device().chip());
            return inContext(() -> JcKernel.load(context, name, parameters, image));
        });
    }

    @Override
    public Launch launch(Kernel kernel, long[] global, long[] local, List<Object> arguments) {
        return inContext(() -> new JcLaunch(context, (JcKernel) kernel, global, local, arguments));
    }

    @Override
    public Recording record(List<Launch> launches) {
        List<JcLaunch> all = launches.stream().map(l -> (JcLaunch) l).toList();
        // Locked before the context is pushed: a virtual thread that waits may go on in another thread of the system.
        synchronized (recorder) {
            return inContext(() -> JcRecording.of(context, all, recorder));
        }
    }

    @Override
    public Queue queue() {
        return inContext(() -> new JcQueue(context, stream()));
    }

    @Override
    public Queue profiledQueue() {
        return queue();
    }

    @Override
    public Event event() {
        return inContext(() -> new JcEvent(context));
    }

    @Override
    public Timer timer() {
        return inContext(() -> new JcTimer(context));
    }

    private CUstream stream() {
        CUstream made = new CUstream();
        context.check(JCudaDriver.cuStreamCreate(made, NON_BLOCKING), "cuStreamCreate", "");
        return made;
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
        context.open().stream().filter(o -> o instanceof JcQueue).forEach(JcObject::close);
        context.open().forEach(JcObject::close);
        closed = true;
        context.enter();
        try {
            context.checkFree(JCudaDriver.cuStreamDestroy(recorder), "cuStreamDestroy");
            kernels.values().forEach(k -> context.checkFree(JCudaDriver.cuModuleUnload(k.module()), "cuModuleUnload"));
            kernels.clear();
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
