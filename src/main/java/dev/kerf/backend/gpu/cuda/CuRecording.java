package dev.kerf.backend.gpu.cuda;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.error.DeviceException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** A CUDA graph, captured from a stream and ready to be launched as one. It holds copies of all arguments. */
final class CuRecording extends CuObject implements Driver.Recording {
    /** The handle of a recording of nothing. */
    static final long EMPTY = 0;

    /** Calls that capturing forbids are forbidden to the capturing thread alone. */
    private static final int THREAD_LOCAL = 1;

    private final int launches;

    private CuRecording(CuContext context, long handle, int launches) {
        super(context, "recording", handle);
        this.launches = launches;
    }

    /** Records launches by way of a stream that nothing else uses meanwhile; the context is current. */
    static CuRecording of(CuContext context, List<CuLaunch> launches, long stream) {
        if (launches.isEmpty()) {
            return new CuRecording(context, EMPTY, 0);
        }
        LibCuda cuda = context.cuda;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment cell = arena.allocate(ValueLayout.JAVA_LONG);
            long graph = capture(context, launches, stream, cell);
            long executable;
            try {
                context.check(cuda.cuGraphInstantiate(cell.address(), graph, 0), "cuGraphInstantiate", of(launches.size()));
                executable = cell.get(ValueLayout.JAVA_LONG, 0);
            } finally {
                context.checkFree(cuda.cuGraphDestroy(graph), "cuGraphDestroy");
            }
            CuRecording recording = new CuRecording(context, executable, launches.size());
            try {
                context.check(cuda.cuGraphUpload(executable, stream), "cuGraphUpload", of(launches.size()));
                context.check(cuda.cuStreamSynchronize(stream), "cuStreamSynchronize", "");
            } catch (RuntimeException e) {
                recording.close();
                throw e;
            }
            return recording;
        }
    }

    private static long capture(CuContext context, List<CuLaunch> launches, long stream, MemorySegment cell) {
        LibCuda cuda = context.cuda;
        context.check(cuda.cuStreamBeginCapture(stream, THREAD_LOCAL), "cuStreamBeginCapture", "");
        DeviceException error = null;
        for (CuLaunch l : launches) {
            int status = l.enqueue(stream);
            if (status != CuStatus.SUCCESS) {
                error = l.error(status);
                break;
            }
        }
        cell.set(ValueLayout.JAVA_LONG, 0, 0L);
        int ended = cuda.cuStreamEndCapture(stream, cell.address());
        long graph = cell.get(ValueLayout.JAVA_LONG, 0);
        if (error != null && graph != 0) {
            context.checkFree(cuda.cuGraphDestroy(graph), "cuGraphDestroy");
        }
        if (error != null) {
            throw error;
        }
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
    void free(long executable) {
        if (executable != EMPTY) {
            context.checkFree(context.cuda.cuGraphExecDestroy(executable), "cuGraphExecDestroy");
        }
    }
}
