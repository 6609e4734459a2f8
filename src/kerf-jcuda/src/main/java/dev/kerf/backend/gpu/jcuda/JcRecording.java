package dev.kerf.backend.gpu.jcuda;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.cuda.CuStatus;
import dev.kerf.error.DeviceException;
import java.util.List;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUstream;
import jcuda.driver.JCudaDriver;

/** A CUDA graph, captured from a stream and ready to be launched as one. It holds copies of all arguments. */
final class JcRecording extends JcObject implements Driver.Recording {
    /** Calls that capturing forbids are forbidden to the capturing thread alone. */
    private static final int THREAD_LOCAL = 1;

    private final CUgraphExec executable;
    private final int launches;

    private JcRecording(JcContext context, CUgraphExec executable, int launches) {
        super(context, "recording");
        this.executable = executable;
        this.launches = launches;
    }

    /** Records launches by way of a stream that nothing else uses meanwhile; the context is current. */
    static JcRecording of(JcContext context, List<JcLaunch> launches, CUstream stream) {
        launches.forEach(JcObject::checkOpen);
        if (launches.isEmpty()) {
            return new JcRecording(context, null, 0);
        }
        CUgraph graph = capture(context, launches, stream);
        CUgraphExec executable = new CUgraphExec();
        try {
            context.check(JCudaDriver.cuGraphInstantiate(executable, graph, 0), "cuGraphInstantiate", of(launches.size()));
        } finally {
            context.checkFree(JCudaDriver.cuGraphDestroy(graph), "cuGraphDestroy");
        }
        JcRecording recording = new JcRecording(context, executable, launches.size());
        try {
            context.check(JCudaDriver.cuGraphUpload(executable, stream), "cuGraphUpload", of(launches.size()));
            context.check(JCudaDriver.cuStreamSynchronize(stream), "cuStreamSynchronize", "");
        } catch (RuntimeException e) {
            recording.close();
            throw e;
        }
        return recording;
    }

    private static CUgraph capture(JcContext context, List<JcLaunch> launches, CUstream stream) {
        context.check(JCudaDriver.cuStreamBeginCapture(stream, THREAD_LOCAL), "cuStreamBeginCapture", "");
        DeviceException error = null;
        for (JcLaunch l : launches) {
            int status = l.enqueue(stream);
            if (status != CuStatus.SUCCESS) {
                error = l.error(status);
                break;
            }
        }
        CUgraph graph = new CUgraph();
        int ended = JCudaDriver.cuStreamEndCapture(stream, graph);
        if (error != null) {
            if (ended == CuStatus.SUCCESS) {
                context.checkFree(JCudaDriver.cuGraphDestroy(graph), "cuGraphDestroy");
            }
            throw error;
        }
        context.check(ended, "cuStreamEndCapture", of(launches.size()));
        return graph;
    }

    private static String of(int launches) {
        return "of " + launches + " launches";
    }

    /** Puts it into a stream; the context is current. Returns the status. */
    int enqueue(CUstream stream) {
        return executable == null ? CuStatus.SUCCESS : JCudaDriver.cuGraphLaunch(executable, stream);
    }

    /** What a failed launch of it says. */
    DeviceException error(int status) {
        return context.error(status, "cuGraphLaunch", of(launches));
    }

    @Override
    void free() {
        if (executable != null) {
            context.checkFree(JCudaDriver.cuGraphExecDestroy(executable), "cuGraphExecDestroy");
        }
    }
}
