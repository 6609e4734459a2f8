package dev.kerf.backend.gpu.device;

import dev.kerf.backend.DeviceWeights;
import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.kernel.Packing;
import dev.kerf.error.ClosedException;
import dev.kerf.graph.SourceOp.WeightExpr;
import dev.kerf.graph.plan.WeightValues;
import dev.kerf.tensor.DType;
import dev.kerf.weights.Weights;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Weights packed on a device, once for each (tensor, layout, dtype). */
final class GpuWeights implements DeviceWeights {
    private record Key(WeightExpr expr, String packing, DType dtype) {}

    private final GpuDevice device;
    private final Weights source;
    private final Map<Key, Driver.Buffer> packed = new HashMap<>();
    private int references = 1;
    private boolean closed;

    GpuWeights(GpuDevice device, Weights source) {
        this.device = device;
        this.source = source;
    }

    @Override
    public Weights source() {
        return source;
    }

    @Override
    public synchronized long bytes() {
        return packed.values().stream().mapToLong(Driver.Buffer::bytes).sum();
    }

    GpuDevice device() {
        return device;
    }

    /** One more executable holds it. */
    synchronized void retain() {
        if (references == 0 || closed) {
            throw new ClosedException("the weights of " + source.source() + " are closed");
        }
        references++;
    }

    /** The buffer of a weight in some layout and storage. */
    synchronized Driver.Buffer packed(WeightExpr expr, Packing packing, DType dtype) {
        Key key = new Key(expr, packing.key(), dtype);
        Driver.Buffer known = packed.get(key);
        if (known == null) {
            known = uploaded(expr, packing, dtype);
            packed.put(key, known);
            expr.tensors().forEach(source::unload);
        }
        return known;
    }

    private Driver.Buffer uploaded(WeightExpr expr, Packing packing, DType dtype) {
        List<Driver.Buffer> made = new ArrayList<>(1);
        try {
            return WeightValues.read(expr, source, values -> {
                made.add(device.uploaded(packing.pack().apply(values).to(dtype)));
                return made.getFirst();
            });
        } catch (RuntimeException e) {
            made.forEach(Driver.Buffer::close);
            throw e;
        }
    }

    /** An executable gives its reference back. */
    synchronized void release() {
        references--;
        if (references == 0) {
            packed.values().forEach(Driver.Buffer::close);
            packed.clear();
            device.forget(this);
        }
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            release();
        }
    }
}
