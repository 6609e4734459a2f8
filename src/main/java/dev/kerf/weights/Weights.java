package dev.kerf.weights;

import dev.kerf.error.BadWeightsException;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.Map;

/** Named tensors in memory. (First form, to be replaced whole by the one that reads files.) */
public final class Weights implements AutoCloseable {
    private final Map<String, HostTensor> tensors;

    private Weights(Map<String, HostTensor> tensors) {
        this.tensors = tensors;
    }

    /** Weights from memory. */
    public static Weights of(Map<String, HostTensor> tensors) {
        return new Weights(tensors);
    }

    /** A tensor of the expected extents. */
    public HostTensor tensor(String name, Shape expected) {
        HostTensor t = tensors.get(name);
        if (t == null || !t.shape().equals(expected)) {
            throw new BadWeightsException("tensor '" + name + "': expected " + expected + ", found " + t);
        }
        return t;
    }

    @Override
    public void close() {}
}
