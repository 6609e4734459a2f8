package dev.kerf.backend.cpu;

import dev.kerf.backend.DeviceWeights;
import dev.kerf.backend.cpu.kernel.Site;
import dev.kerf.error.ClosedException;
import dev.kerf.graph.SourceOp.WeightExpr;
import dev.kerf.graph.plan.WeightValues;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Weights;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;

/** A weight file's tensors, each packed once for each layout. */
final class CpuWeights implements DeviceWeights {
    /** The dense form: what kernels read that have no layout of their own. */
    static final String DENSE = "dense";

    private record Key(WeightExpr expr, String layout) {}

    private final CpuDevice device;
    private final Weights source;
    private final Map<Key, float[]> packed = new HashMap<>();
    private final AtomicBoolean closed = new AtomicBoolean();
    private int references = 1;
    private long bytes;

    CpuWeights(CpuDevice device, Weights source) {
        this.device = device;
        this.source = source;
    }

    @Override
    public Weights source() {
        return source;
    }

    @Override
    public synchronized long bytes() {
        return bytes;
    }

    CpuDevice device() {
        return device;
    }

    /** For an executable, which gives it back by {@link #release}. */
    synchronized void acquire() {
        if (closed.get() || references == 0) {
            throw new ClosedException("these weights are closed");
        }
        references++;
    }

    synchronized void release() {
        if (--references == 0) {
            packed.clear();
            device.account(-bytes);
            bytes = 0;
        }
    }

    /** The dense numbers, kept and shared. */
    float[] dense(WeightExpr expr) {
        return packed(expr, DENSE, (dense, shape) -> dense);
    }

    /** The numbers in a layout, made at the first call; the dense form is kept only if asked for by itself. */
    synchronized float[] packed(WeightExpr expr, String layout, Site.Packer packing) {
        if (references == 0) {
            throw new ClosedException("these weights are closed");
        }
        Key key = new Key(expr, layout);
        float[] known = packed.get(key);
        if (known != null) {
            return known;
        }
        float[] dense = packed.get(new Key(expr, DENSE));
        if (dense == null) {
            dense = WeightValues.read(expr, source, HostTensor::toFloatArray);
        }
        float[] made = packing.pack(dense, expr.shape());
        packed.put(key, made);
        expr.tensors().forEach(source::unload);
        bytes += 4L * made.length;
        device.account(4L * made.length);
        return made;
    }

    /** Bytes of the forms of these expressions. */
    synchronized long bytes(java.util.Collection<WeightExpr> of) {
        return packed.entrySet().stream()
                .filter(e -> of.contains(e.getKey().expr))
                .mapToLong(e -> 4L * e.getValue().length)
                .sum();
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            device.forget(this);
            release();
        }
    }

    /** Such as {@code weights of 31.0 M parameters}. */
    @Override
    public String toString() {
        return "weights, " + bytes() + " bytes packed";
    }

}
