package dev.kerf.graph.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import dev.kerf.backend.Backends;
import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.Executable;
import dev.kerf.check.oracle.Oracle;
import dev.kerf.graph.Graph;
import dev.kerf.tensor.HostTensor;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Random graphs of every kind of op, computed by the scalar oracle, by Kerf's CPU back end and, exported, by ONNX
 * Runtime: all agree on what each op means. A float32 result may differ from the oracle's by some roundings of the
 * numbers that went into it: a tolerance is a count of float32 epsilons (2⁻²³) of their magnitude, which for sums of
 * products is the sum of the absolute terms. Integers must be equal.
 */
final class Agreement {
    private static final double EPSILON = 0x1p-23;

    private Agreement() {}

    /**
     * Records cases until {@code count} are compared; {@code ulps} epsilons of the magnitude may lie between a
     * result and the oracle's.
     */
    static void compare(int count, double ulps, Consumer<RandomCase> record) {
        try (Device cpu = Backends.open("cpu")) {
            for (int seed = 0; seed < count; seed++) {
                compare(cpu, seed, ulps, record);
            }
        }
    }

    private static void compare(Device cpu, int seed, double ulps, Consumer<RandomCase> record) {
        RandomCase c = new RandomCase(seed, false);
        record.accept(c);
        Graph graph = c.graph();
        RandomCase absolute = new RandomCase(seed, true);
        record.accept(absolute);
        Map<String, HostTensor> expected = Oracle.run(graph, null, c.inputs, Map.of()).outputs();
        Map<String, HostTensor> magnitude = Oracle.run(absolute.graph(), null, absolute.inputs, Map.of()).outputs();
        Map<String, HostTensor> peer = OnnxRuntime.run(graph, null, c.inputs);
        Map<String, HostTensor> kerf = kerf(cpu, graph, c.inputs);
        for (String name : graph.outputs().keySet()) {
            double most = 1;
            for (long i = 0; i < magnitude.get(name).elements(); i++) {
                double m = Math.abs(magnitude.get(name).getDouble(i));
                most = Double.isFinite(m) ? Math.max(most, m) : most;
            }
            String what = ", seed " + seed + ", " + name + " of\n" + graph;
            agree("ONNX Runtime" + what, expected.get(name), peer.get(name), ulps * EPSILON * most);
            agree("the CPU back end" + what, expected.get(name), kerf.get(name), ulps * EPSILON * most);
        }
    }

    private static void agree(String what, HostTensor expected, HostTensor actual, double tolerance) {
        assertEquals(expected.dtype() + "" + expected.shape(), actual.dtype() + "" + actual.shape(), what);
        for (long i = 0; i < expected.elements(); i++) {
            double e = expected.getDouble(i);
            double a = actual.getDouble(i);
            boolean same = expected.dtype().floating()
                    ? Double.compare(e, a) == 0 || Math.abs(e - a) <= tolerance
                    : expected.getLong(i) == actual.getLong(i);
            if (!same) {
                fail("element " + i + ": the oracle has " + e + ", tolerance " + tolerance + ", but " + a + " has "
                        + what);
            }
        }
    }

    private static Map<String, HostTensor> kerf(Device cpu, Graph graph, Map<String, HostTensor> inputs) {
        try (Executable e = cpu.compile(graph, null, CompileOptions.of())) {
            inputs.forEach((name, t) -> e.input(name).upload(t.data()));
            e.run();
            Map<String, HostTensor> out = new LinkedHashMap<>();
            graph.outputs().keySet().forEach(name -> out.put(name, e.output(name).toHost()));
            return out;
        }
    }
}
