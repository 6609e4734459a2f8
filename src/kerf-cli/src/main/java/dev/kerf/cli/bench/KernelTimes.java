package dev.kerf.cli.bench;

import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceWeights;
import dev.kerf.backend.Executable;
import dev.kerf.backend.Executable.NodeTiming;
import dev.kerf.backend.gpu.device.DeviceFloors;
import dev.kerf.cli.console.Text;
import dev.kerf.graph.Graph;
import dev.kerf.json.Json;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The median time of each node of a graph, held against the least that its bytes and operations take.
 *
 * @param rows one for each node, in order of execution
 */
public record KernelTimes(List<Row> rows) {
    /**
     * A node.
     *
     * @param name    what it is
     * @param what    the kernels that ran
     * @param seconds median of the device's own measure
     * @param flops   operations that it takes
     * @param bytes   to be read and written at least
     * @param floor   seconds that it takes at least; NaN where the device's rates aren't known
     * @param memory  whether that is because of its bytes
     */
    public record Row(String name, String what, double seconds, long flops, long bytes, double floor, boolean memory) {
        /** Floor over time: 1 is as quick as can be. */
        double share() {
            return floor / seconds;
        }

        Json json() {
            return Json.object().put("name", name).put("kernels", what).put("us", seconds * 1e6).put("flops", flops)
                    .put("bytes", bytes).put("floor_us", Json.of(Double.isNaN(floor) ? null : floor * 1e6))
                    .put("of_floor", Json.of(Double.isNaN(floor) ? null : share()))
                    .put("bound", memory ? "memory" : "arithmetic");
        }
    }

    /**
     * Measures.
     *
     * @param floors of the device; null where they aren't known
     * @param name   of the graph where it has one node; null to take the nodes' own
     */
    public static KernelTimes of(Device device, Graph graph, DeviceWeights weights, CompileOptions options, DeviceFloors floors,
            String name, int runs) {
        try (Prepared prepared = new Prepared(device, graph, weights, options.profiled())) {
            Executable e = prepared.executable();
            List<List<NodeTiming>> all = new ArrayList<>();
            e.run();
            e.run();
            for (int i = 0; i < runs; i++) {
                e.run();
                all.add(e.timings());
            }
            List<Row> rows = new ArrayList<>();
            for (int n = 0; n < all.getFirst().size(); n++) {
                int node = n;
                long[] nanos = all.stream().mapToLong(t -> t.get(node).nanos()).sorted().toArray();
                NodeTiming t = all.getFirst().get(n);
                boolean counted = floors != null && t.bytes() > 0;
                rows.add(new Row(name == null ? t.name() : name, t.what(), Math.max(1, nanos[nanos.length / 2]) / 1e9,
                        t.flops(), t.bytes(), counted ? floors.seconds(t.flops(), t.bytes()) : Double.NaN,
                        counted && t.bytes() / floors.copyBytesPerSecond() >= t.flops() / floors.flopsPerSecond()));
            }
            return new KernelTimes(rows);
        }
    }

    double seconds() {
        return rows.stream().mapToDouble(Row::seconds).sum();
    }

    Json json() {
        Json list = Json.array();
        rows.forEach(r -> list.add(r.json()));
        return list;
    }

    /** A table in Markdown. */
    List<String> table() {
        List<String> lines = new ArrayList<>(Arrays.asList("| what | kernels | µs | floor µs | of floor | bound by |",
                "|---|---|--:|--:|--:|---|"));
        for (Row r : rows) {
            boolean known = !Double.isNaN(r.floor);
            lines.add("| " + r.name + " | " + r.what + " | " + Text.fixed(r.seconds * 1e6, 1) + " | "
                    + (known
                            ? Text.fixed(r.floor * 1e6, 1) + " | " + Text.fixed(100 * r.share(), 0) + " % | "
                                    + (r.memory ? "memory" : "arithmetic")
                            : "– | – | –")
                    + " |");
        }
        return lines;
    }
}
