package dev.kerf.backend.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import dev.kerf.backend.BackendsUnderTest;
import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.DeviceTensor;
import dev.kerf.backend.DeviceWeights;
import dev.kerf.backend.Executable;
import dev.kerf.backend.Precision;
import dev.kerf.backend.Precision.Storage;
import dev.kerf.backend.gpu.cuda.CudaBackend;
import dev.kerf.backend.gpu.cuda.ShippedSets;
import dev.kerf.backend.gpu.device.GpuDevice;
import dev.kerf.backend.gpu.kernel.Manifest;
import dev.kerf.backend.gpu.opencl.OpenClBackend;
import dev.kerf.backend.gpu.tornado.TornadoBackend;
import dev.kerf.check.oracle.Oracle;
import dev.kerf.check.ptx.PtxBackend;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.Op;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;

/**
 * Holds what a device of a driver computes to the oracle. Devices are opened by their driver, so that a test can force
 * variants and parameters that wouldn't be chosen.
 *
 * <p>Bounds count float32's own error: an element may be off by {@code eps · scale}, with eps = 2^−24 times the
 * roundings that the kernel makes, and scale the size of the numbers that were rounded: the result's, or the sum of
 * magnitudes where terms cancel. With float16 storage one rounding of 2^−11 (2^−25 absolute below the normal range)
 * comes on top for the result; inputs are chosen so that float16 holds them.
 */
public final class Parity {
    private static final double FLOAT = 0x1p-24;

    private Parity() {}

    /** A graph with everything that it needs. */
    public record Case(
            Graph graph, Map<String, HostTensor> weights, Map<String, HostTensor> inputs,
            Map<String, HostTensor> states) {
        /** A case without weights and states. */
        public static Case of(Graph graph, Map<String, HostTensor> inputs) {
            return new Case(graph, Map.of(), inputs, Map.of());
        }

        /** One op: its operands are inputs x0, x1, …, its results outputs y0, y1, …. */
        public static Case of(Op op, HostTensor... operands) {
            GraphBuilder g = new GraphBuilder();
            Map<String, HostTensor> inputs = new LinkedHashMap<>();
            Value[] values = new Value[operands.length];
            for (int i = 0; i < operands.length; i++) {
                values[i] = g.input("x" + i, new TensorType(operands[i].dtype(), operands[i].shape()));
                inputs.put("x" + i, operands[i]);
            }
            List<Value> results = g.add(op, values);
            for (int i = 0; i < results.size(); i++) {
                g.output("y" + i, results.get(i));
            }
            return of(g.build(), inputs);
        }
    }

    /** One kernel by these parameters. */
    public static Target.Forced forced(String kernel, Map<String, Long> parameters) {
        return new Target.Forced(Map.of(), Map.of(kernel, parameters));
    }

    /** Ids of the devices under test that have a {@link Driver}. */
    public static Stream<String> devices() {
        return BackendsUnderTest.devices().filter(id -> !id.startsWith("cpu:"));
    }

    /** Opens a device with forced choices, where all that can computes on numbers of 16 bits if any does. */
    public static GpuDevice open(String id, Target.Forced forced) {
        return new GpuDevice(driver(id), new Target.Forced(forced.kernels(), forced.parameters(), true));
    }

    /** Opens a driver. */
    static Driver driver(String id) {
        int ordinal = Integer.parseInt(id.substring(id.indexOf(':') + 1));
        return switch (id.substring(0, id.indexOf(':'))) {
            case "cuda" -> CudaBackend.openDriver(ordinal);
            case "opencl" -> OpenClBackend.openDriver(ordinal);
            case "ptx" -> PtxBackend.openDriver(ordinal);
            case "tornado" -> TornadoBackend.openDriver(ordinal);
            default -> throw new IllegalArgumentException("no driver for " + id);
        };
    }

    /** Every value of every parameter of a kernel by itself, the others at their defaults, within its constraints. */
    public static List<Map<String, Long>> parameterSets(GpuDevice device, String kernel) {
        Manifest m = Manifest.of(kernel);
        List<Map<String, Long>> sets = new ArrayList<>();
        sets.add(Map.of());
        m.parameters().forEach((name, p) -> p.values().forEach(v -> {
            Map<String, Long> all = new LinkedHashMap<>();
            m.parameters().forEach((other, q) -> all.put(other, q.standard()));
            all.put(name, v);
            Map<String, Long> set = new LinkedHashMap<>(all);
            all.put("max_group", (long) device.driver().facts().maxGroup());
            all.put("local_memory", device.driver().facts().localMemory());
            // Constraints over sizes can't be told here; a set that breaks one is refused when it is forced.
            boolean allowed = m.constraints().stream()
                    .allMatch(c -> !all.keySet().containsAll(c.names()) || c.holds(all));
            if (v != p.standard() && allowed && available(device.info().id(), kernel, set)) {
                sets.add(set);
            }
        }));
        return sets;
    }

