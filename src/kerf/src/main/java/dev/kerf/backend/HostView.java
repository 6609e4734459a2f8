package dev.kerf.backend;

import dev.kerf.error.BadInputException;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Elements in the caller's own memory at any distance from one another.
 *
 * <pre>{@code
 * // Rows of a 640×480 BGR frame in a buffer with 2048 bytes a row, as U8 (1, 480, 640, 3):
 * HostView.of(buffer, DType.U8, Shape.of(1, 480, 640, 3), 0, 2048, 3, 1)
 * }</pre>
 *
 * @param memory  the caller's
 * @param dtype   element type
 * @param shape   extents
 * @param strides bytes from one element to the next along each axis; not negative
 */
public record HostView(MemorySegment memory, DType dtype, Shape shape, List<Long> strides) {
    /** Checks that every element lies within the memory. */
    public HostView {
        strides = List.copyOf(strides);
        if (strides.size() != shape.rank() || strides.stream().anyMatch(s -> s < 0)) {
            throw new BadInputException("strides " + strides + " don't fit shape " + shape);
        }
        long left = memory.byteSize() - dtype.bytes();
        for (int i = 0; i < shape.rank() && shape.elements() > 0 && left >= 0; i++) {
            long steps = shape.dim(i) - 1;
            // By division: the product may pass 2^63.
            left = steps > 0 && strides.get(i) > left / steps ? -1 : left - steps * strides.get(i);
        }
        if (shape.elements() > 0 && left < 0) {
            throw new BadInputException("a view of shape " + shape + " with byte strides " + strides
                    + " takes more bytes than the memory's " + memory.byteSize());
        }
    }

    /** A view with the given byte strides. */
    public static HostView of(MemorySegment memory, DType dtype, Shape shape, long... strides) {
        return new HostView(memory, dtype, shape, java.util.Arrays.stream(strides).boxed().toList());
    }
}
