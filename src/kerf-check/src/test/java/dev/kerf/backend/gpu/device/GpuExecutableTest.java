package dev.kerf.backend.gpu.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceTensor;
import dev.kerf.backend.DeviceWeights;
import dev.kerf.backend.Executable;
import dev.kerf.backend.Precision;
import dev.kerf.backend.gpu.Parity;
import dev.kerf.backend.gpu.Target;
import dev.kerf.check.op.RunCost;
import dev.kerf.error.BadInputException;
import dev.kerf.error.DeadlineExceededException;
import dev.kerf.error.DeviceException;
import dev.kerf.error.UnsupportedOpException;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.PointwiseOp;
import dev.kerf.graph.ReduceOp;
import dev.kerf.graph.SelectOp;
import dev.kerf.graph.StateOp;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Executables over a driver: what runs cost, what they share, what is refused. */
class GpuExecutableTest {
    private static final String DEVICES = "dev.kerf.backend.gpu.Parity#devices";
    private static final int ROUNDS = 6;
    private static final int RUNS = 2_000;

    /** A bit of everything: a weight, a concat, a count, a state. */
    private static Graph graph() {
        GraphBuilder g = new GraphBuilder();
        Value x = g.input("x", TensorType.f32(2, 8));
        Value w = g.weight("w", Shape.of(8));
        Value joined = g.concat(1, g.multiply(x, w), g.relu(x));
        Value scores = g.reshape(joined, 32);
        List<Value> picked = g.add(new SelectOp.Compact(0, 32), scores);
        g.output("count", picked.get(1));
        g.output("picked", g.apply(new ReduceOp.Reduce(ReduceOp.Reduction.SUM, List.of(0), false),
                g.apply(new MoveOp.Gather(), scores, picked.get(0))));
        Value sum = g.state("sum", TensorType.f32(2, 16));
        g.output("after", g.relu(g.apply(new StateOp.Assign(), sum, g.add(sum, joined))));
        return g.build();
    }

    private static Weights weights() {
        return Weights.of(Map.of("w", HostTensor.of(Shape.of(8), new float[] {1, 2, 3, 4, 5, 6, 7, 8})));
    }

    private static final float[] X = {1, -1, 2, -2, 3, -3, 4, -4, 0, 0, 0, 0, 0, 0, 0, 5};

