package dev.kerf.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Device.HostMemory;
import dev.kerf.backend.DeviceTensor.HostView;
import dev.kerf.backend.Executable.NodeTiming;
import dev.kerf.error.BadInputException;
import dev.kerf.error.CapacityExceededException;
import dev.kerf.error.ClosedException;
import dev.kerf.error.UnsupportedOpException;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.PointwiseOp;
import dev.kerf.graph.ReduceOp;
import dev.kerf.graph.SelectOp;
import dev.kerf.graph.StateOp;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The seam between models and machines, the same on every back end. */
class SeamTest {
    private static final String DEVICES = "dev.kerf.backend.BackendsUnderTest#devices";
    private static final CompileOptions OPTIONS = CompileOptions.of();

    /** y = 2 x + 1 over n numbers. */
    private static Graph affine(int n) {
        GraphBuilder g = new GraphBuilder();
        Value x = g.input("x", TensorType.f32(n));
        Value twice = g.stage("twice", g.multiply(x, g.constant(2f)));
        g.output("y", g.add(twice, g.constant(1f)));
        return g.build();
    }

    private static MemorySegment floats(float... values) {
        return MemorySegment.ofArray(values);
    }

    private static float[] read(DeviceTensor t) {
        return t.toHost().toFloatArray();
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void runsAGraphAndKeepsStages(String id) {
        try (Device device = Backends.open(id);
                Executable e = device.compile(affine(3), null, OPTIONS.keep("twice").profiled())) {
            e.input("x").upload(floats(1, 2, -3));
            e.run();
            assertArrayEquals(new float[] {3, 5, -5}, read(e.output("y")));
            assertArrayEquals(new float[] {2, 4, -6}, read(e.output("twice")));
            assertTrue(e.timings().stream().mapToLong(NodeTiming::nanos).sum() > 0);
            assertEquals(id, device.info().id());
            String message = assertThrows(BadInputException.class, () -> e.output("z")).getMessage();
            assertTrue(message.contains("twice"), message);
            assertThrows(BadInputException.class, () -> e.input("x").upload(floats(1, 2)));
        }
    }

    /** Fused or not, a timing's node is one of the graph as it was recorded. */
    @ParameterizedTest
    @MethodSource(DEVICES)
    void timingsNameTheRecordedNodes(String id) {
        GraphBuilder g = new GraphBuilder();
        Value x = g.input("x", TensorType.f32(5));
        Value y = g.relu(g.add(g.multiply(x, x), g.constant(1f)));
        g.relu(x); // which nothing needs
        g.output("y", g.relu(g.multiply(y, x)));
        Graph graph = g.build();
        try (Device device = Backends.open(id)) {
            for (CompileOptions options : List.of(OPTIONS, OPTIONS.unfused())) {
                try (Executable e = device.compile(graph, null, options.profiled())) {
                    e.input("x").upload(floats(1, 2, 3, 4, 5));
                    e.run();
                    for (NodeTiming t : e.timings()) {
                        assertEquals(graph.nodes().get(t.node()).name(), t.name());
                    }
                    int last = graph.producer(graph.outputs().get("y")).id();
                    assertTrue(e.timings().stream().anyMatch(t -> t.node() == last), e.timings().toString());
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void refusesPrecisionsThatItLacks(String id) {
        try (Device device = Backends.open(id)) {
            for (Precision p : Precision.values()) {
                if (device.info().takes(p)) {
                    device.compile(affine(3), null, OPTIONS.precision(p)).close();
                } else {
                    String message = assertThrows(UnsupportedOpException.class,
                            () -> device.compile(affine(3), null, OPTIONS.precision(p))).getMessage();
                    assertTrue(message.contains(id) && message.contains(p.toString()), message);
                }
            }
            assertTrue(device.info().precisions().contains(Precision.FLOAT32));
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void handsResultsOnWithoutTheHost(String id) {
        try (Device device = Backends.open(id);
                Device.Stream one = device.stream();
                Device.Stream two = device.stream();
                Executable first = device.compile(affine(4), null, OPTIONS);
                Executable second = device.compile(affine(4), null, OPTIONS)) {
            second.bindInput("x", first.output("y"));
            first.input("x").upload(floats(0, 1, 2, 3));
            first.run();
            second.run();
            assertArrayEquals(new float[] {3, 7, 11, 15}, read(second.output("y")));
            for (int i = 0; i < 200; i++) {
                first.input("x").upload(floats(i, i + 1, i + 2, i + 3));
                first.submit(one);
                second.submit(two);
                two.synchronize();
                assertTrue(second.output("y").ready());
                float y = 4 * i + 3;
                assertArrayEquals(new float[] {y, y + 4, y + 8, y + 12}, read(second.output("y")));
            }
        }
    }

    /** A ring of three slots: each run writes x to a slot and gives the sum over all. */
    private static Graph ring() {
        GraphBuilder g = new GraphBuilder();
        Value x = g.input("x", TensorType.f32(2));
        Value index = g.input("index", TensorType.of(DType.I32));
        Value state = g.state("ring", TensorType.f32(3, 2));
        g.output("before", g.apply(new ReduceOp.Reduce(ReduceOp.Reduction.SUM, List.of(0), false), state));
        Value after = g.apply(new StateOp.WriteSlot(), state, x, index);
        g.output("sum", g.apply(new ReduceOp.Reduce(ReduceOp.Reduction.SUM, List.of(0), false), after));
        return g.build();
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void keepsStateBetweenRuns(String id) {
        try (Device device = Backends.open(id);
                Executable e = device.compile(ring(), null, OPTIONS);
                DeviceTensor.State state = device.allocateState(TensorType.f32(3, 2))) {
            assertThrows(BadInputException.class, e::run);
            e.bindState("ring", state);
            float[][] slots = new float[3][2];
            for (int i = 0; i < 7; i++) {
                float[] before = {slots[0][0] + slots[1][0] + slots[2][0], slots[0][1] + slots[1][1] + slots[2][1]};
                slots[i % 3] = new float[] {i, 10 * i};
                e.input("x").upload(floats(slots[i % 3]));
                e.input("index").upload(MemorySegment.ofArray(new int[] {i % 3}));
                e.run();
                assertArrayEquals(before, read(e.output("before")));
                assertArrayEquals(new float[] {slots[0][0] + slots[1][0] + slots[2][0],
                    slots[0][1] + slots[1][1] + slots[2][1]}, read(e.output("sum")));
            }
            e.warmUp(java.time.Duration.ofMillis(50));
            assertArrayEquals(new float[] {6, 60, 4, 40, 5, 50}, read(state));
            e.input("index").upload(MemorySegment.ofArray(new int[] {3}));
            assertThrows(BadInputException.class, e::run);
            assertArrayEquals(new float[] {6, 60, 4, 40, 5, 50}, read(state));
            state.reset();
            assertArrayEquals(new float[6], read(state));
        }
    }

    /** Rows of x whose score passes 0.5, summed; the count varies. */
    private static Graph select(int capacity) {
        GraphBuilder g = new GraphBuilder();
        Value scores = g.input("scores", TensorType.f32(6));
        Value x = g.input("x", TensorType.f32(6, 2));
        List<Value> picked = g.add(new SelectOp.Compact(0.5f, capacity), scores);
        Value rows = g.apply(new MoveOp.Gather(), x, picked.get(0));
        Value doubled = g.apply(new PointwiseOp.Binary(PointwiseOp.Arithmetic.ADD, Activation.NONE), rows, rows);
        g.output("sum", g.apply(new ReduceOp.Reduce(ReduceOp.Reduction.SUM, List.of(0), false), doubled));
        g.output("count", picked.get(1));
        return g.build();
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void loopsToTheCountAndRaisesOverflow(String id) {
        try (Device device = Backends.open(id);
                Device.Stream stream = device.stream();
                Executable e = device.compile(select(3), null, OPTIONS)) {
            e.input("x").upload(floats(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, Float.NaN, Float.NaN));
            float[][] scores = {{0, 0, 0, 0, 0, 0}, {1, 0, 1, 0, 1, 0}, {0, 0, 0, 0.5f, 0.6f, Float.NaN}};
            float[][] sums = {{0, 0}, {30, 36}, {18, 20}};
            for (int i = 0; i < scores.length; i++) {
                e.input("scores").upload(floats(scores[i]));
                e.run();
                assertArrayEquals(sums[i], read(e.output("sum")));
            }
            e.input("scores").upload(floats(1, 1, 1, 1, 0, 0));
            assertThrows(CapacityExceededException.class, e::run);
            e.submit(stream);
            String message = assertThrows(CapacityExceededException.class, stream::synchronize).getMessage();
            assertTrue(message.contains("compact") && message.contains("4") && message.contains("3"), message);
            stream.synchronize();
            e.input("scores").upload(floats(scores[1]));
            e.run();
            assertArrayEquals(sums[1], read(e.output("sum")));
            assertEquals(3, e.output("count").toHost().getLong(0));
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void copiesFromAndToStridedMemory(String id) {
        try (Device device = Backends.open(id);
                Arena arena = Arena.ofShared();
                DeviceTensor t = device.allocate(TensorType.f32(2, 2, 3))) {
            float[] big = new float[60];
            for (int i = 0; i < big.length; i++) {
                big[i] = i;
            }
            // Items 30 floats apart, rows 8, columns 2.
            Shape shape = Shape.of(2, 2, 3);
            float[] expected = {0, 2, 4, 8, 10, 12, 30, 32, 34, 38, 40, 42};
            t.upload(HostView.of(MemorySegment.ofArray(big), DType.F32, shape, 120, 32, 8));
            assertArrayEquals(expected, read(t));
            MemorySegment out = arena.allocate(240);
            t.download(HostView.of(out, DType.F32, shape, 120, 32, 8));
            float[] got = out.toArray(ValueLayout.JAVA_FLOAT);
            for (int i = 0; i < got.length; i++) {
                int inItem = i % 30;
                boolean element = inItem / 8 < 2 && inItem % 8 % 2 == 0 && inItem % 8 < 6;
                assertEquals(element ? i : 0, got[i]);
            }
            try (Device.Stream stream = device.stream()) {
                MemorySegment in = arena.allocateFrom(ValueLayout.JAVA_FLOAT, big).asSlice(0, 48);
                MemorySegment back = arena.allocate(48);
                t.upload(stream, in);
                t.download(stream, back);
                stream.synchronize();
                assertTrue(in.mismatch(back) < 0);
                assertThrows(BadInputException.class, () -> t.upload(stream, floats(new float[12])));
            }
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void sharesWeightsAndCountsMemory(String id) {
        GraphBuilder g = new GraphBuilder();
        Value x = g.input("x", TensorType.f32(2, 3));
        g.output("y", g.linear(x, g.weight("w", Shape.of(4, 3)), null));
        Graph graph = g.build();
        Map<String, HostTensor> tensors = Map.of("w", HostTensor.of(Shape.of(4, 3),
                new float[] {1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1}));
        try (Device device = Backends.open(id); Weights file = Weights.of(tensors)) {
            long before = device.memoryInUse();
            DeviceWeights weights = device.load(file);
            Executable a = device.compile(graph, weights, OPTIONS);
            long packed = weights.bytes();
            assertTrue(packed >= 48, "packed " + packed);
            Executable b = device.compile(graph, weights, OPTIONS);
            assertEquals(packed, weights.bytes());
            weights.close();
            weights.close();
            for (Executable e : List.of(a, b)) {
                e.input("x").upload(floats(1, 2, 3, 4, 5, 6));
                e.run();
                assertArrayEquals(new float[] {1, 2, 3, 6, 4, 5, 6, 15}, read(e.output("y")));
            }
            a.close();
            b.run();
            b.close();
            assertEquals(before, device.memoryInUse());
            assertThrows(ClosedException.class, () -> device.compile(graph, weights, OPTIONS));
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void copiesFromAndToItsHostMemory(String id) {
        Device device = Backends.open(id);
        HostMemory left = device.hostMemory(1);
        try (Executable e = device.compile(affine(3), null, OPTIONS);
                Device.Stream stream = device.stream();
                HostMemory in = device.hostMemory(12);
                HostMemory out = device.hostMemory(24)) {
            assertEquals(24, out.segment().byteSize());
            assertEquals(-1, out.segment().mismatch(MemorySegment.ofArray(new byte[24])), "zeroed");
            in.segment().copyFrom(floats(1, 2, -3));
            e.input("x").upload(stream, in.segment());
            e.submit(stream);
            e.output("y").download(stream, out.segment().asSlice(12));
            stream.synchronize();
            assertArrayEquals(new float[] {0, 0, 0, 3, 5, -5}, out.segment().toArray(ValueLayout.JAVA_FLOAT));
        }
        HostMemory freed = device.hostMemory(4);
        MemorySegment memory = freed.segment();
        freed.close();
        freed.close();
        assertThrows(ClosedException.class, freed::segment);
        assertThrows(IllegalStateException.class, () -> memory.get(ValueLayout.JAVA_FLOAT, 0));
        device.close();
        assertThrows(ClosedException.class, left::segment);
        assertThrows(ClosedException.class, () -> device.hostMemory(4));
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void closesOnceAndForAll(String id) {
        Device device = Backends.open(id);
        DeviceTensor own = device.allocate(TensorType.f32(4));
        Executable e = device.compile(affine(4), null, OPTIONS);
        Executable reader = device.compile(affine(4), null, OPTIONS);
        Device.Stream stream = device.stream();
        DeviceTensor y = e.output("y");
        e.bindInput("x", own);
        reader.bindInput("x", y);
        own.upload(floats(1, 2, 3, 4));
        e.run();
        y.close();
        assertArrayEquals(new float[] {3, 5, 7, 9}, read(y));
        own.close();
        own.close();
        assertThrows(ClosedException.class, () -> own.download(floats(new float[4])));
        assertThrows(ClosedException.class, e::run);
        e.close();
        e.close();
        assertThrows(ClosedException.class, e::run);
        assertThrows(ClosedException.class, () -> e.submit(stream));
        assertThrows(ClosedException.class, () -> y.toHost());
        assertThrows(ClosedException.class, reader::run);
        stream.close();
        assertThrows(ClosedException.class, stream::synchronize);
        device.close();
        device.close();
        assertThrows(ClosedException.class, reader::run);
        assertThrows(ClosedException.class, device::stream);
        assertEquals(0, device.memoryInUse());
    }

    /** Images after each other, which then stand beside others of theirs. */
    @ParameterizedTest
    @MethodSource(DEVICES)
    void concatsWithinConcats(String id) {
        GraphBuilder g = new GraphBuilder();
        Value x = g.input("x", TensorType.f32(2, 5, 10, 2));
        Value both = g.concat(0, x, g.unary(PointwiseOp.Function.NEGATE, x));
        g.output("y", g.concat(1, g.unary(PointwiseOp.Function.ABS, both), both));
        float[] numbers = new float[200];
        for (int i = 0; i < 200; i++) {
            numbers[i] = i % 2 == 0 ? i : -i;
        }
        try (Device device = Backends.open(id); Executable e = device.compile(g.build(), null, OPTIONS)) {
            e.input("x").upload(floats(numbers));
            e.run();
            float[] y = read(e.output("y"));
            for (int i = 0; i < y.length; i++) {
                int image = i / 200;
                float v = numbers[image % 2 * 100 + i % 100] * (image < 2 ? 1 : -1);
                assertEquals(i % 200 < 100 ? Math.abs(v) : v, y[i], "number " + i);
            }
        }
    }
}
