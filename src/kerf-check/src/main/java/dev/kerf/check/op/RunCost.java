package dev.kerf.check.op;

import com.sun.management.ThreadMXBean;
import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceTensor;
import dev.kerf.backend.Executable;
import dev.kerf.error.BadFileException;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MatrixOp;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.ReduceOp;
import dev.kerf.graph.SelectOp;
import dev.kerf.graph.SpatialOp;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.graph.StateOp;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** What a run costs besides its work: nothing on the Java heap, nothing that grows. */
public final class RunCost {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final int MEASURED_RUNS = 30;
    /** Rounds at least, however slow a machine is that does something else. */
    private static final int LEAST_ROUNDS = 50;
    private static final TensorType STATE = TensorType.f32(3, 384, 24);

    private RunCost() {}

    /** Why runs on a device can't be held to allocating nothing on the Java heap; empty where they can. */
    public static String excused(Device device) {
        return device.info().backend().equals("tornado") ? "TornadoVM allocates on the Java heap in each run" : "";
    }

    /** One op of nearly every family, large enough that several threads take part. */
    private static Graph medley() {
        GraphBuilder g = new GraphBuilder();
        Value x = g.input("x", TensorType.f32(1, 8, 48, 48));
        Value y = g.relu(g.conv2d(x, noise(g, 16, 8, 3, 3), noise(g, 16), Window2d.of().pad(1)));
        Value small = g.maxPool2d(y, 2);
        Value up = g.apply(new SpatialOp.ConvTranspose2d(Window2d.of().stride(2), 0, 0, 1, Activation.NONE, false), small,
                noise(g, 16, 16, 2, 2));
        Value both = g.concat(1, g.bilinear(small, 48, 48, SpatialOp.Sampling.HALF_PIXEL), up, y);
        Value norm = g.layerNorm(both, noise(g, 48), noise(g, 48), 1, 1e-6);
        Value tokens = g.permute(g.reshape(norm, 1, 4, 12, 2304), 0, 1, 3, 2);
        Value few = g.slice(tokens, 2, 0, 96);
        Value seen = g.apply(new MatrixOp.Attention(0.3f, false), few, tokens, tokens);
        Value hidden = g.unary(dev.kerf.graph.PointwiseOp.Function.GELU_ERF,
                g.linear(g.reshape(seen, 384, 12), noise(g, 24, 12), noise(g, 24)));
        Value classes = g.softmax(hidden, 1);
        g.output("label", g.apply(new ReduceOp.ArgMax(1, DType.U8), classes));
        Value means = g.apply(new ReduceOp.Reduce(ReduceOp.Reduction.MEAN, List.of(1), false), hidden);
        List<Value> picked = g.add(new SelectOp.Compact(0, 384), means);
        g.output("picked", g.apply(new MoveOp.Gather(), hidden, picked.getFirst()));
        Value state = g.state("ring", STATE);
        g.apply(new StateOp.WriteSlot(), state, hidden, g.constant(HostTensor.of(Shape.of(), new int[] {1})));
        return g.build();
    }

    private static Value noise(GraphBuilder g, long... dims) {
        HostTensor t = HostTensor.zeros(DType.F32, Shape.of(dims));
        for (long i = 0; i < t.elements(); i++) {
            t.setDouble(i, Math.sin(i * 12.9898 + dims.length) * 0.3);
        }
        return g.constant(t);
    }

    /** Everything that is made on a device is freed when it is closed. */
    public static Outcome memoryComesBack(Device device, CompileOptions options) {
        String name = "closing frees all memory";
        long before = device.memoryInUse();
        long held;
        try (Device.Stream stream = device.stream();
                Executable e = device.compile(medley(), null, options);
                DeviceTensor.State state = device.allocateState(STATE);
                DeviceTensor x = device.allocate(e.input("x").type())) {
            e.bindState("ring", state);
            e.bindInput("x", x);
            e.submit(stream);
            stream.synchronize();
            held = device.memoryInUse() - before;
        }
        long left = device.memoryInUse() - before;
        return left == 0 && held > 0
                ? Outcome.passed(name)
                : Outcome.failed(name, left + " bytes of " + held + " are left after all was closed");
    }

    /**
     * Runs, streamed or not, allocate nothing on the Java heap: in the calling thread and in those of the back end.
     *
     * <p>Rounds of runs go on until three in a row allocate nothing, none begins a row after half a minute and fifty rounds: before the JIT compiler has
     * done its work, and for a moment whenever it replaces code, the Vector API allocates. What allocates in every run would
     * show in every round.
     */
    public static Outcome runsAllocateNothing(Device device, CompileOptions options) {
        try (Device.Stream stream = device.stream();
                Arena arena = Arena.ofShared();
                Executable e = device.compile(medley(), null, options);
                DeviceTensor.State state = device.allocateState(STATE)) {
            e.bindState("ring", state);
            MemorySegment in = arena.allocate(e.input("x").type().bytes(), 64);
            MemorySegment out = arena.allocate(384, 64);
            DeviceTensor x = e.input("x");
            DeviceTensor label = e.output("label");
            List<String> failures = new ArrayList<>();
            allocates("upload, run, download", failures, () -> {
                x.upload(in);
                e.run();
                label.download(out);
            });
            allocates("upload, submit, download in a stream", failures, () -> {
                x.upload(stream, in);
                e.submit(stream);
                label.download(stream, out);
                stream.synchronize();
            });
            largeConvolution(device, options, 56, 57, failures);
            largeConvolution(device, options, 150, 143, failures);
            return new Outcome("runs allocate nothing", 0, failures);
        }
    }

