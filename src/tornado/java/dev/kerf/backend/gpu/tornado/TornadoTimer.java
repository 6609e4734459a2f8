package dev.kerf.backend.gpu.tornado;

import dev.kerf.backend.gpu.Driver;
import java.util.Set;

/** What TornadoVM's profiler said of a task. */
final class TornadoTimer extends TornadoObject implements Driver.Timer {
    private volatile long nanos;

    TornadoTimer(Set<TornadoObject> open) {
        super("timer", open);
    }

    void set(long measured) {
        nanos = measured;
    }

    @Override
    public long nanos() {
        checkOpen();
        return nanos;
    }

    @Override
    void free() {
        // Has nothing but its number.
    }
}
