package dev.kerf.backend.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.Executable;
import dev.kerf.backend.Executable.NodeTiming;
import dev.kerf.backend.Precision;
import dev.kerf.backend.Precision.Storage;
import dev.kerf.backend.gpu.cuda.StandIn;
import dev.kerf.backend.gpu.device.GpuDevice;
import dev.kerf.backend.gpu.kernel.Dialect;
import dev.kerf.backend.gpu.kernel.KernelSource;
import dev.kerf.backend.gpu.kernel.Manifest;
import dev.kerf.check.oracle.Oracle;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.Op;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;

/**
 * One kernel or variant on one device, whether it would be chosen there or not, held to the oracle op by op. Operands
 * are random multiples of 2⁻¹⁰ in [−1, 1): exact in float16 too, so that in both precisions only the kernel's own
 * roundings count.
 */
final class KernelBed implements AutoCloseable {
    private static final double UNIT = 0x1p-24;
    private static final Map<String, Long> SMALL_TILE = Map.of("TILE_M", 16L, "TILE_N", 16L, "TILE_K", 4L, "WORK_M", 4L,
            "WORK_N", 4L);
    private static final Map<String, Map<String, Long>> SMALL_TILES = Map.of(
            "conv2d", SMALL_TILE, "conv2d_phases", SMALL_TILE, "conv2d_split", SMALL_TILE, "conv2d_parts", SMALL_TILE,
            "matmul", SMALL_TILE, "matmul_split", SMALL_TILE, "matmul_parts", SMALL_TILE,
            "attention", Map.of("TILE_Q", 16L, "TILE_K", 16L, "TILE_D", 8L));

    /** What an error is measured against. */
    enum Bound {
        /** The op on the operands' magnitudes, element by element: for sums of products, whose terms may cancel. */
        MAGNITUDES,
        /** The largest magnitude of the result. */
        LARGEST
    }

    private final GpuDevice device;
    private final Target.Forced forced;
    private final String kernel;
    private final String variant;
    private long seed = 1;
    private boolean checked;

    private KernelBed(Driver driver, Target.Forced forced, String kernel, String variant) {
        this.device = new GpuDevice(driver, forced);
        this.forced = forced;
        this.kernel = kernel;
        this.variant = variant;
    }

    /** Ids of the devices under test that a {@link Driver} stands behind. */
    static Stream<String> devices() {
        return Parity.devices();
    }

    /** Devices × the named kernels, {@code kernel} or {@code kernel/variant}, as arguments of a parameterised test. */
    static Stream<Arguments> devicesAnd(String... kernels) {
        return devices().flatMap(d -> Stream.of(kernels)
                .filter(k -> runs(d, Manifest.of(k.substring(k.indexOf('/') + 1))))
                .map(k -> Arguments.of(d, k)));
    }

    /** Whether a device reads a kernel's source, is NVIDIA's if that is asked for and, where kernels are Java's, has it. */
    private static boolean runs(String device, Manifest kernel) {
        boolean cuda = device.startsWith("cuda:") || device.startsWith("ptx:");
        return cuda
                ? kernel.dialect().readBy(Dialect.CUDA)
                : device.startsWith("jcuda:") || !kernel.when().names().contains("sm")
                        && !(device.startsWith("tornado:") && kernel.when().names().contains("typed_memory"));
    }

    /** A bed for a kernel or a variant of it. */
    static KernelBed of(String deviceId, String kernelAndVariant) {
        return of(deviceId, kernelAndVariant, Map.of());
    }

    /** The same with parameters where a device's compiler makes what they ask for; as they are where code is shipped. */
    static KernelBed of(String deviceId, String kernelAndVariant, Map<String, Long> more) {
        String[] names = kernelAndVariant.split("/");
        String variant = names[names.length - 1];
        Driver driver = Parity.driver(deviceId);
        Map<String, Map<String, Long>> parameters = new HashMap<>();
        // A CPU's compiler takes seconds to minutes over the sums of a GPU's tile, all unrolled; the code is the same.
        // TornadoVM's kernels have tiles of one size.
        boolean java = deviceId.startsWith("tornado:");
        boolean cpu = driver.facts().info().kind() == Device.Info.Kind.CPU
                || driver.facts().info().name().equals(StandIn.DEVICE);
        if (java) {
            parameters.put(variant, more);
        } else if (cpu) {
            parameters.put(variant, new HashMap<>(SMALL_TILES.getOrDefault(variant, Map.of())));
            parameters.get(variant).putAll(more);
        }
        Target.Forced forced = new Target.Forced(Map.of(names[0], variant), parameters, true);
        return new KernelBed(driver, forced, names[0], variant);
    }

    /**
     * Runs an op in all precisions that the device has, and compares. The error of a sum of n rounded products is at most n · 2⁻²⁴ of
     * the sum of their magnitudes (Higham 2002, section 3.1); {@code terms} is n and whatever functions add in units of
     * the last place.
     *
     * @param plain  the op without an activation; {@code op} itself where it has none
     * @param fixed  whether operands after the first are known when the graph is compiled
     */
    void check(Op op, Op plain, Bound bound, long terms, boolean fixed, TensorType... operands) {
        checkOn(op, plain, bound, terms, fixed, random(operands));
    }

