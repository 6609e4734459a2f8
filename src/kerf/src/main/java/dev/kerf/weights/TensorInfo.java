package dev.kerf.weights;

import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * What a file says of one tensor, known without reading its values.
 *
 * @param name  the name in the checkpoint, such as {@code inc.double_conv.0.weight}
 * @param dtype element type
 * @param shape extents
 */
public record TensorInfo(String name, DType dtype, Shape shape) {
    /** Checks that nothing is missing. */
    public TensorInfo {
        Objects.requireNonNull(name);
        Objects.requireNonNull(dtype);
        Objects.requireNonNull(shape);
    }

    /** Number of elements. */
    public long elements() {
        return shape.elements();
    }

    /** Bytes that the dense values take. */
    public long bytes() {
        return shape.bytes(dtype);
    }

    /** The facts of tensors in memory, in the map's order; unmodifiable. */
    static Map<String, TensorInfo> byName(Map<String, HostTensor> tensors) {
        Map<String, TensorInfo> infos = new LinkedHashMap<>();
        tensors.forEach((name, t) -> infos.put(name, new TensorInfo(name, t.dtype(), t.shape())));
        return Collections.unmodifiableMap(infos);
    }
}
