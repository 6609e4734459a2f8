package dev.kerf.backend.gpu.jcuda;

import dev.kerf.error.ClosedException;

/** Owns something of the driver's: freed once, an error when used afterwards. */
abstract class JcObject implements AutoCloseable {
    final JcContext context;

    private final String what;
    private volatile boolean closed;

    /** @param what for messages */
    JcObject(JcContext context, String what) {
        this.context = context;
        this.what = what;
        context.open().add(this);
    }

    final void checkOpen() {
        if (closed) {
            throw new ClosedException("the " + what + " is closed");
        }
    }

    /** Gives it back; the context is current. */
    abstract void free();

    @Override
    public final void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
        }
        context.open().remove(this);
        context.enter();
        try {
            free();
        } finally {
            context.leave();
        }
    }
}
