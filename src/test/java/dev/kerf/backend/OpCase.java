package dev.kerf.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import dev.kerf.backend.cpu.Oracle;
import dev.kerf.graph.Graph;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.Op;
import dev.kerf.graph.TensorType;
import dev.kerf.graph.Value;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;

/**
 * A small graph with random numbers in its inputs and weights, and how close to float64 a back end must come:
 * |error| ≤ 4 u · √terms · max(|expected|, rms of expected), where u = 2⁻²⁴ is float32's unit roundoff. Rounding errors of a
 * sum of n terms add up like a random walk, √n; 4 leaves room for the few roundings before and after, and for functions that
 * are good to some units in the last place. Integers must be equal.
 */
final class OpCase {
    private static final double UNIT = Math.ulp(1f) / 2;

    private final String name;
    private final double terms;
    private final Consumer<OpCase> build;
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
        weights.put(key, normal(Shape.of(dims)));
        return g.weight(key, Shape.of(dims));
    }

    /** A weight of positive numbers. */
    Value positiveWeight(long... dims) {
        HostTensor t = normal(Shape.of(dims));
        for (long i = 0; i < t.elements(); i++) {
            t.setDouble(i, Math.abs(t.getDouble(i)) + 0.1);
        }
        String key = "w" + weights.size();
        weights.put(key, t);
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
        inputs.put(slot, t);
        TensorType type = new TensorType(t.dtype(), t.shape());
        return count == null ? g.input(slot, type) : g.input(slot, type, count);
    }

    private HostTensor normal(Shape shape) {
        HostTensor t = HostTensor.zeros(DType.F32, shape);
        for (long i = 0; i < t.elements(); i++) {
            t.setDouble(i, random.nextGaussian());
        }
        return t;
    }

    /** Compiles the graph for a device, runs it twice, and compares every output with the oracle. */
    void check(Device device, CompileOptions options) {
        random = new Random(name.hashCode());
        g = new GraphBuilder();
        inputs = new HashMap<>();
        weights = new HashMap<>();
        build.accept(this);
        Graph graph = g.build();
        try (Weights file = Weights.of(weights); DeviceWeights loaded = device.load(file);
                Executable e = device.compile(graph, loaded, options)) {
            Oracle.Result expected = Oracle.run(graph, file, inputs, Map.of(), Oracle.Rounding.NONE);
            inputs.forEach((slot, t) -> e.input(slot).upload(t.data()));
            e.run();
            e.run();
            graph.outputs().forEach((output, v) -> compare(output, v, expected, e.output(output).toHost()));
        }
    }

    private void compare(String output, Value v, Oracle.Result all, HostTensor got) {
        HostTensor expected = all.value(v);
        assertEquals(v.type(), new TensorType(got.dtype(), got.shape()), name);
        double squares = 0;
        long finite = 0;
        for (long i = 0; i < expected.elements(); i++) {
            double e = expected.getDouble(i);
            if (Double.isFinite(e)) {
                squares += e * e;
                finite++;
            }
        }
        double rms = Math.sqrt(squares / Math.max(1, finite));
        for (long i = 0; i < expected.elements(); i++) {
            if (!valid(v, all, i)) {
                continue;
            }
            double e = expected.getDouble(i);
            double y = got.getDouble(i);
            boolean same = Double.compare((float) e, (float) y) == 0 || e == y;
            double allowed = v.type().dtype().floating() ? 4 * UNIT * Math.sqrt(terms) * Math.max(Math.abs(e), rms) : 0;
            if (!same && !(Math.abs(y - e) <= allowed)) {
                fail(name + ", " + output + "[" + i + "] of " + v.type() + ": " + y + ", expected " + e + " ± " + allowed);
            }
        }
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
