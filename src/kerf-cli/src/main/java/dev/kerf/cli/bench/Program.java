package dev.kerf.cli.bench;

import dev.kerf.file.AtomicFile;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.NormOp;
import dev.kerf.graph.PointwiseOp;
import dev.kerf.graph.SourceOp;
import dev.kerf.graph.StateOp;
import dev.kerf.graph.plan.WeightValues;
import dev.kerf.json.Json;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.lang.reflect.RecordComponent;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A graph and its numbers as files that another language reads: {@code program.json} has the nodes that its outputs take, with
 * the members of each op's record as they are; {@code data.bin} has weights, constants, inputs and states, in the order of the
 * machine.
 */
final class Program {
    /** Both files. */
    static final List<String> FILES = List.of("program.json", "data.bin");

    private static final int ALIGNMENT = 64;

    private final Json tensors = Json.object();
    private final List<HostTensor> data = new ArrayList<>();
    private long end;

    private Program() {}

    /**
     * Writes both files.
     *
     * @param weights null if the graph has none
     * @param sample  of inputs and states, by name
     * @param folder  where they go; it is there
     * @throws dev.kerf.error.BadFileException if they can't be written
     */
    static void write(Graph graph, Weights weights, Map<String, HostTensor> sample, Path folder) {
        Program program = new Program();
        String text = program.text(graph, weights, sample) + "\n";
        AtomicFile.write(folder.resolve(FILES.getFirst()), text.getBytes(StandardCharsets.UTF_8));
        AtomicFile.write(folder.resolve(FILES.getLast()), out -> {
            long at = 0;
            for (HostTensor t : program.data) {
                out.write(new byte[(int) (aligned(at) - at)]);
                AtomicFile.copy(t.data(), out);
                at = aligned(at) + t.data().byteSize();
            }
        });
    }

    private static long aligned(long offset) {
        return (offset + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    private Json text(Graph graph, Weights weights, Map<String, HostTensor> sample) {
        Json nodes = Json.array();
        Set<Integer> needed = needed(graph);
        for (Node n : graph.nodes()) {
            if (!needed.contains(n.id())) {
                continue;
            }
            switch (n.op()) {
                case SourceOp.Input i -> put(n, sample.get(i.slot()));
                case SourceOp.State s -> put(n, sample.get(s.name()));
                case SourceOp.Constant c -> put(n, c.value());
                case SourceOp.Weight w -> put(n, WeightValues.evaluate(w.expr(), weights));
                default -> nodes.add(node(n));
            }
        }
        Json shapes = Json.object();
        graph.outputs().forEach((name, v) -> shapes.put(name, v.type().shape().dims()));
        return Json.object().put("nodes", nodes).put("tensors", tensors).put("inputs", ids(graph.inputs()))
                .put("states", ids(graph.states())).put("outputs", ids(graph.outputs())).put("shapes", shapes);
    }

    /** Nodes that the outputs take, and those that change states. */
    private static Set<Integer> needed(Graph graph) {
        Set<Value> read = new HashSet<>(graph.outputs().values());
        Set<Integer> needed = new HashSet<>();
        for (Node n : graph.nodes().reversed()) {
            boolean source = n.op() instanceof SourceOp.Input || n.op() instanceof SourceOp.State;
            if (source || n.op() instanceof StateOp || n.outputs().stream().anyMatch(read::contains)) {
                needed.add(n.id());
                read.addAll(n.inputs());
            }
        }
        return needed;
    }

    private static Json ids(Map<String, Value> values) {
        Json all = Json.object();
        values.forEach((name, v) -> all.put(name, v.id()));
        return all;
    }

    /** What is known of a tensor before a run. */
    private void put(Node n, HostTensor t) {
        tensors.put(Integer.toString(n.output().id()), Json.object().put("dtype", t.dtype().name())
                .put("shape", t.shape().dims()).put("at", aligned(end)));
        data.add(t);
        end = aligned(end) + t.data().byteSize();
    }

    /** With the axis of the result that is counted, if there is one, and its extent: fewer rows may be there. */
    private static Json node(Node n) {
        Value y = n.outputs().getFirst();
        Json attributes = record((Record) n.op()).put("counted", y.countAxis());
        if (y.countAxis() >= 0) {
            attributes.put("capacity", y.type().shape().dim(y.countAxis())).put("rank", y.type().shape().rank())
                    .put("pointwise", n.op() instanceof PointwiseOp);
        }
        return Json.object().put("op", n.op().kind()).put("attributes", attributes)
                .put("in", n.inputs().stream().map(Value::id).toList())
                .put("out", n.outputs().stream().map(Value::id).toList());
    }

    private static Json record(Record record) {
        Json all = Json.object();
        try {
            for (RecordComponent c : record.getClass().getRecordComponents()) {
                all.put(c.getName(), value(c.getAccessor().invoke(record)));
            }
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("ops are public records of exported packages", e);
        }
        return all;
    }

    /** Numbers that JSON doesn't have as text. */
    private static Object value(Object v) {
        return switch (v) {
            case Shape s -> s.dims();
            case Record r -> record(r);
            case Enum<?> e -> e.name();
            case List<?> all -> all.stream().map(Program::value).toList();
            case Float f when !Float.isFinite(f) -> f.toString();
            case Double d when !Double.isFinite(d) -> d.toString();
            default -> v;
        };
    }
}
