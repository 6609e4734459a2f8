package dev.kerf.backend.gpu.tornado;

import dev.kerf.backend.gpu.Driver;
import java.util.List;
import java.util.Set;

/**
 * Launches with the arguments that they had. The plan is the driver's: other recordings of the same launches use it
 * again.
 */
final class TornadoRecording extends TornadoObject implements Driver.Recording {
    private final List<TornadoLaunch.Call> calls;

    TornadoRecording(List<TornadoLaunch> launches, Set<TornadoObject> open) {
        super("recording", open);
        this.calls = launches.stream().map(TornadoLaunch::call).toList();
    }

    List<TornadoLaunch.Call> calls() {
        checkOpen();
        return calls;
    }

    @Override
    void free() {
        // Plans live as long as their launches.
    }
}
