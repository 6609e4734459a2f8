package dev.kerf.graph.onnx;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.error.GraphException;
import dev.kerf.error.UnsupportedOpException;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.onnx.OnnxFile;
import dev.kerf.weights.onnx.OnnxNode;
import dev.kerf.weights.onnx.OnnxNodes;
import dev.kerf.weights.onnx.OnnxTensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Records the nodes of an ONNX model, which a graph's outputs need, for given extents of its inputs. */
final class OnnxImport {
    private final OnnxFile file;
    private final String source;
    private final GraphBuilder g;
    private final Recognised before;
    /** Results that no rule makes, and why. */
    private final Map<String, UnsupportedOpException> unmade = new HashMap<>();
    private final Map<String, Operand> values = new HashMap<>();
    private final Set<String> fourBits = new HashSet<>();

    private OnnxImport(OnnxFile file, GraphBuilder g) {
        this.file = file;
        this.g = g;
        this.before = new Recognised(g, name -> {
            OnnxTensor t = file.graph().initializers().get(name);
            return t == null ? null : t.value();
        });
        file.graph().initializers().forEach((name, t) -> noteBits(name, t.type()));
        file.graph().inputs().forEach(s -> noteBits(s.name(), s.type()));
        this.source = file.path().toString();
    }

    /** What is of four bits is kept in bytes, whose range is another. */
    private void noteBits(String name, int type) {
        if (type == OnnxTensor.UINT4 || type == OnnxTensor.INT4) {
            fourBits.add(name);
        }
    }

    /**
     * Records a model.
     *
     * @param nodes  the model's, in an order of execution
     * @param inputs values of the graph for the model's inputs, by name
     * @param fixed  inputs whose numbers are known
     * @return its outputs by name
     */
    static Map<String, Value> record(OnnxFile file, List<OnnxNode> nodes, GraphBuilder g, Map<String, Value> inputs,
            Map<String, HostTensor> fixed) {
        OnnxImport in = of(file, nodes, g, inputs, fixed);
        Map<String, Value> made = new LinkedHashMap<>();
        for (OnnxNodes.Slot o : file.graph().outputs()) {
            Operand v = in.values.get(o.name());
            if (in.unmade.containsKey(o.name())) {
                throw in.unmade.get(o.name());
            }
            if (v == null) {
                throw new BadFileException(in.source + ": output " + OnnxFile.quoted(o.name()) + " is made by no node");
            }
            in.made(o.name(), v.value(g), made);
        }
        return made;
    }

    private static OnnxImport of(OnnxFile file, List<OnnxNode> nodes, GraphBuilder g, Map<String, Value> inputs,
            Map<String, HostTensor> fixed) {
        OnnxImport in = new OnnxImport(file, g);
        inputs.forEach((name, v) -> in.values.put(name, Operand.of(v)));
        fixed.forEach((name, value) -> in.values.put(name, Operand.of(value)));
        in.initializers(file.graph());
        in.nodes(nodes, names(file.graph().outputs()));
        return in;
    }

    private void made(String name, Value value, Map<String, Value> into) {
        Value rows = before.turned(value) == null ? value : before.turned(value);
        into.put(name, value);
        if (rows.count() != null) {
            into.put(name + ".count", rows.count());
        }
    }

    /**
     * Records a model with the results of all nodes that its outputs need.
     *
     * @param known is given the results that are known, by name, as the file has their type
     * @return the others by name, in an order of execution, each with its count {@code NAME.count} if it has one
     */
    static Map<String, Value> recordAll(OnnxFile file, List<OnnxNode> nodes, GraphBuilder g, Map<String, Value> inputs,
            Map<String, HostTensor> known) {
        OnnxImport in = of(file, nodes, g, inputs, Map.of());
        Map<String, Value> made = new LinkedHashMap<>();
        for (OnnxNode n : nodes) {
            for (String name : n.outputs()) {
                Operand v = in.values.get(name);
                if (v != null && v.known() != null) {
                    known.put(name, v.known());
                } else if (v != null) {
                    in.made(name, v.value(g), made);
                }
            }
        }
        return made;
    }

    private static List<String> names(List<OnnxNodes.Slot> slots) {
        return slots.stream().map(OnnxNodes.Slot::name).toList();
    }

    private void initializers(OnnxNodes graph) {
        graph.initializers().forEach((name, t) -> {
            HostTensor value = t.value();
            if (value != null) {
                values.putIfAbsent(name, graph == file.graph() ? Operand.of(value, name) : Operand.of(value));
            }
        });
    }

