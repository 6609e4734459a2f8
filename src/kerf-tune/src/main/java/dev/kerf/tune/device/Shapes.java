package dev.kerf.tune.device;

import dev.kerf.error.BadInputException;
import dev.kerf.graph.BoxOp;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MatrixOp;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.SpatialOp;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.Shape;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Problem sizes given by hand: {@code C=64,O=64,H=128,W=128} for a kernel. */
public final class Shapes {
    /** For each kernel its sizes, with what is taken where nothing is said. */
    private static final Map<String, Map<String, Integer>> KNOWN = new TreeMap<>(Map.of(
            "conv2d", sizes("N", 1, "C", 64, "O", 64, "H", 64, "W", 64, "K", 3, "stride", 1, "groups", 1),
            "matmul", sizes("batch", 1, "M", 512, "N", 512, "K", 512),
            "attention", sizes("B", 1, "heads", 8, "LQ", 1024, "LK", 1024, "D", 64, "DV", 64),
            "nms", sizes("B", 1, "M", 1000, "most", 1000),
            "softmax", sizes("outer", 1024, "n", 1024, "inner", 1),
            "layer_norm", sizes("outer", 1024, "n", 256, "inner", 1),
            "max_pool2d", sizes("N", 1, "C", 64, "H", 128, "W", 128, "K", 2),
            "resize", sizes("N", 1, "C", 64, "H", 64, "W", 64, "scale", 2),
            "unary", sizes("elements", 1 << 20),
            "binary", sizes("elements", 1 << 20)));

    private Shapes() {}

    private static Map<String, Integer> sizes(Object... namesAndValues) {
        Map<String, Integer> all = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            all.put((String) namesAndValues[i], (Integer) namesAndValues[i + 1]);
        }
        return all;
    }

    /** The kernels that sizes can be given for. */
    public static Set<String> kernels() {
        return Collections.unmodifiableSet(KNOWN.keySet());
    }

    /**
     * A graph of one op.
     *
     * @param kernel that does it
     * @param shape  {@code NAME=VALUE} with commas between; sizes that it doesn't name are usual ones
     * @throws BadInputException if the kernel has no such size, or only a model's launches tell of its sizes
     */
    public static Graph graph(String kernel, String shape) {
        Map<String, Integer> known = KNOWN.get(kernel);
        if (known == null) {
            throw new BadInputException("sizes can be given for " + String.join(", ", KNOWN.keySet()) + "; take those of "
                    + kernel + " from a model: --shapes from:MODEL@SIZE");
        }
        Map<String, Integer> s = new LinkedHashMap<>(known);
        for (String part : shape.strip().isEmpty() ? new String[0] : shape.strip().split("[, ]+")) {
            String[] nameAndValue = part.split("=", 2);
            int value = nameAndValue.length == 2 && nameAndValue[1].matches("[1-9]\\d{0,8}")
                    ? Integer.parseInt(nameAndValue[1])
                    : 0;
            if (value == 0 || s.replace(nameAndValue[0], value) == null) {
                throw new BadInputException(
                        "'" + part + "' is no size of " + kernel + "; it has, with these usual values, " + known);
            }
        }
        GraphBuilder g = new GraphBuilder();
        g.output("y", op(kernel, g, s));
        return g.build();
    }

    private static Value op(String kernel, GraphBuilder g, Map<String, Integer> s) {
        return switch (kernel) {
            case "conv2d" -> {
                int c = s.get("C") * s.get("groups");
                int o = s.get("O") * s.get("groups");
                int k = s.get("K");
                yield g.apply(new SpatialOp.Conv2d(Window2d.of().stride(s.get("stride")).pad((k - 1) / 2), s.get("groups"),
                        Activation.RELU, true, false), x(g, "x1", s.get("N"), c, s.get("H"), s.get("W")),
                        w(g, "w2", o, s.get("C"), k, k),
                        w(g, "w3", o));
            }
            case "matmul" -> g.matMul(x(g, "x4", s.get("batch"), s.get("M"), s.get("K")),
                    x(g, "x5", s.get("batch"), s.get("K"), s.get("N")));
            case "attention" -> g.apply(new MatrixOp.Attention((float) (1 / Math.sqrt(s.get("D"))), false),
                    x(g, "x6", s.get("B"), s.get("heads"), s.get("LQ"), s.get("D")),
                    x(g, "x7", s.get("B"), s.get("heads"), s.get("LK"), s.get("D")),
                    x(g, "x8", s.get("B"), s.get("heads"), s.get("LK"), s.get("DV")));
            case "nms" -> g.apply(new BoxOp.Nms(0.5f, 1e-3f, s.get("most")), x(g, "x9", s.get("B"), s.get("M"), 4),
                    g.input("groups", TensorType.of(DType.I32, s.get("B"), s.get("M"))));
            case "softmax" -> g.softmax(x(g, "x10", s.get("outer"), s.get("n"), s.get("inner")), 1);
            case "layer_norm" -> g.layerNorm(x(g, "x11", s.get("outer"), s.get("n"), s.get("inner")), w(g, "w12", s.get("n")),
                    w(g, "w13", s.get("n")), 1,
                    1e-6);
            case "max_pool2d" -> g.maxPool2d(x(g, "x14", s.get("N"), s.get("C"), s.get("H"), s.get("W")), s.get("K"));
            case "resize" ->
                g.bilinear(x(g, "x15", s.get("N"), s.get("C"), s.get("H"), s.get("W")), s.get("scale") * s.get("H"),
                        s.get("scale") * s.get("W"), SpatialOp.Sampling.HALF_PIXEL);
            case "unary" -> g.relu(x(g, "x16", s.get("elements")));
            case "binary" -> g.add(x(g, "x17", s.get("elements")), x(g, "x18", s.get("elements")));
            default -> throw new IllegalStateException(kernel);
        };
    }

    private static Value x(GraphBuilder g, String slot, int... dims) {
        return g.input(slot, TensorType.f32(longs(dims)));
    }

    /** A weight: its numbers are drawn when the problem is made. */
    private static Value w(GraphBuilder g, String name, int... dims) {
        return g.weight(name, Shape.of(longs(dims)));
    }

    private static long[] longs(int... dims) {
        return Arrays.stream(dims).asLongStream().toArray();
    }
}
