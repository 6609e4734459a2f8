package dev.kerf.check.op;

import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceTensor;
import dev.kerf.backend.DeviceWeights;
import dev.kerf.backend.Executable;
import dev.kerf.backend.Executable.NodeTiming;
import dev.kerf.backend.Precision;
import dev.kerf.backend.Precision.Storage;
import dev.kerf.check.oracle.Oracle;
import dev.kerf.error.KerfException;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.Op;
import dev.kerf.graph.MatrixOp;
import dev.kerf.graph.SourceOp;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * A small graph with random numbers in its inputs, weights and states, whose results and states a device must compute as
 * close to float64 as {@link Comparison} says.
 *
 * <pre>{@code
 * List<String> wrong = OpCases.all().getFirst().check(device, CompileOptions.of()).failures();
 * }</pre>
 */
public final class OpCase {
    private final String name;
    private final double terms;
    private final Consumer<OpCase> build;
    private Storage storage = Storage.F32;
    private Random random;
    private GraphBuilder g;
    private Map<String, HostTensor> inputs;
    private Map<String, HostTensor> weights;
    private Map<String, HostTensor> states;

    /**
     * @param terms roundings that make one element of the result, see {@link Comparison}
     * @param build records the graph, by the methods here
     */
    OpCase(String name, double terms, Consumer<OpCase> build) {
        this.name = name;
        this.terms = terms;
        this.build = build;
    }

    /** The graph that it runs. */
    public Graph recorded() {
        return record();
    }

    /** The graph recorded anew; its inputs, weights and states are the same numbers each time. */
    Graph record() {
        random = new Random(name.hashCode());
        g = new GraphBuilder();
        inputs = new HashMap<>();
        weights = new HashMap<>();
        states = new LinkedHashMap<>();
        build.accept(this);
        return g.build();
    }

    GraphBuilder graph() {
        return g;
    }

    /** A float32 input of normally distributed numbers. */
    Value x(long... dims) {
        return input(normal(Shape.of(dims)), null);
    }

    /** A float32 input of positive numbers from 0.1 on. */
    Value positive(long... dims) {
        HostTensor t = normal(Shape.of(dims));
        for (long i = 0; i < t.elements(); i++) {
            t.setDouble(i, Math.abs(t.getDouble(i)) + 0.1);
        }
        return input(t, null);
    }

    /** A float32 input that is counted. */
    Value counted(Value count, long... dims) {
        return input(normal(Shape.of(dims)), count);
    }

    /** A float32 input of the given numbers. */
    Value given(float... values) {
        return given(Shape.of(values.length), null, values);
    }

    /** A float32 input of the given numbers under a shape, counted unless the count is null. */
    Value given(Shape shape, Value count, float... values) {
        return input(HostTensor.of(shape, values), count);
    }

    /**
     * Boxes (items, n, 4) on and around an image, counted unless the count is null. Edges are multiples of an eighth, so that
     * overlaps are exact; some boxes are empty, some inside out, some outside.
     *
     * @param extent sides of the image
     * @param first  edges of the first boxes
     */
    Value boxes(int extent, Value count, long items, long n, float... first) {
        HostTensor t = HostTensor.zeros(DType.F32, Shape.of(items, n, 4));
        for (long i = 0; i < items * n; i++) {
            for (int axis = 0; axis < 2; axis++) {
                double low = (random.nextInt(12 * extent) - 2 * extent) / 8.0;
                t.setDouble(4 * i + axis, low);
                t.setDouble(4 * i + axis + 2, low + (random.nextInt(6 * extent) - extent / 4) / 8.0);
            }
        }
        for (int i = 0; i < first.length; i++) {
            t.setDouble(i, first[i]);
        }
        return input(t, count);
    }

    /** A float32 state of normally distributed numbers. */
    Value state(long... dims) {
        String key = "s" + states.size();
        states.put(key, held(normal(Shape.of(dims))));
        return g.state(key, TensorType.f32(dims));
    }

    /** An int32 input of the given numbers under a shape. */
    Value ints(Shape shape, int... values) {
        return input(HostTensor.of(shape, values), null);
    }

    /** An input of whole numbers 0 … most. */
    Value whole(DType dtype, int most, long... dims) {
        HostTensor t = HostTensor.zeros(dtype, Shape.of(dims));
        for (long i = 0; i < t.elements(); i++) {
            t.setDouble(i, random.nextInt(most + 1));
        }
        return input(t, null);
    }

    /** A weight of normally distributed numbers. */
    Value w(long... dims) {
        String key = "w" + weights.size();
        weights.put(key, held(normal(Shape.of(dims))));
        return g.weight(key, Shape.of(dims));
    }

    /** A weight of positive numbers. */
    Value positiveWeight(long... dims) {
        HostTensor t = normal(Shape.of(dims));
        for (long i = 0; i < t.elements(); i++) {
            t.setDouble(i, Math.abs(t.getDouble(i)) + 0.1);
        }
        String key = "w" + weights.size();
        weights.put(key, held(t));
        return g.weight(key, Shape.of(dims));
    }

    Value apply(Op op, Value... operands) {
        return g.apply(op, operands);
    }

    void out(Value v) {
        g.output("y" + v.id(), v);
    }

    private Value input(HostTensor t, Value count) {
        String slot = "x" + inputs.size();
        inputs.put(slot, held(t));
        TensorType type = new TensorType(t.dtype(), t.shape());
        return count == null ? g.input(slot, type) : g.input(slot, type, count);
    }

