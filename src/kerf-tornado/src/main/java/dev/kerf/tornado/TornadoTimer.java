package dev.kerf.tornado;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.NativeObject;
import java.util.Set;

/** What TornadoVM's profiler said of a task. */
final class TornadoTimer extends NativeObject implements Driver.Timer {
    private volatile long nanos;

    TornadoTimer(Set<NativeObject> open) {
        super("timer", 0, open);
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
    protected void free(long none) {
        // Has nothing but its number.
    }
}
