package dev.kerf.backend.gpu.cuda;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.NativeObject;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** Two events, before and after a launch. Resolution: about half a microsecond. */
final class CuTimer extends NativeObject implements Driver.Timer {
    private final CuContext context;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment milliseconds = arena.allocate(ValueLayout.JAVA_FLOAT);
    private final long end;

    CuTimer(CuContext context, long start, long end) {
        super("timer", start, context.open());
        this.context = context;
        this.end = end;
    }

    /** The event before the launch. */
    long start() {
        return handle();
    }

    /** The event after it. */
    long end() {
        handle();
        return end;
    }

    @Override
    public synchronized long nanos() {
        long start = handle();
        context.enter();
        int status = context.cuda.cuEventElapsedTime(milliseconds.address(), start, end);
        context.leave();
        context.check(status, "cuEventElapsedTime", "");
        return Math.round(milliseconds.get(ValueLayout.JAVA_FLOAT, 0) * 1e6);
    }

    @Override
    protected void free(long start) {
        arena.close();
        CuContext.allOf(List.of(() -> context.free("cuEventDestroy", () -> context.cuda.cuEventDestroy(start)),
                () -> context.free("cuEventDestroy", () -> context.cuda.cuEventDestroy(end))));
    }
}