    /** Whether a device has a kernel with these parameters: the PTX interpreter runs what ships, and compiles nothing. */
    static boolean available(String id, String kernel, Map<String, Long> parameters) {
        return !id.startsWith("ptx:") || ShippedSets.kernels().contains(kernel) && ShippedSets.of(kernel).stream()
                .anyMatch(d -> parameters.entrySet().stream().allMatch(p -> p.getValue().toString().equals(d.get(p.getKey()))));
    }

    /** Runs a case in float32, fused and node by node, and in every smaller storage that the device has, against the oracle. */
    public static void check(GpuDevice device, Case c, double roundings, double scale) {
        check(device, c, CompileOptions.of(), roundings, scale);
        check(device, c, CompileOptions.of().unfused(), roundings, scale);
        for (Precision p : device.info().precisions()) {
            if (p.storage() != Storage.F32) {
                check(device, c, CompileOptions.of().precision(p), roundings, scale);
            }
        }
    }

    /**
     * Runs a case and compares outputs and states; integers must be equal.
     *
     * @param roundings of a float32 result, with the kernel's order of summation
     * @param scale     size of the numbers rounded; 0 for the result's own
     */
    public static void check(GpuDevice device, Case c, CompileOptions options, double roundings, double scale) {
        Oracle.Result expected = Oracle.run(c.graph(), Weights.of(c.weights()), c.inputs(), c.states(), Oracle.Rounding.NONE);
        Storage storage = options.precision().storage();
        try (DeviceWeights weights = device.load(Weights.of(c.weights()));
                Executable e = device.compile(c.graph(), weights, options)) {
            Map<String, DeviceTensor.State> states = new LinkedHashMap<>();
            c.states().forEach((name, value) -> {
                DeviceTensor.State state = device.allocateState(c.graph().states().get(name).type());
                state.upload(value.data());
                states.put(name, state);
                e.bindState(name, state);
            });
            c.inputs().forEach((name, value) -> e.input(name).upload(value.data()));
            e.run();
            c.graph().outputs().forEach((name, v) -> compare(name + " of " + c.graph() + options,
                    e.output(name).toHost(), expected.outputs().get(name), valid(v, expected), roundings, scale, storage));
            states.forEach((name, state) -> {
                compare(name, state.toHost(), expected.states().get(name), null, roundings, scale, storage);
                state.close();
            });
        }
    }

    /** Which elements of a value are below its count; null for all. */
    private static boolean[] valid(Value v, Oracle.Result expected) {
        if (v.count() == null) {
            return null;
        }
        Shape s = v.type().shape();
        HostTensor count = expected.value(v.count());
        int spread = (int) s.product(v.countAxis() + 1, s.rank());
        boolean[] valid = new boolean[(int) s.elements()];
        for (int i = 0; i < valid.length; i++) {
            int extent = s.size(v.countAxis());
            valid[i] = i / spread % extent < count.getLong(i / spread / extent);
        }
        return valid;
    }

    private static void compare(String what, HostTensor actual, HostTensor expected, boolean[] valid, double roundings,
            double scale, Storage storage) {
        assertEquals(expected.shape(), actual.shape(), what);
        boolean exact = !actual.dtype().floating();
        double unit = storage == Storage.F32 ? 0 : storage.rounding();
        double tiny = storage == Storage.F32 ? Float.MIN_NORMAL : storage.tiny();
        for (int i = 0; i < actual.elements(); i++) {
            double a = actual.getDouble(i);
            double x = inRange(expected.getDouble(i), actual.dtype());
            double size = Math.max(Math.abs(x), scale);
            double bound = exact ? 0 : (roundings * FLOAT + unit) * size + tiny;
            boolean same = Double.compare(a, x) == 0 || a == x || Math.abs(a - x) <= bound;
            if (!same && (valid == null || valid[i])) {
                fail(what + ": element " + i + " is " + a + ", expected " + x + " ± " + bound);
            }
        }
    }

    /** What float32 can't hold is infinite in it. */
    private static double inRange(double x, DType dtype) {
        return dtype == DType.F32 && Math.abs(x) > Float.MAX_VALUE ? Math.copySign(Double.POSITIVE_INFINITY, x) : x;
    }

    /** Numbers in ±4 with 8 significant bits, which float16 holds. */
    public static HostTensor random(long seed, long... dims) {
        Random random = new Random(seed);
        HostTensor t = HostTensor.zeros(DType.F32, Shape.of(dims));
        for (long i = 0; i < t.elements(); i++) {
            t.setDouble(i, (random.nextInt(255) - 127) / 32.0);
        }
        return t;
    }

    /** Integers from 0 to below a bound, in any dtype. */
    public static HostTensor randomIntegers(long seed, DType dtype, int bound, long... dims) {
        Random random = new Random(seed);
        HostTensor t = HostTensor.zeros(dtype, Shape.of(dims));
        for (long i = 0; i < t.elements(); i++) {
            t.setDouble(i, random.nextInt(bound));
        }
        return t;
    }
}