    /** What an op makes in float32 of the same numbers each time, its operands after the first known when the graph is compiled. */
    HostTensor once(Op op, TensorType... operands) {
        seed = 1;
        Map<String, HostTensor> inputs = new HashMap<>();
        return run(graph(op, random(operands), true, inputs), inputs, Precision.FLOAT32);
    }

    /** The device. */
    GpuDevice device() {
        return device;
    }

    private List<HostTensor> random(TensorType... operands) {
        List<HostTensor> values = new ArrayList<>();
        Random random = new Random(seed++);
        for (TensorType t : operands) {
            float[] v = new float[Math.toIntExact(t.shape().elements())];
            for (int i = 0; i < v.length; i++) {
                v[i] = (random.nextInt(2048) - 1024) / 1024f;
            }
            values.add(HostTensor.of(t.shape(), v));
        }
        return values;
    }

    /**
     * The same on given operands; in storage that doesn't hold them on the nearest that it does. Bfloat16 and results wider than
     * operands are tried on the first of a bed's checks: they differ from float16 in how numbers are read and written alone.
     */
    void checkOn(Op op, Op plain, Bound bound, long terms, boolean fixed, List<HostTensor> values) {
        boolean first = !checked;
        checked = true;
        for (Precision p : device.info().precisions()) {
            if (p.storage() == Storage.BF16 && !first) {
                continue;
            }
            List<HostTensor> held = values.stream().map(v -> v.to(p.storage().dtype()).to(DType.F32)).toList();
            Map<String, HostTensor> inputs = new HashMap<>();
            Graph graph = graph(op, held, fixed, inputs);
            HostTensor expected = oracle(graph, inputs);
            HostTensor scale = expected;
            if (bound == Bound.MAGNITUDES) {
                Map<String, HostTensor> magnitudes = new HashMap<>();
                scale = oracle(graph(plain, held.stream().map(KernelBed::magnitudes).toList(), false, magnitudes), magnitudes);
            }
            String what = variant + " in " + p + ", " + op + " of " + values.stream().map(HostTensor::shape).toList();
            hold(run(graph, inputs, p), p.storage(), expected, scale, bound, terms, what);
            if (first && p.storage() != Storage.F32 && Manifest.of(variant).attributes().contains(KernelSource.WIDE)) {
                Target.Forced chosen = new Target.Forced(forced.kernels(), forced.parameters());
                hold(run(graph, inputs, p, chosen), Storage.F32, expected, scale, bound, terms, what + ", written as float32");
            }
        }
    }

    /** Holds a result to the oracle's; it is rounded once when it is stored. */
    private static void hold(HostTensor y, Storage stored, HostTensor expected, HostTensor scale, Bound bound, long terms,
            String what) {
        double largest = 0;
        for (int i = 0; i < scale.elements(); i++) {
            largest = Math.max(largest, Math.abs(scale.getDouble(i)));
        }
        for (int i = 0; i < y.elements(); i++) {
            double e = expected.getDouble(i);
            double s = bound == Bound.LARGEST ? largest : Math.abs(scale.getDouble(i));
            double allowed = (terms + 8) * UNIT * s * 2 + Math.abs(e) * stored.rounding() + stored.tiny();
            double error = Math.abs(y.getDouble(i) - e);
            assertTrue(error <= allowed || Double.isNaN(e) && Double.isNaN(y.getDouble(i)) || y.getDouble(i) == e,
                    what + ", element " + i + ": " + y.getDouble(i) + ", not " + e + "; the error may be " + allowed);
        }
    }

    /** Runs a graph of one output, {@code y}, and makes sure that the bed's variant did it. */
    HostTensor run(Graph graph, Map<String, HostTensor> inputs, Precision precision) {
        return run(graph, inputs, precision, forced);
    }

    private HostTensor run(Graph graph, Map<String, HostTensor> inputs, Precision precision, Target.Forced choices) {
        try (Executable e = device.compile(graph, null, CompileOptions.of().precision(precision).profiled(), choices)) {
            inputs.forEach((name, t) -> e.input(name).upload(t.data()));
            e.run();
            List<String> kernels = e.timings().stream().map(NodeTiming::what).flatMap(w -> Stream.of(w.split(" \\+ ")))
                    .toList();
            assertTrue(kernels.contains(variant), kernels + " has no " + variant);
            if (!kernel.equals(variant)) {
                assertEquals(false, kernels.contains(kernel), kernels + " has " + kernel + " too");
            }
            return e.output("y").toHost();
        }
    }

    private static HostTensor oracle(Graph graph, Map<String, HostTensor> inputs) {
        return Oracle.run(graph, null, inputs, Map.of(), Oracle.Rounding.NONE).outputs().get("y");
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

    @Override
    public void close() {
        device.close();
    }
}
