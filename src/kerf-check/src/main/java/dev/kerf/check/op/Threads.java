package dev.kerf.check.op;

import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceTensor;
import dev.kerf.backend.DeviceWeights;
import dev.kerf.backend.Executable;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.graph.StateOp;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** One device used by many threads. */
public final class Threads {
    private static final int THREADS = 4;
    private static final int RUNS = 50;

    private Threads() {}

    /** Executables that share weights, one in each thread, give bit for bit what one alone gives. */
    public static Outcome shareWeights(Device device, CompileOptions options) {
        Map<String, HostTensor> tensors = Map.of("w0", noise(1, 8, 8, 3, 3), "w1", noise(2, 8, 8, 3, 3),
                "w2", noise(3, 8, 8, 3, 3));
        List<float[]> alone = new ArrayList<>();
        try (Weights file = Weights.of(tensors); DeviceWeights weights = device.load(file)) {
            try (Executable e = device.compile(net(), weights, options)) {
                for (int i = 0; i < THREADS; i++) {
                    e.input("x").upload(noise(10 + i, 1, 8, 37, 41).data());
                    e.run();
                    alone.add(e.output("y").toHost().toFloatArray());
                }
            }
            return together(THREADS + " threads share weights", thread -> () -> {
                try (Executable e = device.compile(net(), weights, options)) {
                    e.input("x").upload(noise(10 + thread, 1, 8, 37, 41).data());
                    for (int run = 0; run < RUNS; run++) {
                        e.run();
                        float[] y = e.output("y").toHost().toFloatArray();
                        int at = Arrays.mismatch(alone.get(thread), y);
                        if (at >= 0) {
                            return "thread " + thread + ", run " + run + ": element " + at + " is " + y[at] + ", alone "
                                    + alone.get(thread)[at];
                        }
                    }
                }
                return null;
            });
        }
    }

    /** Runs of one executable, submitted to a stream or waited for, queue up whatever thread they come from. */
    public static Outcome queueUp(Device device, CompileOptions options) {
        String name = THREADS + " threads run one executable";
        GraphBuilder g = new GraphBuilder();
        Value state = g.state("n", TensorType.f32(1));
        g.apply(new StateOp.Assign(), state,
                g.add(state, g.constant(HostTensor.of(Shape.of(1), new float[] {1}))));
        try (DeviceTensor.State n = device.allocateState(TensorType.f32(1));
                Executable e = device.compile(g.build(), null, options);
                Device.Stream stream = device.stream()) {
            e.bindState("n", n);
            Outcome outcome = together(name, thread -> () -> {
                for (int run = 0; run < RUNS; run++) {
                    if (thread == 0) {
                        e.submit(stream);
                    } else {
                        e.run();
                    }
                }
                return null;
            });
            stream.synchronize();
            double counted = n.toHost().getDouble(0);
            return !outcome.passed() || counted == THREADS * RUNS
                    ? outcome
                    : Outcome.failed(name, THREADS * RUNS + " runs counted " + counted);
        }
    }

    /** What a thread does; the call returns what went wrong, or null. */
    private interface Work {
        Callable<String> of(int thread);
    }

    private static Outcome together(String name, Work work) {
        List<String> failures = new ArrayList<>();
        try (ExecutorService pool = Executors.newFixedThreadPool(THREADS)) {
            List<Future<String>> done = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                done.add(pool.submit(work.of(i)));
            }
            for (Future<String> f : done) {
                try {
                    String failure = f.get();
                    if (failure != null) {
                        failures.add(failure);
                    }
                } catch (ExecutionException e) {
                    failures.add(String.valueOf(e.getCause()));
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    failures.add("interrupted");
                }
            }
        }
        return new Outcome(name, 0, failures);
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

    private static HostTensor noise(int seed, long... dims) {
        HostTensor t = HostTensor.zeros(DType.F32, Shape.of(dims));
        for (long i = 0; i < t.elements(); i++) {
            t.setDouble(i, Math.sin(i * 0.731 + seed));
        }
        return t;
    }
}
