package dev.kerf.backend.gpu.cuda;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.NativeObject;
import dev.kerf.error.DeviceException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * A CUDA graph of launches one after the other, ready to be launched as one. It holds copies of all arguments; its nodes
 * belong to the graph that it was made from, which lives as long.
 */
final class CuRecording extends NativeObject implements Driver.Recording {
    /** The handle of a recording of nothing. */
    static final long EMPTY = 0;

    private final CuContext context;
    private final CuLaunch[] launches;
    private final long graph;
    private final long[] nodes;
    private final long[] seen;

    private CuRecording(CuContext context, List<CuLaunch> launches, long handle, long graph, long[] nodes) {
        super("recording", handle, context.open());
        this.context = context;
        this.launches = launches.toArray(CuLaunch[]::new);
        this.graph = graph;
        this.nodes = nodes;
        this.seen = launches.stream().mapToLong(CuLaunch::changes).toArray();
    }

    /** Records launches; readies them in a stream that nothing else uses meanwhile. */
    static CuRecording of(CuContext context, List<CuLaunch> launches, long stream) {
        if (launches.isEmpty()) {
            return new CuRecording(context, launches, EMPTY, EMPTY, new long[0]);
        }
        CudaApi cuda = context.cuda;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment cell = arena.allocate(ValueLayout.JAVA_LONG);
            context.call("cuGraphCreate", of(launches), () -> cuda.cuGraphCreate(cell.address(), 0));
            long graph = cell.get(ValueLayout.JAVA_LONG, 0);
            CuRecording recording;
            try {
                MemorySegment nodes = arena.allocate(ValueLayout.JAVA_LONG, launches.size());
                for (int i = 0; i < launches.size(); i++) {
                    launches.get(i).add(graph, i == 0 ? 0 : nodes.address() + 8L * (i - 1), nodes.asSlice(8L * i, 8));
                }
                context.call("cuGraphInstantiate", of(launches), () -> cuda.cuGraphInstantiate(cell.address(), graph, 0));
                recording = new CuRecording(context, launches, cell.get(ValueLayout.JAVA_LONG, 0), graph,
                        nodes.toArray(ValueLayout.JAVA_LONG));
            } catch (RuntimeException e) {
                context.free("cuGraphDestroy", () -> cuda.cuGraphDestroy(graph));
                throw e;
            }
            try {
                context.call("cuGraphUpload", of(launches), () -> cuda.cuGraphUpload(recording.handle(), stream));
                context.call("cuStreamSynchronize", "", () -> cuda.cuStreamSynchronize(stream));
            } catch (RuntimeException e) {
                recording.close();
                throw e;
            }
            return recording;
        }
    }

    @Override
    public boolean update() {
        long executable = handle();
        for (int i = 0; i < launches.length; i++) {
            long changes = launches[i].changes();
            if (seen[i] != changes) {
                launches[i].update(executable, nodes[i]);
                seen[i] = changes;
            }
        }
        return true;
    }

    private static String of(List<CuLaunch> launches) {
        return "of " + launches.size() + " launches";
    }

    /** What a failed launch of it says. */
    DeviceException error(int status) {
        return context.error(status, "cuGraphLaunch", "of " + launches.length + " launches");
    }

    @Override
    protected void free(long executable) {
        if (executable != EMPTY) {
            CuContext.allOf(List.of(
                    () -> context.free("cuGraphExecDestroy", () -> context.cuda.cuGraphExecDestroy(executable)),
                    () -> context.free("cuGraphDestroy", () -> context.cuda.cuGraphDestroy(graph))));
        }
    }
}
