package dev.kerf.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.kerf.check.op.Threads;
import dev.kerf.error.ClosedException;
import dev.kerf.error.DeadlineExceededException;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
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

    @ParameterizedTest
    @MethodSource(DEVICES)
    void threadsShareWeightsAndGetWhatTheyWouldAlone(String id) {
        try (Device device = Backends.open(id)) {
            assertEquals(List.of(), Threads.shareWeights(device, CompileOptions.of()).failures());
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void runsOfOneExecutableFromManyThreadsQueue(String id) {
        try (Device device = Backends.open(id)) {
            assertEquals(List.of(), Threads.queueUp(device, CompileOptions.of()).failures());
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
        try (Device device = Backends.open(id);
                Device.Stream stream = device.stream();
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

    @ParameterizedTest
    @MethodSource(DEVICES)
    void aDeviceThatIsClosedWhileThingsAreMadeKeepsNoMemory(String id) throws InterruptedException {
        GraphBuilder g = new GraphBuilder();
        Value y = g.input("x", TensorType.f32(1, 128, 8, 8));
        // Packing them is most of the work.
        HostTensor w = noise(1, 128, 128, 3, 3);
        for (int i = 0; i < 8; i++) {
            y = g.relu(g.conv2d(y, g.constant(w), null, Window2d.of().pad(1)));
        }
        g.output("y", y);
        Graph graph = g.build();
        for (int round = 0; round < 40; round++) {
            Device device = Backends.open(id);
            AtomicReference<Throwable> ended = new AtomicReference<>();
            CountDownLatch first = new CountDownLatch(1);
            Thread maker = Thread.ofPlatform().start(() -> {
                try {
                    while (true) {
                        device.compile(graph, null, CompileOptions.of());
                        device.allocate(TensorType.f32(1000));
                        first.countDown();
                    }
                } catch (Throwable e) {
                    ended.set(e);
                    first.countDown();
                }
            });
            first.await();
            Thread.sleep(round % 10);
            device.close();
            maker.join();
            assertInstanceOf(ClosedException.class, ended.get());
            assertEquals(0, device.memoryInUse(), "round " + round);
        }
    }
}