    /** Bytes that this thread allocates while it runs and reads results, once the JVM has compiled it: 0 in some round, or those of the last. */
    private static long allocated(Runnable run) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long bytes = -1;
        for (int round = 0; round < ROUNDS && bytes != 0; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < RUNS; i++) {
                run.run();
            }
            bytes = threads.getCurrentThreadAllocatedBytes() - before;
        }
        return bytes;
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(DEVICES)
    void runsAllocateNothing(String id) {
        List<Precision> precisions;
        try (GpuDevice device = Parity.open(id, Target.Forced.NONE)) {
            assumeTrue(RunCost.excused(device).isEmpty(), RunCost.excused(device));
            precisions = device.info().precisions();
        }
        Duration limit = Duration.ofSeconds(10);
        for (Precision precision : precisions) {
            try (GpuDevice device = Parity.open(id, Target.Forced.NONE);
                    Arena arena = Arena.ofShared();
                    DeviceWeights weights = device.load(weights());
                    Device.Stream stream = device.stream();
                    Executable e = device.compile(graph(), weights, CompileOptions.of().precision(precision));
                    DeviceTensor.State state = device.allocateState(TensorType.f32(2, 16))) {
                e.bindState("sum", state);
                MemorySegment in = arena.allocateFrom(ValueLayout.JAVA_FLOAT, X);
                MemorySegment out = arena.allocate(128);
                DeviceTensor x = e.input("x");
                DeviceTensor after = e.output("after");
                x.upload(in);
                long device0 = device.memoryInUse();
                assertEquals(0, allocated(e::run), precision + ": run");
                assertEquals(0, allocated(() -> e.run(limit)), precision + ": run with a limit");
                assertEquals(0, allocated(() -> {
                    x.upload(stream, in);
                    e.submit(stream);
                    after.download(stream, out);
                    stream.synchronize();
                }), precision + ": submit");
                assertEquals(0, allocated(() -> {
                    x.upload(in);
                    e.run();
                    after.download(out);
                }), precision + ": upload, run, download");
                assertEquals(device0, device.memoryInUse());
                assertEquals(10, e.output("count").toHost().getLong(0));
            }
        }
    }

    private static long residentKib() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(l -> l.startsWith("VmRSS:"))
                .mapToLong(l -> Long.parseLong(l.replaceAll("\\D", "")))
                .findFirst()
                .orElseThrow();
    }

    /** Runs, streams, tensors and executables made and closed: the process doesn't grow. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(DEVICES)
    void nativeMemoryDoesNotGrow(String id) throws IOException {
        assumeFalse(id.startsWith("tornado:"), "TornadoVM keeps the compiler's graph of each task that it ever compiled");
        try (GpuDevice device = Parity.open(id, Target.Forced.NONE);
                DeviceWeights weights = device.load(weights());
                DeviceTensor.State state = device.allocateState(TensorType.f32(2, 16))) {
            long base = device.memoryInUse();
            long settled = 0;
            for (int round = 0; round < 60; round++) {
                try (Executable e = device.compile(graph(), weights, CompileOptions.of().profiled());
                        Executable reader = device.compile(graph(), weights, CompileOptions.of());
                        Device.Stream stream = device.stream();
                        DeviceTensor copy = device.allocate(TensorType.f32(2, 8))) {
                    e.bindState("sum", state);
                    reader.bindState("sum", state);
                    e.bindInput("x", copy);
                    copy.upload(MemorySegment.ofArray(X));
                    for (int i = 0; i < 100; i++) {
                        e.submit(stream);
                    }
                    stream.synchronize();
                    e.timings();
                    reader.run();
                }
                if (round == 20) {
                    // What the Java heap touches for the first time would count, too: let it use again what it has.
                    System.gc();
                    settled = residentKib();
                }
            }
            assertTrue(residentKib() - settled < 16 << 10, "grew by " + (residentKib() - settled) + " KiB");
            state.reset();
            assertEquals(base + weights.bytes(), device.memoryInUse());
        }
    }

    /** Executables that share weights, each in its own thread, give what one alone gives. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(DEVICES)
    void threadsShareWeights(String id) throws InterruptedException {
        GraphBuilder g = new GraphBuilder();
        Value x = g.input("x", TensorType.f32(1000));
        g.output("y", g.add(g.multiply(x, g.weight("w", Shape.of(1000))), x));
        Graph graph = g.build();
        HostTensor w = Parity.random(1, 1000);
        try (GpuDevice device = Parity.open(id, Target.Forced.NONE);
                DeviceWeights weights = device.load(Weights.of(Map.of("w", w)))) {
            List<Thread> threads = new ArrayList<>();
            String[] errors = new String[6];
            for (int t = 0; t < errors.length; t++) {
                int me = t;
                threads.add(Thread.ofPlatform().start(() -> {
                    try (Executable e = device.compile(graph, weights, CompileOptions.of())) {
                        for (int i = 0; i < 200; i++) {
                            HostTensor in = Parity.random(1000L * me + i, 1000);
                            e.input("x").upload(in.data());
                            e.run();
                            float[] out = e.output("y").toHost().toFloatArray();
                            for (int k = 0; k < out.length; k++) {
                                // Exact: factors have 8 bits each.
                                if (out[k] != (float) (in.getDouble(k) * w.getDouble(k) + in.getDouble(k))) {
                                    errors[me] = "run " + i + ", element " + k + ": " + out[k];
                                }
                            }
                        }
                    } catch (RuntimeException e) {
                        errors[me] = e.toString();
                    }
                }));
            }
            for (Thread t : threads) {
                t.join();
            }
            assertArrayEquals(new String[6], errors);
            assertEquals(4000, weights.bytes());
        }
    }

    /** One executable run by several threads: runs queue up. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(DEVICES)
    void runsOfOneExecutableQueueUp(String id) throws InterruptedException {
        GraphBuilder g = new GraphBuilder();
        Value count = g.state("count", TensorType.f32(1));
        g.apply(new StateOp.Assign(), count, g.add(count, g.constant(HostTensor.of(Shape.of(1), new float[] {1}))));
        try (GpuDevice device = Parity.open(id, Target.Forced.NONE);
                Executable e = device.compile(g.build(), null, CompileOptions.of());
                DeviceTensor.State state = device.allocateState(TensorType.f32(1))) {
            e.bindState("count", state);
            List<Thread> threads = new ArrayList<>();
            for (int t = 0; t < 4; t++) {
                boolean own = t % 2 == 0;
                threads.add(Thread.ofPlatform().start(() -> {
                    try (Device.Stream stream = device.stream()) {
                        for (int i = 0; i < 100; i++) {
                            if (own) {
                                e.run();
                            } else {
                                e.submit(stream);
                            }
                        }
                    }
                }));
            }
            for (Thread t : threads) {
                t.join();
            }
            assertEquals(400, state.toHost().getDouble(0));
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(DEVICES)
    void deadlinesAndLimits(String id) {
        GraphBuilder g = new GraphBuilder();
        Value x = g.input("x", TensorType.f32(64, 64, 64, 16));
        Value y = x;
        for (int i = 0; i < 12; i++) {
            y = g.unary(PointwiseOp.Function.SIN, y);
        }
        g.output("y", y);
        Graph graph = g.build();
        try (GpuDevice device = Parity.open(id, Target.Forced.NONE);
                Executable e = device.compile(graph, null, CompileOptions.of())) {
            e.run();
            assertThrows(DeadlineExceededException.class, () -> e.run(Duration.ofNanos(1)));
            e.run(Duration.ofMinutes(5));
            // The plan needs two values at a time; where memory is typed, the kept one lies by itself.
            long value = 64L * 64 * 64 * 16 * 4;
            int values = device.driver().facts().typedMemory() ? 4 : 3;
            assertEquals(values * value, e.memory().activations());
            assertEquals(13 * value, e.memory().unshared());
            long before = device.memoryInUse();
            DeviceException limit = assertThrows(DeviceException.class,
                    () -> device.compile(graph, null, CompileOptions.of().memoryLimit(value)));
            assertTrue(limit.outOfMemory() && limit.getMessage().contains("the limit is " + value), limit.getMessage());
            assertEquals(before, device.memoryInUse());
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource(DEVICES)
    void refusalsNameWhatIsWrong(String id) {
        GraphBuilder g = new GraphBuilder();
        Value wide = g.input("x", TensorType.f32(2, 1, 2, 1, 2, 1, 2));
        g.output("y", g.add(wide, g.input("z", TensorType.f32(1, 2, 1, 2, 1, 2, 1))));
        try (GpuDevice device = Parity.open(id, Target.Forced.NONE); DeviceWeights weights = device.load(weights())) {
            String unsupported = assertThrows(UnsupportedOpException.class,
                    () -> device.compile(g.build(), null, CompileOptions.of())).getMessage();
            assertTrue(unsupported.contains("binary") && unsupported.contains("F32[2, 1, 2, 1, 2, 1, 2]"), unsupported);
            String none = assertThrows(BadInputException.class,
                    () -> device.compile(graph(), null, CompileOptions.of())).getMessage();
            assertTrue(none.contains("[w]"), none);
            assertEquals(0, device.memoryInUse());
            try (Executable e = device.compile(graph(), weights, CompileOptions.of());
                    DeviceTensor small = device.allocate(TensorType.f32(8));
                    GpuDevice other = Parity.open(id, Target.Forced.NONE);
                    DeviceTensor elsewhere = other.allocate(TensorType.f32(2, 8))) {
                assertTrue(assertThrows(BadInputException.class, () -> e.bindInput("x", small)).getMessage()
                        .contains("F32[2, 8]"));
                assertThrows(BadInputException.class, () -> e.bindInput("x", elsewhere));
                assertThrows(BadInputException.class, () -> e.bindInput("y", small));
                assertThrows(BadInputException.class, e::timings);
                assertThrows(BadInputException.class, () -> other.compile(graph(), weights, CompileOptions.of()));
            }
            Target.Forced impossible = new Target.Forced(Map.of(), Map.of("unary", Map.of("GROUP", 7L)));
            try (GpuDevice forced = Parity.open(id, impossible); DeviceWeights own = forced.load(weights())) {
                String message = assertThrows(BadInputException.class,
                        () -> forced.compile(graph(), own, CompileOptions.of())).getMessage();
                assertTrue(message.contains("unary") && message.contains("GROUP=7"), message);
            }
            try (GpuDevice forced = Parity.open(id, new Target.Forced(Map.of("unary", "binary"), Map.of()));
                    DeviceWeights own = forced.load(weights())) {
                assertThrows(BadInputException.class, () -> forced.compile(graph(), own, CompileOptions.of()));
            }
        }
    }
}
