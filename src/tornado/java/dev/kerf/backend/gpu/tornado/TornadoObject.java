package dev.kerf.backend.gpu.tornado;

import dev.kerf.error.ClosedException;
import java.util.Set;

/** Something of the driver's: freed once, an error when used afterwards. */
abstract class TornadoObject implements AutoCloseable {
    private final String what;
    private final Set<TornadoObject> open;
    private volatile boolean closed;

    /**
     * @param what for messages
     * @param open where it is noted as long as it is open
     */
    TornadoObject(String what, Set<TornadoObject> open) {
        this.what = what;
        this.open = open;
        open.add(this);
    }

    final void checkOpen() {
        if (closed) {
            throw new ClosedException("the " + what + " is closed");
        }
    }

    final boolean closed() {
        return closed;
    }

    /** Gives it back. */
    abstract void free();

    @Override
    public final void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
        }
        open.remove(this);
        free();
    }
}
