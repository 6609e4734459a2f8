package dev.kerf.graph.onnx;

import dev.kerf.error.BadFileException;
import dev.kerf.error.UnsupportedOpException;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.Op;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.onnx.OnnxAttribute;
import dev.kerf.weights.onnx.OnnxFile;
import dev.kerf.weights.onnx.OnnxNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A node of an ONNX model while it is recorded: its operands and attributes, and where its results go. */
final class Imported {
    /** Attributes that change nothing here, or nothing where a rule doesn't ask for them. */
    private static final Set<String> WITHOUT_EFFECT = Set.of("value", "value_int", "value_float", "value_ints", "value_floats",
            "scales", "storage_order", "stash_type", "sorted", "seed", "ratio", "momentum", "spatial", "saturate", "precision",
            "output_dtype", "round_mode", "num_outputs", "noop_with_empty_axes", "keepdims", "q_num_heads", "kv_num_heads",
            "softmax_precision", "reduction");

    /** Operators whose operands have one type; of Where but the first. */
    private static final Set<String> ONE_TYPE = Set.of("Add", "Sub", "Mul", "Div", "Max", "Min", "Sum", "Mean", "Mod", "Equal",
            "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Conv", "ConvTranspose", "MatMul", "Gemm", "Concat", "Where",
            "PRelu", "Einsum", "BatchNormalization", "InstanceNormalization");

    /** Where the node's ops are recorded. */
    final GraphBuilder g;
    /** Version of its domain's operators. */
    final int opset;
    /** As the file has it. */
    final OnnxNode node;
    /** What was recorded before. */
    final Recognised before;

    private final Set<String> read = new HashSet<>();
    private final String source;
    private final List<@Nullable Operand> operands;
    private final Map<String, Operand> results;

    /**
     * @param source   the model's file, for messages
     * @param operands null for one that is left out
     * @param results  is given what the node makes, by name
     */
    Imported(GraphBuilder g, Recognised before, int opset, OnnxNode node, String source, List<@Nullable Operand> operands,
            Map<String, Operand> results) {
        this.g = g;
        this.before = before;
        this.opset = opset;
        this.node = node;
        this.source = source;
        this.operands = operands;
        this.results = results;
    }

    /**
     * Makes sure that the rule knew of every attribute.
     *
     * @throws UnsupportedOpException if there is one that nobody asked for: of a newer opset, or misspelt
     */
    void checkAttributes() {
        for (String name : node.attributes().keySet()) {
            if (!read.contains(name) && !WITHOUT_EFFECT.contains(name)) {
                throw refuse("its attribute " + OnnxFile.quoted(name) + " isn't known");
            }
        }
    }

    /**
     * Makes sure that the operands that ONNX wants to be of one type are all of floating point, or none.
     *
     * @throws BadFileException if they aren't
     */
    void checkTypes() {
        if (!ONE_TYPE.contains(node.kind())) {
            return;
        }
        int from = node.kind().equals("Where") ? 1 : 0;
        List<Boolean> kinds = operands.stream().skip(from).filter(o -> o != null).map(Operand::floating).distinct().toList();
        if (kinds.size() > 1) {
            throw bad("takes operands of one type, not floating-point and whole numbers together");
        }
    }

    int operandCount() {
        return operands.size();
    }

    boolean has(int i) {
        return i < operands.size() && operands.get(i) != null;
    }

    Operand in(int i) {
        Operand o = i < operands.size() ? operands.get(i) : null;
        if (o == null) {
            throw bad("lacks its operand " + i);
        }
        return o;
    }

    /** All operands that are given. */
    List<Operand> all() {
        List<Operand> out = new ArrayList<>();
        for (int i = 0; i < operands.size(); i++) {
            out.add(in(i));
        }
        return out;
    }

    /** Whether all operands are known and small, or no weights: what is made of them is known then, too. */
    boolean onHost() {
        return operands.stream().allMatch(o -> o == null || o.onHost());
    }

    /** Whether all operands are known, and none is large. */
    boolean fixed() {
        return operands.stream().allMatch(o -> o == null || o.fixed());
    }