    private void nodes(List<OnnxNode> nodes, List<String> outputs) {
        Set<String> needed = new HashSet<>(outputs);
        List<OnnxNode> live = new ArrayList<>();
        for (OnnxNode n : nodes.reversed()) {
            if (n.outputs().stream().anyMatch(o -> !o.isEmpty() && needed.contains(o))) {
                live.add(n);
                needed.addAll(n.inputs());
                n.attributes().values().forEach(a -> needed.addAll(outer(a.graph())));
            }
        }
        live.reversed().forEach(this::node);
    }

    /** Names that a graph within a node takes from outside. */
    private static Set<String> outer(@Nullable OnnxNodes inner) {
        Set<String> out = new HashSet<>();
        if (inner != null) {
            out.addAll(names(inner.outputs()));
            for (OnnxNode n : inner.nodes()) {
                out.addAll(n.inputs());
                n.attributes().values().forEach(a -> out.addAll(outer(a.graph())));
            }
        }
        return out;
    }

    private void node(OnnxNode n) {
        List<@Nullable Operand> operands = new ArrayList<>();
        for (String name : n.inputs()) {
            operands.add(name.isEmpty() ? null : operand(n, name));
        }
        Imported imported = imported(n, operands);
        if (n.kind().equals("If")) {
            branch(imported);
            return;
        }
        if (!n.op().equals("DequantizeLinear") && n.inputs().stream().anyMatch(fourBits::contains)) {
            throw imported.refuse("takes numbers of four bits, which are only dequantised");
        }
        Rule rule = OnnxRules.byOperator().get(n.kind());
        if (rule == null) {
            throw imported.refuse("there is no such operator in Kerf");
        }
        try (GraphBuilder.Scope _ = g.scope(scope(n))) {
            imported.checkTypes();
            rule.record(imported);
            imported.checkAttributes();
            n.outputs().stream().filter(o -> !values.containsKey(o))
                    .forEach(o -> unmade.put(o, imported.refuse("its output " + OnnxFile.quoted(o) + " isn't made")));
        } catch (GraphException | BadInputException e) {
            throw imported.bad(e.getMessage());
        } catch (ArithmeticException e) {
            throw imported.bad("its extents are too large (" + e.getMessage() + ")");
        }
    }

    private Imported imported(OnnxNode n, List<@Nullable Operand> operands) {
        return new Imported(g, before, file.opset(n.domain()), n, source, operands, values);
    }

    private static String scope(OnnxNode n) {
        String name = n.name().replaceAll("^/+", "");
        return name.isEmpty() ? n.op() : name;
    }

    private Operand operand(OnnxNode n, String name) {
        Operand v = values.get(name);
        OnnxTensor unknown = file.graph().initializers().get(name);
        if (v == null && unknown != null) {
            throw new UnsupportedOpException(source + ": node " + OnnxFile.quoted(n.name()) + ", " + n.kind() + ", takes "
                    + OnnxFile.quoted(name) + " of " + OnnxTensor.typeName(unknown.type())
                    + ", an element type that Kerf has not");
        }
        if (unmade.containsKey(name)) {
            throw unmade.get(name);
        }
        if (v == null) {
            throw new BadFileException(source + ": node " + OnnxFile.quoted(n.name()) + ", " + n.kind() + ", takes "
                    + OnnxFile.quoted(name) + ", which nothing makes");
        }
        return v;
    }

    /** The branch that is taken, where that is known. */
    private void branch(Imported n) {
        HostTensor condition = n.in(0).known();
        if (condition == null || condition.elements() != 1) {
            throw n.refuse("its condition is only known in a run");
        }
        String name = condition.getLong(0) != 0 ? "then_branch" : "else_branch";
        var attribute = n.node.attributes().get(name);
        OnnxNodes inner = attribute == null ? null : attribute.graph();
        if (inner == null || inner.outputs().size() < n.node.outputs().size()) {
            throw n.bad("has no " + name + " that makes its outputs");
        }
        Map<String, Operand> before = new HashMap<>(values);
        initializers(inner);
        inner.initializers().forEach((k, t) -> {
            if (t.value() != null) {
                values.put(k, Operand.of(t.value()));
            }
        });
        nodes(OnnxOrder.of(inner.nodes(), source), names(inner.outputs()));
        Operand[] made = inner.outputs().stream().map(o -> operand(n.node, o.name())).toArray(Operand[]::new);
        values.clear();
        values.putAll(before);
        n.out(java.util.Arrays.copyOf(made, n.node.outputs().size()));
    }

    /** The type in a graph of an input of the model. */
    static TensorType type(OnnxNodes.Slot slot, Shape shape, String source) {
        DType dtype = OnnxTensor.dtype(slot.type());
        if (dtype == null) {
            throw new UnsupportedOpException(source + ": input " + OnnxFile.quoted(slot.name()) + " is of "
                    + OnnxTensor.typeName(slot.type()) + ", which Kerf has not");
        }
        return new TensorType(Operand.graphType(dtype), shape);
    }
}
