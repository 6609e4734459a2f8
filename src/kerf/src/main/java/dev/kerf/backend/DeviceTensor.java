package dev.kerf.backend;

import dev.kerf.error.BadInputException;
import dev.kerf.error.KerfException;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A tensor in a device's memory. Its physical layout is the back end's; uploads and downloads convert from and to dense
 * row-major (NCHW). The address stays the same as long as the tensor lives.
 *
 * <p>Uploads and downloads without a stream wait for the work that was submitted to the tensor before, and for themselves.
 * With a stream they take their place in its order and don't wait; the host memory must stay valid until then. None of them
 * allocates on the Java heap after first use.
 */
public interface DeviceTensor extends AutoCloseable {
    /** dtype and extents as the graph has them. */
    TensorType type();

    /** The device that owns it. */
    Device device();

    /** How elements lie in memory, in words, such as {@code NCHW F32}. */
    String layout();

    /** Whether everything submitted that writes it has ended. */
    boolean ready();

    /**
     * Copies dense row-major elements in; the source may change when it returns, whether or not they are there yet.
     *
     * @param source exactly {@code type().bytes()} bytes, on or off the heap
     */
    void upload(MemorySegment source);

    /** Copies strided elements in: a row of an image in a larger buffer, say. */
    void upload(HostView source);

    /** Like {@link #upload(MemorySegment)}, in the order of a stream; {@code source} must be native memory. */
    void upload(Device.Stream stream, MemorySegment source);

    /**
     * Copies the elements out, dense and row-major.
     *
     * @param target exactly {@code type().bytes()} bytes, on or off the heap
     */
    void download(MemorySegment target);

    /** Copies the elements out to strided memory of the caller. */
    void download(HostView target);

    /** Like {@link #download(MemorySegment)}, in the order of a stream; {@code target} must be native memory. */
    void download(Device.Stream stream, MemorySegment target);

    /** Copies the elements to a new host tensor. */
    default HostTensor toHost() {
        HostTensor t = HostTensor.zeros(type().dtype(), type().shape());
        download(t.data());
        return t;
    }

    /** Frees the memory if the caller owns it; an executable's slots are closed with the executable, and this does nothing. */
    @Override
    void close();

    /**
     * Device memory that outlives runs: executables that it is bound to ({@link Executable#bindState}) read it and update it in
     * place by {@link dev.kerf.graph.StateOp}s. Runs of several executables on one state must be ordered: by one stream, or by
     * waiting.
     */
    interface State extends DeviceTensor {
        /** Sets every element to 0. */
        void reset();
    }

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
    record HostView(MemorySegment memory, DType dtype, Shape shape, List<Long> strides) {
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

        /**
         * The caller's memory.
         *
         * @throws dev.kerf.error.ClosedException if the arena that it is of is closed
         */
        @Override
        public MemorySegment memory() {
            return KerfException.usable(memory, "a view");
        }

        /** A view with the given byte strides. */
        public static HostView of(MemorySegment memory, DType dtype, Shape shape, long... strides) {
            return new HostView(memory, dtype, shape, java.util.Arrays.stream(strides).boxed().toList());
        }
    }
}
