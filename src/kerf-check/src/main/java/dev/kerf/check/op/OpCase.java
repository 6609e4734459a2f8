package dev.kerf.check.op;

import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceWeights;
import dev.kerf.backend.Executable;
import dev.kerf.backend.NodeTiming;
import dev.kerf.backend.Storage;
import dev.kerf.check.oracle.Oracle;
import dev.kerf.error.KerfException;
import dev.kerf.graph.Graph;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.Op;
import dev.kerf.graph.SourceOp;
import dev.kerf.graph.TensorType;
import dev.kerf.graph.Value;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * A small graph with random numbers in its inputs and weights, and how close to float64 a back end must come:
 * |error| ≤ 4 u · √terms · max(|expected|, rms of expected), where u = 2⁻²⁴ is float32's unit roundoff. Rounding errors of a
 * sum of n terms add up like a random walk, √n; 4 leaves room for the few roundings before and after, and for functions that
 * are good to some units in the last place. Integers must be equal.
 *
 * <p>With float16 storage inputs and weights are numbers that float16 holds, and the result's own rounding comes on top: 2⁻¹¹
 * of it, or 2⁻²⁵ below float16's normal range. Where n results are stored one after the other, each rounded, their errors
 * add up like the others: 4 · 2⁻¹¹ · √n · max(|expected|, rms). Choices between numbers that lie closer together than that
 * are no errors of a kernel; cases that make one are for float32 only.
 */
public final class OpCase {
    private static final double UNIT = 0x1p-24;

    private final String name;
    private final double terms;
    private final Consumer<OpCase> build;
    private Storage storage;
    private Random random;
    private GraphBuilder g;
    private Map<String, HostTensor> inputs;
    private Map<String, HostTensor> weights;

    /**
     * @param terms roundings that make one element of the result: terms of its sum, or a handful for a function
     * @param build records the graph, by the methods here
     */
    OpCase(String name, double terms, Consumer<OpCase> build) {
        this.name = name;
        this.terms = terms;
        this.build = build;
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
        return input(HostTensor.of(Shape.of(values.length), values), null);
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

    /** Compiles the graph for a device, runs it twice, and compares every output with the oracle. Throws nothing of Kerf's. */
    public Outcome check(Device device, CompileOptions options) {
        storage = options.precision().storage();
        random = new Random(name.hashCode());
        g = new GraphBuilder();
        inputs = new HashMap<>();
        weights = new HashMap<>();
        build.accept(this);
        Graph graph = g.build();
        try (Weights file = Weights.of(weights); DeviceWeights loaded = device.load(file)) {
            Oracle.Result expected = Oracle.run(graph, file, inputs, Map.of(), Oracle.Rounding.NONE);
            double worst = 0;
            List<String> failures = new ArrayList<>();
            try (Executable e = device.compile(graph, loaded, options)) {
                inputs.forEach((slot, t) -> e.input(slot).upload(t.data()));
                e.run();
                e.run();
                for (Map.Entry<String, Value> output : graph.outputs().entrySet()) {
                    worst = Math.max(worst, compare(output.getKey(), output.getValue(), expected, graph,
                            e.output(output.getKey()).toHost(), failures));
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
        try (Executable e = device.compile(graph, loaded, options.profiled())) {
            inputs.forEach((slot, t) -> e.input(slot).upload(t.data()));
            e.run();
            return "kernels: " + e.timings().stream().map(NodeTiming::what).distinct().collect(Collectors.joining(", "))
                    + " on " + device.info().id() + ", " + options.precision() + (options.fuse() ? "" : ", not fused");
        }
    }

    /** Adds what is wrong with an output, by its worst element; returns the largest error in multiples of its bound. */
    private double compare(
            String output, Value v, Oracle.Result all, Graph graph, HostTensor got, List<String> failures) {
        HostTensor expected = all.value(v);
        if (!v.type().equals(new TensorType(got.dtype(), got.shape()))) {
            failures.add(output + " is " + got + ", not " + v.type());
            return Double.POSITIVE_INFINITY;
        }
        boolean floats = v.type().dtype().floating();
        double rms = floats ? rms(expected) : 0;
        long stores = graph.nodes().stream().filter(n -> !(n.op() instanceof SourceOp)).count();
        double worst = 0;
        long at = -1;
        long wrong = 0;
        for (long i = 0; i < expected.elements(); i++) {
            double e = expected.getDouble(i);
            double y = got.getDouble(i);
            if (!valid(v, all, i) || same(e, y)) {
                continue;
            }
            double allowed = floats ? allowed(e, rms, stores) : 0;
            double error = Math.abs(y - e);
            double ratio = error > 0 && allowed > 0 ? error / allowed : Double.POSITIVE_INFINITY;
            wrong += ratio > 1 ? 1 : 0;
            if (ratio > worst) {
                worst = ratio;
                at = i;
            }
        }
        if (wrong > 0) {
            double e = expected.getDouble(at);
            failures.add(output + "[" + at + "] of " + v.type() + ": " + got.getDouble(at) + ", expected " + e + " ± "
                    + (floats ? allowed(e, rms, stores) : 0) + "; " + wrong + " of " + expected.elements() + " are wrong");
        }
        return worst;
    }

    private boolean same(double e, double y) {
        return Double.compare(storage.nearest((float) e), (float) y) == 0 || e == y;
    }

    private double allowed(double e, double rms, long stores) {
        double size = Math.max(Math.abs(e), rms);
        double sums = 4 * UNIT * Math.sqrt(terms) * size;
        if (storage == Storage.F32) {
            return sums;
        }
        double unit = storage.rounding();
        return sums + storage.tiny() + (stores == 1 ? unit * Math.abs(e) : 4 * unit * Math.sqrt(stores) * size);
    }

    private static double rms(HostTensor t) {
        double squares = 0;
        long finite = 0;
        for (long i = 0; i < t.elements(); i++) {
            double e = t.getDouble(i);
            if (Double.isFinite(e)) {
                squares += e * e;
                finite++;
            }
        }
        return Math.sqrt(squares / Math.max(1, finite));
    }

    private static boolean valid(Value v, Oracle.Result all, long i) {
        if (v.count() == null) {
            return true;
        }
        Shape s = v.type().shape();
        long inner = s.product(v.countAxis() + 1, s.rank());
        long row = i / inner;
        long capacity = s.dim(v.countAxis());
        return row % capacity < all.value(v.count()).getLong(row / capacity);
    }

    @Override
    public String toString() {
        return name;
    }
}
