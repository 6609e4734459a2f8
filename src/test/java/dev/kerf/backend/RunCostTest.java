package dev.kerf.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.kerf.graph.Activation;
import dev.kerf.graph.Graph;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MatrixOp;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.ReduceOp;
import dev.kerf.graph.SelectOp;
import dev.kerf.graph.SpatialOp;
import dev.kerf.graph.StateOp;
import dev.kerf.graph.TensorType;
import dev.kerf.graph.Value;
import dev.kerf.graph.Window2d;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What a run costs besides its work: nothing on the Java heap, nothing that grows. */
class RunCostTest {
    private static final String DEVICES = "dev.kerf.backend.BackendsUnderTest#devices";
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final int MEASURED_RUNS = 100;

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
        Value state = g.state("ring", TensorType.f32(3, 384, 24));
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

    @ParameterizedTest
    @MethodSource(DEVICES)
    void runsAllocateNothing(String id) {
        try (Device device = Backends.open(id); Stream stream = device.stream(); Arena arena = Arena.ofShared();
                Executable e = device.compile(medley(), null, CompileOptions.of());
                StateTensor state = device.allocateState(TensorType.f32(3, 384, 24))) {
            e.bindState("ring", state);
            MemorySegment in = arena.allocate(e.input("x").type().bytes(), 64);
            MemorySegment out = arena.allocate(384, 64);
            DeviceTensor x = e.input("x");
            DeviceTensor label = e.output("label");
            Runnable whole = () -> {
                x.upload(in);
                e.run();
                label.download(out);
            };
            Runnable streamed = () -> {
                x.upload(stream, in);
                e.submit(stream);
                label.download(stream, out);
                stream.synchronize();
            };
            assertAllocatesNothing(whole, "run on " + id);
            assertAllocatesNothing(streamed, "submit on " + id);
        }
    }

    /** A convolution that is worth a fast algorithm where a back end has one. */
    @ParameterizedTest
    @MethodSource(DEVICES)
    void aLargeConvolutionAllocatesNothing(String id) {
        GraphBuilder g = new GraphBuilder();
        Value x = g.input("x", TensorType.f32(1, 64, 56, 57));
        g.output("y", g.relu(g.conv2d(x, noise(g, 64, 64, 3, 3), noise(g, 64), Window2d.of().pad(1))));
        try (Device device = Backends.open(id); Executable e = device.compile(g.build(), null, CompileOptions.of())) {
            assertAllocatesNothing(e::run, "run on " + id);
        }
    }

    /**
     * Rounds of runs go on until three in a row allocate nothing, for at most half a minute: before the JIT compiler has done
     * its work, and for a moment whenever it replaces code, the Vector API allocates. What allocates in every run would show
     * in every round.
     */
    private static void assertAllocatesNothing(Runnable run, String what) {
        long start = System.nanoTime();
        int rounds = 0;
        int clean = 0;
        long[] bytes = {};
        while (clean < 3 && System.nanoTime() - start < 30_000_000_000L) {
            bytes = allocated(run);
            clean = Arrays.stream(bytes).sum() == 0 ? clean + 1 : 0;
            rounds++;
        }
        assertEquals(3, clean, what + ": after " + rounds + " rounds, " + MEASURED_RUNS + " runs still allocate "
                + Arrays.toString(bytes) + " bytes on the calling thread and on those of the back end");
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
            others += after[i] - before[i];
        }
        return new long[] {caller, others};
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void manyRunsDontGrowMemory(String id) throws IOException {
        GraphBuilder g = new GraphBuilder();
        Value x = g.input("x", TensorType.f32(4));
        g.output("y", g.add(g.multiply(x, g.constant(2f)), g.constant(1f)));
        int runs = id.startsWith("cpu") ? 1_000_000 : 100_000;
        try (Device device = Backends.open(id);
                Executable e = device.compile(g.build(), null, CompileOptions.of())) {
            e.input("x").upload(MemorySegment.ofArray(new float[] {1, 2, 3, 4}));
            for (int i = 0; i < runs / 10; i++) {
                e.run();
            }
            System.gc();
            long before = residentBytes();
            for (int i = 0; i < runs; i++) {
                e.run();
            }
            System.gc();
            long grown = residentBytes() - before;
            // A leak of 100 bytes a run would show; what the JVM itself touches meanwhile is less.
            assertTrue(grown < 100L * runs / 4, id + ": " + runs + " runs grew the process by " + grown + " bytes");
            assertEquals(9, e.output("y").toHost().getDouble(3));
        }
    }

    private static long residentBytes() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(l -> l.startsWith("VmRSS:"))
                .mapToLong(l -> Long.parseLong(l.replaceAll("\\D", "")) * 1024)
                .findFirst()
                .orElseThrow();
    }
}
