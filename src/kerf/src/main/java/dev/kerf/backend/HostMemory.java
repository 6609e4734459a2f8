package dev.kerf.backend;

import dev.kerf.error.ClosedException;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;

/**
 * Host memory that a device copies from and to without holding up the caller, and fastest: a GPU reaches it by itself. It
 * is meant for what is copied in the order of a {@link Stream}; other native memory may go through the driver's own, and
 * the call may then wait for the copy and for what is in the stream before it.
 *
 * <pre>{@code
 * try (HostMemory in = device.hostMemory(e.input("x").type().bytes())) {
 *     e.input("x").upload(stream, in.segment());
 *     e.submit(stream);
 * }
 * }</pre>
 */
public final class HostMemory implements AutoCloseable {
    private final MemorySegment segment;
    private final Consumer<HostMemory> free;
    private boolean closed;

    /**
     * For devices.
     *
     * @param segment the memory, native
     * @param free    gives it back; called once
     */
    public HostMemory(MemorySegment segment, Consumer<HostMemory> free) {
        this.segment = segment;
        this.free = free;
    }

    /** The memory; not to be used when this is closed. */
    public synchronized MemorySegment segment() {
        if (closed) {
            throw new ClosedException("the host memory is closed");
        }
        return segment;
    }

    /** Frees it. Work that uses it must have ended. */
    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
        }
        free.accept(this);
    }
}
