package dev.kerf.graph.onnx;

import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.Op;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.LongStream;

/**
 * A graph in the making with random numbers for its inputs and constants: the same for the same seed, but for the
 * signs. A sum of products without signs is the sum of the absolute terms.
 */
final class RandomCase {
    final Random random;
    final GraphBuilder builder = new GraphBuilder();
    final Map<String, HostTensor> inputs = new LinkedHashMap<>();
    private final List<Value> outputs = new ArrayList<>();
    private final boolean absolute;

    /** @param absolute whether float32 numbers lose their signs */
    RandomCase(long seed, boolean absolute) {
        this.absolute = absolute;
        // Neighbouring seeds give similar first numbers; spread them.
        random = new Random(seed * 0x9E3779B97F4A7C15L);
    }

    /** A number from low to high, both included. */
    int between(int low, int high) {
        return low + random.nextInt(high - low + 1);
    }

    boolean coin() {
        return random.nextBoolean();
    }

    <T> T pick(List<T> list) {
        return list.get(random.nextInt(list.size()));
    }

    <E extends Enum<E>> E pick(Class<E> type) {
        return pick(List.of(type.getEnumConstants()));
    }

    /** An activation; none where signs are lost: a bounded one would hide how large the sum is whose rounding it passes on. */
    Op.Activation activation() {
        Op.Activation picked = pick(Op.Activation.class);
        return absolute ? Op.Activation.NONE : picked;
    }

    Shape shape(int rank, int most) {
        long[] d = new long[rank];
        for (int i = 0; i < rank; i++) {
            d[i] = between(1, most);
        }
        return Shape.of(d);
    }

    /** Extents that broadcast to those of a shape. */
    long[] broadcast(Shape y) {
        long[] d = y.dims();
        for (int i = 0; i < d.length; i++) {
            d[i] = between(0, 3) == 0 ? 1 : d[i];
        }
        return Arrays.copyOfRange(d, d.length == 0 ? 0 : between(0, d.length - 1), d.length);
    }

    /** Extents of matrices in a batch. */
    static long[] matrix(long[] batch, long rows, long columns) {
        return LongStream.concat(LongStream.of(batch), LongStream.of(rows, columns)).toArray();
    }

    /** An input of numbers from −1 to 1. */
    Value floats(long... dims) {
        return floats(-1, 1, dims);
    }

    Value floats(double low, double high, long... dims) {
        return input(numbers(low, high, dims));
    }

    /** Numbers from low to high that the graph holds, as it does weights. */
    Value fixed(double low, double high, long... dims) {
        return builder.constant(numbers(low, high, dims));
    }

    private HostTensor numbers(double low, double high, long... dims) {
        HostTensor t = HostTensor.zeros(DType.F32, Shape.of(dims));
        for (long i = 0; i < t.elements(); i++) {
            double x = low + (high - low) * random.nextDouble();
            t.setDouble(i, absolute ? Math.abs(x) : x);
        }
        return t;
    }

    /** An input of whole numbers from low to high, both included. */
    Value integers(DType dtype, int low, int high, long... dims) {
        HostTensor t = HostTensor.zeros(dtype, Shape.of(dims));
        for (long i = 0; i < t.elements(); i++) {
            t.setDouble(i, between(low, high));
        }
        return input(t);
    }

    Value input(HostTensor t) {
        String name = "x" + inputs.size();
        inputs.put(name, t);
        return builder.input(name, new TensorType(t.dtype(), t.shape()));
    }

    /** An input that is a capacity. */
    Value counted(HostTensor t, Value count) {
        String name = "x" + inputs.size();
        inputs.put(name, t);
        return builder.input(name, new TensorType(t.dtype(), t.shape()), count);
    }

    Value apply(Op op, Value... operands) {
        return builder.apply(op, operands);
    }

    /** Adds an output, named by its position. */
    RandomCase output(Value v) {
        outputs.add(v);
        builder.output("y" + (outputs.size() - 1), v);
        return this;
    }

    Graph graph() {
        return builder.build();
    }
}
