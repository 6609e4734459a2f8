package dev.kerf.backend.gpu;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.DeviceTensor;
import dev.kerf.backend.Executable;
import dev.kerf.backend.Executable.NodeTiming;
import dev.kerf.backend.Precision;
import dev.kerf.backend.Precision.Storage;
import dev.kerf.backend.gpu.device.GpuDevice;
import dev.kerf.backend.gpu.kernel.Manifest;
import dev.kerf.check.oracle.Oracle;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.Op;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;

/**
 * A device on which a variant for tensor cores is forced with its parameters, and the devices, precisions and tiles there are. Factors
 * have few enough digits that float16 holds them, so only the kernel's roundings count.
 */
final class TensorBed implements AutoCloseable {
    static final double UNIT = 0x1p-24;
    static final List<Map<String, Long>> TILES = List.of(tile(128, 128, 64, 64, 3), tile(64, 64, 32, 32, 3));

    static Map<String, Long> tile(long m, long n, long warpM, long warpN, long stages) {
        return Map.of("TILE_M", m, "TILE_N", n, "WARP_M", warpM, "WARP_N", warpN, "STAGES", stages);
    }

    /** Devices of NVIDIA's architecture 8.0 and later × precisions × tiles; the smaller is for floats alone. Hopper's variant has one. */
    static Stream<Arguments> products() {
        return Stream.concat(cases("matmul_mma", p -> IntStream.range(0, floats(p) ? 2 : 1)),
                cases("matmul_wgmma", p -> IntStream.range(0, 1)));
    }

    /** The same without the smaller tile, which hasn't two halves of what is turned. */
    static Stream<Arguments> wideProducts() {
        return Stream.of("matmul_mma", "matmul_wgmma").flatMap(v -> cases(v, p -> IntStream.range(0, 1)));
    }

    static Stream<Arguments> cases(String variant, Function<Precision, IntStream> tiles) {
        return Parity.devices().filter(d -> runs(d, variant))
                .flatMap(d -> Manifest.of(variant).precisions().stream().filter(p -> takes(d, p))
                        .flatMap(p -> tiles.apply(p).mapToObj(t -> Arguments.of(d, variant, p, t))));
    }

    static boolean floats(Precision p) {
        return p.storage() == Storage.F32;
    }

    /** How far off a factor is as tensor cores take it, relative to it. */
    static double rounding(Precision p) {
        return switch (p.arithmetic()) {
            case TF32 -> 0x1p-11;
            case TF32X3 -> 0x1p-22;
            case PLAIN -> p.storage().rounding();
        };
    }

    static boolean runs(String device, String variant) {
        if (!device.startsWith("cuda:") && !device.startsWith("jcuda:") && !device.startsWith("ptx:")) {
            return false;
        }
        try (Driver driver = Parity.driver(device)) {
            return Manifest.of(variant).architecture().runs(driver.facts().sm(), driver.facts().code().isa());
        }
    }

    static boolean takes(String device, Precision precision) {
        try (Driver driver = Parity.driver(device)) {
            return driver.facts().info().takes(precision);
        }
    }

    private final GpuDevice device;
    private final Target.Forced forced;
    private final Precision precision;
    private final String variant;
    private final Random random = new Random(7);
    private final Map<String, DeviceTensor.State> states = new HashMap<>();
    private List<String> launched = List.of();

    TensorBed(String id, Precision precision, String kernel, String variant, Map<String, Long> parameters) {
        this.forced = new Target.Forced(Map.of(kernel, variant), Map.of(variant, parameters));
        this.device = new GpuDevice(Parity.driver(id), forced);
        this.precision = precision;
        this.variant = variant;
    }

    /** Multiples of 1/64 in [−1, 1), which TF32, float16 and bfloat16 hold. */
    HostTensor random(long... shape) {
        float[] v = new float[Math.toIntExact(Shape.of(shape).elements())];
        for (int i = 0; i < v.length; i++) {
            v[i] = (random.nextInt(128) - 64) / 64f;
        }
        return HostTensor.of(Shape.of(shape), v);
    }

    float[] run(Graph graph, Map<String, HostTensor> inputs) {
        return run(graph, inputs, true);
    }