    /** Runs of an executable whose inputs and states are there allocate nothing on the Java heap. */
    public static Outcome runsAllocateNothing(Executable e) {
        List<String> failures = new ArrayList<>();
        allocates("run", failures, e::run);
        return new Outcome("runs allocate nothing", 0, failures);
    }

    /** A convolution that is worth a fast algorithm where a back end has one; a larger one may be worth another. */
    private static void largeConvolution(
            Device device, CompileOptions options, int height, int width, List<String> failures) {
        GraphBuilder g = new GraphBuilder();
        Value x = g.input("x", TensorType.f32(1, 64, height, width));
        g.output("y", g.relu(g.conv2d(x, noise(g, 64, 64, 3, 3), noise(g, 64), Window2d.of().pad(1))));
        try (Executable e = device.compile(g.build(), null, options)) {
            allocates("run of a convolution of " + height + "x" + width, failures, e::run);
        }
    }

    private static void allocates(String what, List<String> failures, Runnable run) {
        long start = System.nanoTime();
        int rounds = 0;
        int clean = 0;
        long[] bytes = {};
        while (clean < 3 && (clean > 0 || rounds < LEAST_ROUNDS || System.nanoTime() - start < 30_000_000_000L)) {
            bytes = allocated(run);
            clean = Arrays.stream(bytes).sum() == 0 ? clean + 1 : 0;
            rounds++;
        }
        if (clean < 3) {
            failures.add(what + ": after " + rounds + " rounds, " + MEASURED_RUNS + " runs still allocate "
                    + Arrays.toString(bytes) + " bytes on the calling thread and on those of the back end");
        }
    }

    /** Bytes that the calling thread and all threads named kerf-… allocate in some runs. */
    private static long[] allocated(Runnable run) {
        long[] ids = Arrays.stream(THREADS.getThreadInfo(THREADS.getAllThreadIds()))
                .filter(t -> t != null && t.getThreadName().startsWith("kerf-"))
                .mapToLong(java.lang.management.ThreadInfo::getThreadId)
                .toArray();
        long[] before = THREADS.getThreadAllocatedBytes(ids);
        long caller = THREADS.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < MEASURED_RUNS; i++) {
            run.run();
        }
        caller = THREADS.getCurrentThreadAllocatedBytes() - caller;
        long[] after = THREADS.getThreadAllocatedBytes(ids);
        long others = 0;
        for (int i = 0; i < ids.length; i++) {
            // Those of another device may have ended, which is told as -1.
            others += after[i] < 0 ? 0 : after[i] - before[i];
        }
        return new long[] {caller, others};
    }

    /**
     * Many runs take no more memory than few, on the device and in the process. A leak of 100 bytes a run would show; a round
     * in which the JVM itself touches new memory is tried again, twice at most.
     */
    public static Outcome runsDontGrow(Device device, CompileOptions options, int runs) {
        String name = runs + " runs take the memory of one";
        GraphBuilder g = new GraphBuilder();
        Value x = g.input("x", TensorType.f32(4));
        g.output("y", g.add(g.multiply(x, g.constant(2f)), g.constant(1f)));
        try (Executable e = device.compile(g.build(), null, options)) {
            e.input("x").upload(MemorySegment.ofArray(new float[] {1, 2, 3, 4}));
            run(e, runs / 10);
            long device0 = device.memoryInUse();
            long allowed = 100L * runs / 4;
            long grown = Long.MAX_VALUE;
            for (int round = 0; round < 3 && grown > allowed; round++) {
                System.gc();
                long before = residentBytes();
                run(e, runs);
                System.gc();
                grown = residentBytes() - before;
            }
            List<String> failures = new ArrayList<>();
            if (grown > allowed) {
                failures.add("the process grew by " + grown + " bytes in each of three rounds");
            }
            if (device.memoryInUse() != device0) {
                failures.add("device memory grew by " + (device.memoryInUse() - device0) + " bytes");
            }
            if (e.output("y").toHost().getDouble(3) != 9) {
                failures.add("2·4 + 1 became " + e.output("y").toHost().getDouble(3));
            }
            return new Outcome(name, (double) Math.max(0, grown) / allowed, failures);
        }
    }

    private static void run(Executable e, int runs) {
        for (int i = 0; i < runs; i++) {
            e.run();
        }
    }

    /** Bytes of this process that are in memory. */
    public static long residentBytes() {
        Path status = Path.of("/proc/self/status");
        try {
            return Files.readAllLines(status).stream()
                    .filter(l -> l.startsWith("VmRSS:"))
                    .mapToLong(l -> Long.parseLong(l.replaceAll("\\D", "")) * 1024)
                    .findFirst()
                    .orElseThrow();
        } catch (IOException e) {
            throw new BadFileException(status + " can't be read (" + e + ")", e);
        }
    }
}