    /** Operand i as float32. */
    Value f32(int i) {
        return in(i).as(DType.F32, g);
    }

    Shape shape(int i) {
        return in(i).shape();
    }

    /** An axis that an attribute gives, as a number from 0. */
    int axis(long axis, int rank) {
        if (axis < -rank || axis >= rank) {
            throw bad("has the axis " + axis + " of " + rank);
        }
        return (int) (axis < 0 ? axis + rank : axis);
    }

    /** Axes that an attribute gives, as numbers from 0. */
    int[] axes(long[] axes, int rank) {
        int[] out = new int[axes.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = axis(axes[i], rank);
        }
        return out;
    }

    /** The numbers of operand i, which has to be known. */
    HostTensor known(int i, String what) {
        HostTensor k = in(i).known();
        if (k == null) {
            throw refuse("it takes its " + what + " from what is only known in a run, and extents are fixed before");
        }
        return k;
    }

    long[] longs(int i, String what) {
        return Host.longs(known(i, what));
    }

    /** Whole numbers from an attribute or, since some version, an operand; null where neither is given. */
    long @Nullable [] longs(String attribute, int operand, String what) {
        return has(operand) ? longs(operand, what) : node.attributes().containsKey(attribute) ? longs(attribute) : null;
    }

    private @Nullable OnnxAttribute attribute(String name, int type) {
        read.add(name);
        OnnxAttribute a = node.attributes().get(name);
        if (a != null && a.type() != type) {
            throw bad("has the attribute " + name + " of another type than the operator has");
        }
        return a;
    }

    long integer(String name, long otherwise) {
        OnnxAttribute a = attribute(name, OnnxAttribute.INTEGER);
        return a == null ? otherwise : a.integer();
    }

    boolean flag(String name, boolean otherwise) {
        return integer(name, otherwise ? 1 : 0) != 0;
    }

    float real(String name, double otherwise) {
        OnnxAttribute a = attribute(name, OnnxAttribute.REAL);
        return a == null ? (float) otherwise : a.real();
    }

    String text(String name, String otherwise) {
        OnnxAttribute a = attribute(name, OnnxAttribute.TEXT);
        return a == null ? otherwise : a.text();
    }

    long[] longs(String name, long... otherwise) {
        OnnxAttribute a = attribute(name, OnnxAttribute.INTEGERS);
        return a == null ? otherwise : a.integers().stream().mapToLong(v -> v).toArray();
    }

    /** Records an op with one result. */
    Value add(Op op, Value... in) {
        return g.apply(op, in);
    }

    /** The results; of those that aren't made none may be needed. */
    void out(Operand... made) {
        for (int i = 0; i < node.outputs().size(); i++) {
            if (i < made.length) {
                checkCount(made[i]);
                results.put(node.outputs().get(i), made[i]);
            }
        }
    }

    /** The result, for which it was seen to that rows past a count change nothing. */
    void whole(Operand made) {
        results.put(node.outputs().getFirst(), made);
    }

    /** A result of what is counted is counted, or rows would come in that aren't valid. */
    private void checkCount(Operand made) {
        boolean counted = operands.stream().anyMatch(o -> o != null && o.count() != null);
        if (counted && made.known() == null && made.count() == null) {
            throw refuse("how many of its operand's rows are valid is only known in a run, and it mixes rows");
        }
    }

    /** The results. */
    void out(Value... made) {
        Operand[] all = new Operand[made.length];
        for (int i = 0; i < all.length; i++) {
            all[i] = Operand.of(made[i]);
        }
        out(all);
    }

    /** The result, which is known. */
    void out(HostTensor known) {
        out(Operand.of(known));
    }

    /** Which node it is. */
    String where() {
        return source + ": node " + OnnxFile.quoted(node.name()) + ", " + node.kind() + " of "
                + operands.stream().map(o -> o == null ? "nothing" : o.toString()).collect(Collectors.joining(", "));
    }

    /** What isn't supported of it. */
    UnsupportedOpException refuse(String why) {
        return new UnsupportedOpException(where() + ": " + why);
    }

    /** What is wrong with it. */
    BadFileException bad(String what) {
        return new BadFileException(where() + ": " + what);
    }
}
