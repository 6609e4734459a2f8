package dev.kerf.check.ptx;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.NativeObject;
import java.util.Set;

/** The interpreter's own time for a launch, which says nothing of a GPU's. */
final class PtxTimer extends NativeObject implements Driver.Timer {
    volatile long nanos;

    PtxTimer(Set<NativeObject> open) {
        super("timer", 0, open);
    }

    @Override
    public long nanos() {
        checkOpen();
        return nanos;
    }

    @Override
    protected void free(long none) {}
}
