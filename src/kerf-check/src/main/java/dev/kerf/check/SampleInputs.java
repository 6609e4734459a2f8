package dev.kerf.check;

import dev.kerf.graph.Graph;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.IntBinaryOperator;
import java.util.stream.IntStream;

/**
 * Numbers to run a graph on where there is no image: made by formula, the same in every run.
 *
 * <pre>{@code
 * SampleInputs.of(graph).forEach((name, t) -> executable.input(name).upload(t.data()));      // where it has no states
 * }</pre>
 */
public final class SampleInputs {
    private SampleInputs() {}

    /**
     * Inputs and states by name: float32 in −1 … 1, scores mostly below 0, pixels of any value, other bytes 0 or 1. Integers say what is where as the
     * models read them: one point on what is meant (none in a frame that is tracked), a memory in each slot.
     */
    public static Map<String, HostTensor> of(Graph graph) {
        Map<String, HostTensor> all = new LinkedHashMap<>();
        boolean tracked = graph.inputs().containsKey("memory_slots");
        graph.inputs().forEach((name, v) -> all.put(name, input(name, v.type(), tracked)));
        graph.states().forEach((name, v) -> all.put(name, random(name, v.type(), 1)));
        return all;
    }

    private static HostTensor input(String name, TensorType type, boolean tracked) {
        return switch (name) {
            case "image" -> type.dtype() == DType.U8 ? pixels(type.shape()) : random(name, type, 1);
            case "scores" -> few(name, type);
            case "labels" -> rows(type, (i, _) -> i == 0 && !tracked ? 1 : -1);
            case "memory_slots", "pointer_slots" -> rows(type, (i, _) -> i);
            case "memory_ages" -> rows(type, (i, n) -> n - 1 - i);
            case "memory_valid", "pointer_valid" -> rows(type, (_, _) -> 1);
            default -> random(name, type, 1);
        };
    }

    /** One in twenty is above 0.05, as few things are found among all that are looked at. */
    private static HostTensor few(String name, TensorType type) {
        HostTensor scores = random(name, type, 1);
        for (long i = 0; i < scores.elements(); i++) {
            scores.setDouble(i, scores.getDouble(i) - 0.85);
        }
        return scores;
    }

    /** Each row the same: of an element's place in it and the row's length. */
    private static HostTensor rows(TensorType type, IntBinaryOperator element) {
        int n = type.shape().size(-1);
        return HostTensor.of(type.shape(), IntStream.range(0, count(type)).map(i -> element.applyAsInt(i % n, n)).toArray());
    }

    /**
     * Numbers of an even distribution, another one for each name: float32 in −range … range, bytes 0 or 1, int32 all 0.
     *
     * @throws IllegalArgumentException for other element types
     */
    public static HostTensor random(String name, TensorType type, double range) {
        int n = count(type);
        long state = name.hashCode() * 0x9E3779B97F4A7C15L;
        switch (type.dtype()) {
            case F32 -> {
                float[] v = new float[n];
                for (int i = 0; i < n; i++) {
                    v[i] = (float) (range * ((mix(state + i) >>> 40) * 0x1p-23 - 1));
                }
                return HostTensor.of(type.shape(), v);
            }
            case U8 -> {
                byte[] v = new byte[n];
                for (int i = 0; i < n; i++) {
                    v[i] = (byte) (mix(state + i) >>> 63);
                }
                return HostTensor.of(type.shape(), v);
            }
            case I32 -> {
                return HostTensor.zeros(DType.I32, type.shape());
            }
            default -> throw new IllegalArgumentException("no random " + type);
        }
    }

    private static HostTensor pixels(Shape shape) {
        byte[] v = new byte[Math.toIntExact(shape.elements())];
        for (int i = 0; i < v.length; i++) {
            v[i] = (byte) (mix(i) >>> 56);
        }
        return HostTensor.of(shape, v);
    }

    private static int count(TensorType type) {
        return Math.toIntExact(type.shape().elements());
    }

    /** Steele, Lea and Flood 2014: splitmix64's finaliser. */
    private static long mix(long i) {
        long z = i * 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
