package dev.kerf.tornado;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.NativeObject;
import java.util.List;
import java.util.Set;

/**
 * Launches with the arguments that they had. The plan is the driver's: other recordings of the same launches use it
 * again.
 */
final class TornadoRecording extends NativeObject implements Driver.Recording {
    private final List<TornadoLaunch.Call> calls;

    TornadoRecording(List<TornadoLaunch> launches, Set<NativeObject> open) {
        super("recording", 0, open);
        this.calls = launches.stream().map(TornadoLaunch::call).toList();
    }

    List<TornadoLaunch.Call> calls() {
        checkOpen();
        return calls;
    }

    @Override
    protected void free(long none) {
        // Plans live as long as their launches.
    }
}
