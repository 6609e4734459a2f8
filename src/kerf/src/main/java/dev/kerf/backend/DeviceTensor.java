package dev.kerf.backend;

import dev.kerf.graph.TensorType;
import dev.kerf.tensor.HostTensor;
import java.lang.foreign.MemorySegment;

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
     * Copies dense row-major elements in.
     *
     * @param source exactly {@code type().bytes()} bytes, on or off the heap
     */
    void upload(MemorySegment source);

    /** Copies strided elements in: a row of an image in a larger buffer, say. */
    void upload(HostView source);

    /** Like {@link #upload(MemorySegment)}, in the order of a stream; {@code source} must be native memory. */
    void upload(Stream stream, MemorySegment source);

    /**
     * Copies the elements out, dense and row-major.
     *
     * @param target exactly {@code type().bytes()} bytes, on or off the heap
     */
    void download(MemorySegment target);

    /** Copies the elements out to strided memory of the caller. */
    void download(HostView target);

    /** Like {@link #download(MemorySegment)}, in the order of a stream; {@code target} must be native memory. */
    void download(Stream stream, MemorySegment target);

    /** Copies the elements to a new host tensor. */
    default HostTensor toHost() {
        HostTensor t = HostTensor.zeros(type().dtype(), type().shape());
        download(t.data());
        return t;
    }

    /** Frees the memory if the caller owns it; an executable's slots are closed with the executable, and this does nothing. */
    @Override
    void close();
}
