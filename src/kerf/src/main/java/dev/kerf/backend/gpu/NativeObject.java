package dev.kerf.backend.gpu;

import dev.kerf.error.ClosedException;
import java.util.Set;

/** Owns something of a driver's: given back once, an error when used afterwards. */
public abstract class NativeObject implements AutoCloseable {
    private final String what;
    private final long handle;
    private final Set<NativeObject> open;
    private volatile boolean closed;

    /**
     * @param what   for messages
     * @param handle what it owns, as the driver's interface has it; 0 if that is no number
     * @param open   the driver's objects that aren't closed, this one among them from now on
     */
    @SuppressWarnings("this-escape") // The set calls nothing of it: it compares identities.
    protected NativeObject(String what, long handle, Set<NativeObject> open) {
        this.what = what;
        this.handle = handle;
        this.open = open;
        open.add(this);
    }

    /** The handle. */
    public final long handle() {
        checkOpen();
        return handle;
    }

    /** Throws if it is closed. */
    public final void checkOpen() {
        if (closed) {
            throw new ClosedException("the " + what + " is closed");
        }
    }

    /** Gives it back. */
    protected abstract void free(long handle);

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
