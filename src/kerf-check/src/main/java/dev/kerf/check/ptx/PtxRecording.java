package dev.kerf.check.ptx;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.NativeObject;
import java.util.List;
import java.util.Set;

/** Launches with the arguments that they had when they were recorded. */
final class PtxRecording extends NativeObject implements Driver.Recording {
    private final List<PtxLaunch.Bound> launches;

    PtxRecording(List<PtxLaunch.Bound> launches, Set<NativeObject> open) {
        super("recording", 0, open);
        this.launches = launches;
    }

    List<PtxLaunch.Bound> launches() {
        checkOpen();
        return launches;
    }

    @Override
    protected void free(long none) {}
}
