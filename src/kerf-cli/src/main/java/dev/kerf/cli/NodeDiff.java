package dev.kerf.cli;

import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceWeights;
import dev.kerf.backend.Executable;
import dev.kerf.check.golden.TensorDifference;
import dev.kerf.cli.console.Console;
import dev.kerf.cli.console.Text;
import dev.kerf.error.BadInputException;
import dev.kerf.graph.Graph;
import dev.kerf.graph.onnx.OnnxModel;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * An ONNX model on a device against another engine's results, node by node: each with all that came before, so that the first one
 * beyond the tolerance is where something goes wrong. Then the network's outputs as it is compiled for use, ops fused.
 *
 * @param console   where it says what it finds
 * @param model     the model
 * @param inputs    in the graph's element types, by name
 * @param reference the other engine's results
 * @param tolerance largest relative L2 difference that passes
 */
record NodeDiff(Console console, OnnxModel model, Map<String, HostTensor> inputs, NodeReference reference, double tolerance) {
    private static final int WORST = 10;

    /** A result: who makes it, its extents, how far off it is; or why that can't be said. */
    private record Row(String tensor, String maker, String shape, TensorDifference off, String remark) {
        boolean within(double tolerance) {
            return off != null && off.relativeL2() <= tolerance;
        }

        /** NaN is worst. */
        double badness() {
            return off == null || Double.isNaN(off.relativeL2()) ? Double.POSITIVE_INFINITY : off.relativeL2();
        }
    }

    /**
     * Compares, and says what it finds.
     *
     * @param all whether every result is listed, not the worst alone
     * @return whether all is within the tolerance
     */
    boolean run(Device device, boolean all) {
        Map<String, String> makers = model.makers();
        List<Row> rows = rows(device, makers);
        List<Row> outputs = outputs(device, makers);
        if (rows.isEmpty() || outputs.isEmpty()) {
            throw new BadInputException("the reference has none of the model's results; it has "
                    + reference.values().keySet().stream().limit(5).toList());
        }
        table(all ? rows : rows.stream().sorted(Comparator.comparingDouble(Row::badness).reversed()).limit(WORST).toList(),
                all ? "every result" : "the worst of " + rows.size() + " results");
        console.out().println();
        table(outputs, "outputs as the network is compiled");
        console.out().println();
        Row first = rows.stream().filter(r -> !r.within(tolerance)).findFirst().orElse(null);
        console.out().println(first == null
                ? "no result of " + rows.size() + " is off by more than " + Text.scientific(tolerance) + " from "
                        + reference.engine()
                : "first off by more than " + Text.scientific(tolerance) + " from " + reference.engine() + ": " + first.tensor
                        + ", "
                        + first.maker + " " + first.shape);
        return first == null && outputs.stream().allMatch(r -> r.within(tolerance));
    }

    private Map<String, Shape> shapes() {
        Map<String, Shape> shapes = new HashMap<>();
        inputs.forEach((name, t) -> shapes.put(name, t.shape()));
        return shapes;
    }

    private List<Row> rows(Device device, Map<String, String> makers) {
        Map<String, HostTensor> known = new HashMap<>();
        Graph graph = model.graphOfAll(shapes(), known);
        List<Row> rows = new ArrayList<>();
        try (DeviceWeights weights = device.load(model.weights());
                Executable e = compiled(device, graph, weights)) {
            makers.forEach((name, maker) -> {
                boolean made = graph.outputs().containsKey(name);
                if (reference.values().containsKey(name)
                        && (made || known.containsKey(name) && !maker.startsWith("Constant"))) {
                    rows.add(row(name, maker, made ? e.output(name).toHost() : known.get(name), count(e, graph, name)));
                }
            });
        }
        return rows;
    }

    private List<Row> outputs(Device device, Map<String, String> makers) {
        Graph graph = model.graph(shapes());
        List<Row> rows = new ArrayList<>();
        try (DeviceWeights weights = device.load(model.weights());
                Executable e = compiled(device, graph, weights)) {
            for (OnnxModel.Slot o : model.outputs()) {
                if (reference.values().containsKey(o.name())) {
                    rows.add(row(o.name(), makers.getOrDefault(o.name(), ""), e.output(o.name()).toHost(),
                            count(e, graph, o.name())));
                }
            }
        }
        return rows;
    }

    private Executable compiled(Device device, Graph graph, DeviceWeights weights) {
        Executable e = device.compile(graph, weights, CompileOptions.of());
        try {
            graph.inputs().forEach((name, v) -> e.input(name).upload(inputs.get(name).to(v.type().dtype()).data()));
            e.run();
            return e;
        } catch (RuntimeException failed) {
            e.close();
            throw failed;
        }
    }

    private static long count(Executable e, Graph graph, String name) {
        return graph.outputs().containsKey(name + ".count") ? e.output(name + ".count").toHost().getLong(0) : -1;
    }

    private Row row(String name, String maker, HostTensor made, long count) {
        HostTensor theirs = reference.values().get(name);
        HostTensor ours = count < 0 ? made : valid(made, theirs.shape(), count);
        String shape = theirs.dtype() + theirs.shape().toString();
        return ours.shape().equals(theirs.shape())
                ? new Row(name, maker, shape, TensorDifference.of(ours, theirs), "")
                : new Row(name, maker, shape, null, "differs in shape: " + ours.shape());
    }

    /** As many rows as count, along the axis that the other engine has fewer of. */
    private static HostTensor valid(HostTensor made, Shape wanted, long count) {
        Shape s = made.shape();
        int axis = 0;
        while (axis < s.rank() - 1 && (axis >= wanted.rank() || s.dim(axis) == wanted.dim(axis))) {
            axis++;
        }
        Shape taken = s.with(axis, Math.min(count, s.dim(axis)));
        HostTensor out = HostTensor.zeros(DType.F64, taken);
        long row = s.product(axis + 1, s.rank());
        for (long i = 0; i < out.elements(); i++) {
            long outer = i / (row * taken.dim(axis));
            out.setDouble(i, made.getDouble(outer * row * s.dim(axis) + i % (row * taken.dim(axis))));
        }
        return out;
    }

    private void table(List<Row> rows, String title) {
        Map<String, Integer> widths = new LinkedHashMap<>();
        widths.put("t", rows.stream().mapToInt(r -> r.tensor.length()).max().orElse(0));
        widths.put("m", rows.stream().mapToInt(r -> r.maker.length()).max().orElse(0));
        widths.put("s", rows.stream().mapToInt(r -> r.shape.length()).max().orElse(0));
        console.out().println(title + ":");
        line(widths, "tensor", "by", "shape", Text.right("max abs", 9) + "  " + Text.right("rel L2", 9));
        for (Row r : rows) {
            line(widths, r.tensor, r.maker, r.shape, r.off == null
                    ? r.remark + "  FAILED"
                    : Text.right(Text.scientific(r.off.maxAbs()), 9) + "  " + Text.right(Text.scientific(r.off.relativeL2()), 9)
                            + (r.within(tolerance) ? "  ok" : "  FAILED"));
        }
    }

    private void line(Map<String, Integer> widths, String tensor, String maker, String shape, String rest) {
        console.out()
                .println(Text.padded(tensor, Math.max(6, widths.get("t"))) + "  "
                        + Text.padded(maker, Math.max(2, widths.get("m")))
                        + "  " + Text.padded(shape, Math.max(5, widths.get("s"))) + "  " + rest);
    }
}
