package dev.kerf.graph;

import dev.kerf.tensor.DType;
import dev.kerf.tensor.Shape;
import java.util.Objects;

/**
 * What a graph knows of a tensor: element type and extents. The physical layout is the back end's choice.
 *
 * @param dtype element type
 * @param shape extents; images are (N, C, H, W)
 */
public record TensorType(DType dtype, Shape shape) {
    /** Refuses nulls. */
    public TensorType {
        Objects.requireNonNull(dtype);
        Objects.requireNonNull(shape);
    }

    /** A float32 tensor. */
    public static TensorType f32(long... dims) {
        return new TensorType(DType.F32, Shape.of(dims));
    }

    /** A tensor of the given element type. */
    public static TensorType of(DType dtype, long... dims) {
        return new TensorType(dtype, Shape.of(dims));
    }

    /** Size in bytes when dense. */
    public long bytes() {
        return shape.bytes(dtype);
    }

    /** The same extents with another element type. */
    public TensorType as(DType other) {
        return new TensorType(other, shape);
    }

    /** The same element type with other extents. */
    public TensorType as(Shape other) {
        return new TensorType(dtype, other);
    }

    /** Such as {@code F32[1, 3, 512, 512]}. */
    @Override
    public String toString() {
        return dtype.toString() + shape;
    }
}
