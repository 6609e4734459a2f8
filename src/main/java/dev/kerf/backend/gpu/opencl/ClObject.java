package dev.kerf.backend.gpu.opencl;

import dev.kerf.error.ClosedException;
import java.util.Set;

/** Owns one OpenCL handle: freed once, an error when used afterwards. */
abstract class ClObject implements AutoCloseable {
    private final String what;
    private final Set<ClObject> open;
    private long handle;
    private volatile boolean closed;

    /**
     * @param what   for messages
     * @param handle what it owns
     * @param open   the driver's objects that aren't closed
     */
    ClObject(String what, long handle, Set<ClObject> open) {
        this.what = what;
        this.handle = handle;
        this.open = open;
        open.add(this);
    }

    /** The handle. */
    final long handle() {
        if (closed) {
            throw new ClosedException("the " + what + " is closed");
        }
        return handle;
    }

    /** Gives the handle back. */
    abstract void free(long handle);

    @Override
    public final void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
        }
        open.remove(this);
        free(handle);
    }
}
