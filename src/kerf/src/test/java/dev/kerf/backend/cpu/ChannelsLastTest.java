package dev.kerf.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.kerf.backend.Backends;
import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.CpuOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceWeights;
import dev.kerf.backend.Executable;
import dev.kerf.backend.Executable.NodeTiming;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.PointwiseOp.Function;
import dev.kerf.graph.SpatialOp.Conv2d;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Maps whose channels go last before anybody reads them: they are written so, with the same numbers to the bit. */
class ChannelsLastTest {
    private static final List<String> DIRECT = List.of("direct");

    private final Random random = new Random(9);
    private final Map<String, HostTensor> weights = new LinkedHashMap<>();
    private GraphBuilder g = new GraphBuilder();

    private Value weight(long... dims) {
        String name = "w" + weights.size();
        HostTensor t = HostTensor.zeros(DType.F32, Shape.of(dims));
        for (long i = 0; i < t.elements(); i++) {
            t.setDouble(i, random.nextFloat() - 0.5f);
        }
        weights.put(name, t);
        return g.weight(name, Shape.of(dims));
    }

    private Value image(long... dims) {
        return g.input("x", TensorType.f32(dims));
    }

    private Value conv(Value x, int channels, int kernel, Window2d window) {
        return g.conv2d(x, weight(channels, x.type().shape().dim(1), kernel, kernel), weight(channels), window);
    }

    private record Run(float[] y, List<String> algorithms) {}

    private Run run(Graph graph, int threads, CompileOptions options) {
        try (Device device = Backends.open("cpu", new CpuOptions(threads));
                DeviceWeights w = device.load(Weights.of(weights));
                Executable e = device.compile(graph, w, options.profiled())) {
            float[] x = new float[(int) e.input("x").type().shape().elements()];
            Random numbers = new Random(3);
            for (int i = 0; i < x.length; i++) {
                x[i] = numbers.nextFloat() * 4 - 2;
            }
            x[x.length / 2] = Float.NaN;
            x[x.length - 1] = Float.POSITIVE_INFINITY;
            e.input("x").upload(MemorySegment.ofArray(x));
            e.run();
            return new Run(e.output("y").toHost().toFloatArray(), e.timings().stream().map(NodeTiming::what).toList());
        }
    }

    private static List<String> with(List<String> algorithms, String last) {
        List<String> all = new ArrayList<>(algorithms);
        all.add(last);
        return all;
    }

    private void check(List<String> algorithms, Value map) {
        g.output("y", g.permute(g.stage("map", map), 0, 2, 3, 1));
        Graph graph = g.build();
        Run apart = run(graph, 2, CompileOptions.of().keep("map"));
        assertEquals(with(algorithms, "permute"), apart.algorithms);
        for (int threads = 1; threads <= 3; threads++) {
            Run whole = run(graph, threads, CompileOptions.of());
            assertEquals(algorithms, whole.algorithms, () -> map.toString());
            assertArrayEquals(apart.y, whole.y, () -> map.toString());
        }
        begin();
    }

    private void begin() {
        g = new GraphBuilder();
        weights.clear();
    }

    @Test
    void convolutionsOfAnySize() {
        Window2d stem = Window2d.of().stride(4).pad(3);
        check(DIRECT, conv(image(1, 3, 256, 256), 96, 7, stem));
        check(DIRECT, conv(image(2, 3, 37, 61), 24, 7, stem));
        check(DIRECT, conv(image(1, 2, 5, 5), 3, 3, Window2d.of().pad(1)));
        check(DIRECT, conv(image(3, 5, 1, 1), 17, 1, Window2d.of()));
        check(DIRECT, conv(image(2, 31, 13, 29), 65, 1, Window2d.of()));
        check(DIRECT, conv(image(1, 4, 9, 333), 256, 3, Window2d.of().stride(2).pad(1)));
        check(DIRECT, conv(image(1, 1, 64, 3), 2, 2, Window2d.of()));
    }

    @Test
    void whateverAConvolutionDoesBesides() {
        Window2d window = Window2d.of().stride(2).pad(1);
        for (Activation act : List.of(Activation.NONE, Activation.RELU, Activation.GELU_ERF)) {
            for (boolean residual : new boolean[] {false, true}) {
                for (boolean bias : new boolean[] {false, true}) {
                    List<Value> in = new ArrayList<>(List.of(image(2, 3, 21, 45), weight(19, 3, 3, 3)));
                    if (bias) {
                        in.add(weight(19));
                    }
                    if (residual) {
                        in.add(g.reshape(weight(2 * 19 * 11 * 23), 2, 19, 11, 23));
                    }
                    check(DIRECT, g.apply(new Conv2d(window, 1, act, bias, residual), in.toArray(Value[]::new)));
                }
            }
        }
        Value x = conv(image(1, 3, 40, 40), 32, 3, window);
        g.output("y", g.permute(g.unary(Function.GELU_ERF, g.layerNorm(x, weight(32), weight(32), 1, 1e-6)), 0, 2, 3, 1));
        Graph graph = g.build();
        Run whole = run(graph, 2, CompileOptions.of());
        assertEquals(DIRECT, whole.algorithms);
        Run plain = run(graph, 2, CompileOptions.of().unfused());
        assertArrayEquals(plain.y, whole.y, 1e-4f);
    }

    @Test
    void normsOfChannels() {
        check(List.of("layer_norm"), g.layerNorm(image(2, 24, 16, 12), weight(24), weight(24), 1, 1e-6));
        check(List.of("layer_norm"), g.layerNorm(image(1, 7, 8, 8), weight(7), weight(7), 1, 1e-6));
    }

    /** Several groups, more channels than a block has, Winograd's algorithm, transposed convolutions, maps that others read. */
    @Test
    void othersArePermutedAfterwards() {
        assertApart(g.apply(new Conv2d(Window2d.of().pad(1), 2, Activation.NONE, false, false), image(1, 8, 20, 20),
                weight(6, 4, 3, 3)));
        assertApart(conv(image(1, 8, 20, 20), 300, 3, Window2d.of().stride(2)));
        assertApart(conv(image(1, 64, 57, 51), 65, 3, Window2d.of().pad(1)));
        assertApart(g.convTranspose2d(image(1, 8, 20, 20), weight(8, 6, 3, 3), weight(6), Window2d.of()));
        Value map = conv(image(1, 3, 20, 20), 16, 3, Window2d.of());
        g.output("too", map);
        assertApart(map);
    }

    private void assertApart(Value map) {
        g.output("y", g.permute(map, 0, 2, 3, 1));
        List<String> algorithms = run(g.build(), 2, CompileOptions.of()).algorithms;
        assertEquals("permute", algorithms.getLast(), algorithms.toString());
        begin();
    }
}