    /** With results of 16 bits, too, where operands are, or of 32, where the kernel writes such. */
    float[] run(Graph graph, Map<String, HostTensor> inputs, boolean narrow) {
        Target.Forced choices = new Target.Forced(forced.kernels(), forced.parameters(), narrow);
        try (Executable e = device.compile(graph, null, CompileOptions.of().precision(precision).profiled(), choices)) {
            inputs.forEach((name, t) -> e.input(name).upload(t.data()));
            graph.states()
                    .forEach((name, v) -> e.bindState(name, states.computeIfAbsent(name, s -> device.allocateState(v.type()))));
            e.run();
            launched = e.timings().stream().map(NodeTiming::what).toList();
            assertTrue(launched.stream().anyMatch(w -> w.contains(variant)), variant);
            return e.output("y").toHost().toFloatArray();
        }
    }

    /** What the last run launched. */
    List<String> launched() {
        return launched;
    }

    /** Holds a sum of {@code terms} products to the oracle: the error grows with the terms' magnitudes. */
    void check(Op op, Op plain, long terms, boolean fixed, List<HostTensor> values) {
        Map<String, HostTensor> inputs = new HashMap<>();
        Graph graph = graph(op, values, fixed, inputs);
        Map<String, HostTensor> all = new HashMap<>();
        Graph magnitudes = graph(plain, values.stream().map(TensorBed::magnitudes).toList(), false, all);
        HostTensor expected = oracle(graph, inputs);
        HostTensor scale = oracle(magnitudes, all);
        // Of a few rows the lowering makes float32 products, and 16 bits where all is to have them.
        boolean both = precision.storage() != Storage.F32 && expected.shape().dim(-2) >= 16;
        for (boolean narrow : both ? new boolean[] {false, true} : new boolean[] {true}) {
            float[] y = run(graph, inputs, narrow);
            Storage as = narrow ? precision.storage() : Storage.F32; // what the kernel writes
            for (int i = 0; i < y.length; i++) {
                double e = expected.getDouble(i);
                double stored = Math.abs(e) * as.rounding() + as.tiny();
                double allowed = (terms + 8) * UNIT * Math.abs(scale.getDouble(i)) * 2 + stored;
                assertTrue(Math.abs(y[i] - e) <= allowed || y[i] == e, variant + " in " + precision + ", " + op + " of "
                        + values.stream().map(HostTensor::shape).toList() + " to " + as + ", element " + i + ": " + y[i]
                        + ", not " + e + "; the error may be " + allowed);
            }
        }
    }

    /** Holds attention to the oracle: weights are rounded as factors are, the result as it is stored. */
    void checkWeighted(Op op, long terms, List<HostTensor> values) {
        Map<String, HostTensor> inputs = new HashMap<>();
        HostTensor expected = oracle(graph(op, values, false, inputs), inputs);
        List<HostTensor> others = new ArrayList<>(values);
        others.set(2, magnitudes(values.get(2)));
        Map<String, HostTensor> all = new HashMap<>();
        HostTensor scale = oracle(graph(op, others, false, all), all);
        float[] y = run(graph(op, values, false, inputs), inputs);
        for (int i = 0; i < y.length; i++) {
            double e = expected.getDouble(i);
            double allowed = Math.abs(e) * precision.storage().rounding() + precision.storage().tiny()
                    + (rounding(precision) + (terms + 8) * UNIT * 2) * scale.getDouble(i);
            assertTrue(Math.abs(y[i] - e) <= allowed || y[i] == e, variant + " in " + precision + ", " + op + " of "
                    + values.stream().map(HostTensor::shape).toList() + ", element " + i + ": " + y[i] + ", not " + e
                    + "; the error may be " + allowed);
        }
    }

    private static Graph graph(Op op, List<HostTensor> values, boolean fixed, Map<String, HostTensor> inputs) {
        GraphBuilder g = new GraphBuilder();
        Value[] operands = new Value[values.size()];
        for (int i = 0; i < operands.length; i++) {
            if (fixed && i > 0) {
                operands[i] = g.constant(values.get(i));
            } else {
                operands[i] = g.input("x" + i, new TensorType(DType.F32, values.get(i).shape()));
                inputs.put("x" + i, values.get(i));
            }
        }
        g.output("y", g.apply(op, operands));
        return g.build();
    }

    private static HostTensor magnitudes(HostTensor t) {
        float[] v = t.toFloatArray();
        for (int i = 0; i < v.length; i++) {
            v[i] = Math.abs(v[i]);
        }
        return HostTensor.of(t.shape(), v);
    }

    private static HostTensor oracle(Graph graph, Map<String, HostTensor> inputs) {
        return Oracle.run(graph, null, inputs, Map.of(), Oracle.Rounding.NONE).outputs().get("y");
    }

    @Override
    public void close() {
        states.values().forEach(DeviceTensor.State::close);
        device.close();
    }
}
