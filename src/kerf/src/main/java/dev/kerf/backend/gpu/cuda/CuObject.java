package dev.kerf.backend.gpu.cuda;

import dev.kerf.error.ClosedException;

/** Owns one handle or address: freed once, an error when used afterwards. */
abstract class CuObject implements AutoCloseable {
    final CuContext context;

    private final String what;
    private final long handle;
    private volatile boolean closed;

    /**
     * @param context what it belongs to
     * @param what    for messages
     * @param handle  what it owns
     */
    CuObject(CuContext context, String what, long handle) {
        this.context = context;
        this.what = what;
        this.handle = handle;
        context.open().add(this);
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
        context.open().remove(this);
        free(handle);
    }
}
