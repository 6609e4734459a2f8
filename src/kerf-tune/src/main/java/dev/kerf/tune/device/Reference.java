package dev.kerf.tune.device;

import dev.kerf.backend.Backends;
import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.Executable;
import dev.kerf.backend.Precision.Storage;
import dev.kerf.check.oracle.Oracle;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.tensor.HostTensor;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a problem's result must be. |error| ≤ 4 u · √terms · max(|expected|, rms of expected), with u = 2⁻²⁴ and the terms that
 * an element is the sum of, as op cases are held to; where numbers are stored in 16 bits, the result's own rounding besides.
 *
 * <p>Expected is what the float64 oracle computes. For more than {@value #ORACLE} operations, which would take it minutes, it is
 * what the back end {@code cpu} computes, which the tests hold to the oracle; then the error may be twice as large.
 *
 * @param expected outputs by name
 * @param terms    of an element's sum
 * @param units    float32's unit roundoffs that are allowed, for one term
 * @param by       who computed it
 */
record Reference(Map<String, HostTensor> expected, double terms, double units, String by) {
    private static final long ORACLE = 2_000_000_000L;
    private static final double UNIT = 0x1p-24;
    private static final double ROOM = 4;

    static Reference of(Problem problem, long flops) {
        long elements = problem.graph().outputs().values().stream().mapToLong(v -> v.type().shape().elements()).max().orElse(1);
        double terms = Math.max(8, flops / (double) Math.max(1, elements));
        if (flops <= ORACLE) {
            return new Reference(Oracle.run(problem.graph(), null, problem.inputs(), Map.of(), Oracle.Rounding.NONE).outputs(),
                    terms, ROOM, "the oracle");
        }
        Map<String, HostTensor> outputs = new LinkedHashMap<>();
        try (Device cpu = Backends.open("cpu"); Executable e = cpu.compile(problem.graph(), null, CompileOptions.of())) {
            problem.inputs().forEach((name, t) -> e.input(name).upload(t.data()));
            e.run();
            problem.graph().outputs().keySet().forEach(y -> outputs.put(y, e.output(y).toHost()));
        }
        return new Reference(outputs, terms, 2 * ROOM, "the cpu back end");
    }

    /** What is wrong with the outputs of a graph that has run; empty if nothing. */
    String wrong(Graph graph, Executable run, Storage storage) {
        return graph.outputs().keySet().stream().map(y -> wrong(graph, y, run.output(y).toHost(), storage))
                .filter(w -> !w.isEmpty()).findFirst().orElse("");
    }

    /** What is wrong with an output, in rows that are valid; empty if nothing. */
    String wrong(Graph graph, String name, HostTensor got, Storage storage) {
        HostTensor e = expected.get(name);
        Value v = graph.outputs().get(name);
        HostTensor counts = v.count() == null ? null : count(graph, v.count());
        long inner = counts == null ? 1 : v.type().shape().product(v.countAxis() + 1, v.type().shape().rank());
        boolean floats = got.dtype().floating();
        double squares = 0;
        for (long i = 0; i < e.elements(); i++) {
            squares += Double.isFinite(e.getDouble(i)) ? e.getDouble(i) * e.getDouble(i) : 0;
        }
        double rms = Math.sqrt(squares / Math.max(1, e.elements()));
        for (long i = 0; i < e.elements(); i++) {
            if (counts != null) {
                long row = i / inner;
                long capacity = v.type().shape().dim(v.countAxis());
                if (row % capacity >= counts.getLong(row / capacity)) {
                    continue;
                }
            }
            double want = e.getDouble(i);
            double y = got.getDouble(i);
            double allowed = !floats
                    ? 0
                    : units * UNIT * Math.sqrt(terms) * Math.max(Math.abs(want), rms)
                            + (storage == Storage.F32 ? 0 : storage.rounding() * Math.abs(want) + storage.tiny());
            if (Double.compare(want, y) != 0 && !(Math.abs(y - want) <= allowed)) {
                return name + "[" + i + "] is " + y + ", " + by + " has " + want + " ± " + allowed;
            }
        }
        return "";
    }

    /** How many rows are valid, where the op says it itself; null where all are, since counts are given as large as can be. */
    private HostTensor count(Graph graph, Value count) {
        return graph.outputs().entrySet().stream().filter(o -> o.getValue().id() == count.id())
                .map(o -> expected.get(o.getKey())).findFirst().orElse(null);
    }
}
