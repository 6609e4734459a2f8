package dev.kerf.backend.gpu.cuda;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.NativeObject;
import dev.kerf.error.DeviceException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** A CUDA graph, captured from a stream and ready to be launched as one. It holds copies of all arguments. */
final class CuRecording extends NativeObject implements Driver.Recording {
    /** The handle of a recording of nothing. */
    static final long EMPTY = 0;

    /** Calls that capturing forbids are forbidden to the capturing thread alone. */
    private static final int THREAD_LOCAL = 1;

    private final CuContext context;
    private final int launches;

    private CuRecording(CuContext context, long handle, int launches) {
        super("recording", handle, context.open());
        this.context = context;
        this.launches = launches;
    }

    /** Records launches by way of a stream that nothing else uses meanwhile. */
    static CuRecording of(CuContext context, List<CuLaunch> launches, long stream) {
        if (launches.isEmpty()) {
            return new CuRecording(context, EMPTY, 0);
        }
        CudaApi cuda = context.cuda;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment cell = arena.allocate(ValueLayout.JAVA_LONG);
            long graph = capture(context, launches, stream, cell);
            long executable;
            try {
                context.call("cuGraphInstantiate", of(launches.size()),
                        () -> cuda.cuGraphInstantiate(cell.address(), graph, 0));
                executable = cell.get(ValueLayout.JAVA_LONG, 0);
            } finally {
                context.free("cuGraphDestroy", () -> cuda.cuGraphDestroy(graph));
            }
            CuRecording recording = new CuRecording(context, executable, launches.size());
            try {
                context.call("cuGraphUpload", of(launches.size()), () -> cuda.cuGraphUpload(executable, stream));
                context.call("cuStreamSynchronize", "", () -> cuda.cuStreamSynchronize(stream));
            } catch (RuntimeException e) {
                recording.close();
                throw e;
            }
            return recording;
        }
    }

    private static long capture(CuContext context, List<CuLaunch> launches, long stream, MemorySegment cell) {
        CudaApi cuda = context.cuda;
        cell.set(ValueLayout.JAVA_LONG, 0, 0L);
        int launched = CuStatus.SUCCESS;
        int ended = CuStatus.SUCCESS;
        int i = 0;
        // All of it in one thread of the system, as CUDA demands.
        context.enter();
        int begun = cuda.cuStreamBeginCapture(stream, THREAD_LOCAL);
        if (begun == CuStatus.SUCCESS) {
            while (i < launches.size() && launched == CuStatus.SUCCESS) {
                launched = launches.get(i++).enqueue(stream);
            }
            ended = cuda.cuStreamEndCapture(stream, cell.address());
        }
        context.leave();
        long graph = cell.get(ValueLayout.JAVA_LONG, 0);
        if (launched != CuStatus.SUCCESS) {
            if (graph != 0) {
                context.free("cuGraphDestroy", () -> cuda.cuGraphDestroy(graph));
            }
            throw launches.get(i - 1).error(launched);
        }
        context.check(begun, "cuStreamBeginCapture", "");
        context.check(ended, "cuStreamEndCapture", of(launches.size()));
        return graph;
    }

    private static String of(int launches) {
        return "of " + launches + " launches";
    }

    /** What a failed launch of it says. */
    DeviceException error(int status) {
        return context.error(status, "cuGraphLaunch", of(launches));
    }

    @Override
    protected void free(long executable) {
        if (executable != EMPTY) {
            context.free("cuGraphExecDestroy", () -> context.cuda.cuGraphExecDestroy(executable));
        }
    }
}
