package dev.kerf.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.kerf.error.DeadlineExceededException;
import dev.kerf.graph.Graph;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.TensorType;
import dev.kerf.graph.Value;
import dev.kerf.graph.Window2d;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Threads and time at the seam, the same on every back end. */
class SeamThreadsTest {
    private static final String DEVICES = "dev.kerf.backend.BackendsUnderTest#devices";

    private static HostTensor noise(int seed, long... dims) {
        HostTensor t = HostTensor.zeros(DType.F32, Shape.of(dims));
        for (long i = 0; i < t.elements(); i++) {
            t.setDouble(i, Math.sin(i * 0.731 + seed));
        }
        return t;
    }

    private static Graph net() {
        GraphBuilder g = new GraphBuilder();
        Value y = g.input("x", TensorType.f32(1, 8, 37, 41));
        for (int i = 0; i < 3; i++) {
            y = g.relu(g.conv2d(y, g.weight("w" + i, Shape.of(8, 8, 3, 3)), null, Window2d.of().pad(1)));
        }
        g.output("y", y);
        return g.build();
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void threadsShareWeightsAndGetWhatTheyWouldAlone(String id) throws Exception {
        Map<String, HostTensor> tensors = Map.of("w0", noise(1, 8, 8, 3, 3), "w1", noise(2, 8, 8, 3, 3),
                "w2", noise(3, 8, 8, 3, 3));
        int threads = 4;
        try (Device device = Backends.open(id); Weights file = Weights.of(tensors);
                DeviceWeights weights = device.load(file); ExecutorService pool = Executors.newFixedThreadPool(threads)) {
            List<float[]> alone = new ArrayList<>();
            try (Executable e = device.compile(net(), weights, CompileOptions.of())) {
                for (int i = 0; i < threads; i++) {
                    e.input("x").upload(noise(10 + i, 1, 8, 37, 41).data());
                    e.run();
                    alone.add(e.output("y").toHost().toFloatArray());
                }
            }
            List<Future<?>> done = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                int thread = i;
                done.add(pool.submit(() -> {
                    try (Executable e = device.compile(net(), weights, CompileOptions.of())) {
                        e.input("x").upload(noise(10 + thread, 1, 8, 37, 41).data());
                        for (int run = 0; run < 50; run++) {
                            e.run();
                            assertArrayEquals(alone.get(thread), e.output("y").toHost().toFloatArray());
                        }
                    }
                }));
            }
            for (Future<?> f : done) {
                f.get();
            }
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void runsOfOneExecutableFromManyThreadsQueue(String id) throws Exception {
        GraphBuilder g = new GraphBuilder();
        Value state = g.state("n", TensorType.f32(1));
        g.apply(new dev.kerf.graph.StateOp.Assign(), state, g.add(state, g.constant(HostTensor.of(Shape.of(1),
                new float[] {1}))));
        try (Device device = Backends.open(id); StateTensor n = device.allocateState(TensorType.f32(1));
                Executable e = device.compile(g.build(), null, CompileOptions.of());
                Stream stream = device.stream(); ExecutorService pool = Executors.newFixedThreadPool(3)) {
            e.bindState("n", n);
            List<Future<?>> done = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                boolean streamed = i == 0;
                done.add(pool.submit(() -> {
                    for (int run = 0; run < 100; run++) {
                        if (streamed) {
                            e.submit(stream);
                        } else {
                            e.run();
                        }
                    }
                }));
            }
            for (Future<?> f : done) {
                f.get();
            }
            stream.synchronize();
            assertArrayEquals(new float[] {300}, n.toHost().toFloatArray());
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void aDeadlinePassesAndTheWorkGoesOn(String id) {
        GraphBuilder g = new GraphBuilder();
        Value x = g.input("x", TensorType.f32(384, 384));
        Value y = x;
        for (int i = 0; i < 40; i++) {
            y = g.multiply(g.matMul(y, x), g.constant(0.005f));
        }
        g.output("y", y);
        try (Device device = Backends.open(id); Stream stream = device.stream();
                Executable e = device.compile(g.build(), null, CompileOptions.of())) {
            e.input("x").upload(noise(5, 384, 384).data());
            e.run();
            float[] expected = e.output("y").toHost().toFloatArray();
            assertThrows(DeadlineExceededException.class, () -> e.run(Duration.ofNanos(1)));
            e.run(Duration.ofMinutes(1));
            assertArrayEquals(expected, e.output("y").toHost().toFloatArray());
            for (int i = 0; i < 5; i++) {
                e.submit(stream);
            }
            assertThrows(DeadlineExceededException.class, () -> stream.synchronize(Duration.ofNanos(1)));
            assertFalse(stream.done());
            stream.synchronize(Duration.ofMinutes(1));
            assertArrayEquals(expected, e.output("y").toHost().toFloatArray());
        }
    }
}