    /** The nearest numbers that the storage holds. */
    private HostTensor held(HostTensor t) {
        return t.to(storage.of(t.dtype())).to(t.dtype());
    }

    private HostTensor normal(Shape shape) {
        HostTensor t = HostTensor.zeros(DType.F32, shape);
        for (long i = 0; i < t.elements(); i++) {
            t.setDouble(i, random.nextGaussian());
        }
        return t;
    }

    /** What the case is called: the op first. */
    public String name() {
        return name;
    }

    /**
     * Compiles the graph for a device, runs it twice, and compares every output and state with the oracle's. Throws nothing
     * of Kerf's.
     */
    public Outcome check(Device device, CompileOptions options) {
        storage = options.precision().storage();
        Graph graph = record();
        try (Weights file = Weights.of(weights); DeviceWeights loaded = device.load(file)) {
            Oracle.Result once = Oracle.run(graph, file, inputs, states, Oracle.Rounding.NONE);
            Oracle.Result expected = states.isEmpty()
                    ? once
                    : Oracle.run(graph, file, inputs, once.states(), Oracle.Rounding.NONE);
            List<String> failures = new ArrayList<>();
            double worst = 0;
            try (Running running = new Running(device, graph, loaded, options)) {
                running.e.run();
                running.e.run();
                long stores = graph.nodes().stream().filter(n -> !(n.op() instanceof SourceOp))
                        .mapToLong(n -> n.op() instanceof MatrixOp.Attention ? 2 : 1).sum();
                Comparison comparison = new Comparison(terms, options.precision(), stores);
                for (Map.Entry<String, Value> output : graph.outputs().entrySet()) {
                    worst = Math.max(worst, comparison.worst(output.getKey(), output.getValue(),
                            expected.value(output.getValue()), expected, running.e.output(output.getKey()).toHost(), failures));
                }
                for (Map.Entry<String, DeviceTensor.State> state : running.states.entrySet()) {
                    worst = Math.max(worst, comparison.worst(state.getKey(), graph.states().get(state.getKey()),
                            expected.states().get(state.getKey()), expected, state.getValue().toHost(), failures));
                }
            }
            if (!failures.isEmpty()) {
                failures.add(kernels(device, graph, loaded, options));
            }
            return new Outcome(name, worst, failures);
        } catch (KerfException e) {
            return Outcome.failed(name, e.getMessage());
        }
    }

    /** The kernels that take part, to name the suspects. */
    private String kernels(Device device, Graph graph, DeviceWeights loaded, CompileOptions options) {
        try (Running running = new Running(device, graph, loaded, options.profiled())) {
            running.e.run();
            return "kernels: " + running.e.timings().stream().map(NodeTiming::what).distinct()
                    .collect(Collectors.joining(", ")) + " on " + device.info().id() + ", " + options.precision()
                    + (options.fuse() ? "" : ", not fused");
        }
    }

    /**
     * Runs the graph so many times, each from the same states, and hashes the bits of all valid elements of its outputs.
     *
     * @return the hashes in the order in which they came, each once: one alone where a device is deterministic
     */
    public Set<Long> bits(Device device, CompileOptions options, int runs) {
        storage = options.precision().storage();
        Graph graph = record();
        Set<Long> seen = new LinkedHashSet<>();
        try (Weights file = Weights.of(weights);
                DeviceWeights loaded = device.load(file);
                Running running = new Running(device, graph, loaded, options)) {
            Oracle.Result counts = Oracle.run(graph, file, inputs, states, Oracle.Rounding.NONE);
            for (int i = 0; i < runs; i++) {
                running.begin();
                running.e.run();
                long hash = 1;
                for (Map.Entry<String, Value> output : graph.outputs().entrySet()) {
                    HostTensor y = running.e.output(output.getKey()).toHost();
                    for (long k = 0; k < y.elements(); k++) {
                        hash = 31 * hash + (Comparison.valid(output.getValue(), counts, k)
                                ? Double.doubleToRawLongBits(y.getDouble(k))
                                : 0);
                    }
                }
                for (DeviceTensor.State state : running.states.values()) {
                    HostTensor y = state.toHost();
                    for (long k = 0; k < y.elements(); k++) {
                        hash = 31 * hash + Double.doubleToRawLongBits(y.getDouble(k));
                    }
                }
                seen.add(hash);
            }
        }
        return seen;
    }

    /** The graph compiled, with its inputs and states uploaded. */
    private final class Running implements AutoCloseable {
        private final Executable e;
        private final Map<String, DeviceTensor.State> states = new LinkedHashMap<>();

        Running(Device device, Graph graph, DeviceWeights loaded, CompileOptions options) {
            e = device.compile(graph, loaded, options);
            inputs.forEach((slot, t) -> e.input(slot).upload(t.data()));
            OpCase.this.states.keySet().forEach(state -> {
                DeviceTensor.State s = device.allocateState(graph.states().get(state).type());
                states.put(state, s);
                e.bindState(state, s);
            });
            begin();
        }

        /** States are as they were given again. */
        void begin() {
            states.forEach((state, s) -> s.upload(OpCase.this.states.get(state).data()));
        }

        @Override
        public void close() {
            e.close();
            states.values().forEach(DeviceTensor.State::close);
        }
    }

    @Override
    public String toString() {
        return name;
    }
}
