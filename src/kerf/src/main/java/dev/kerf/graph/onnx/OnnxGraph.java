package dev.kerf.graph.onnx;

import dev.kerf.error.UnsupportedOpException;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** An ONNX graph in the making: nodes, initializers and the names of values. */
final class OnnxGraph {
    /**
     * A tensor stored in the model.
     *
     * @param name  of the value
     * @param value its numbers
     */
    record Initializer(String name, HostTensor value) {}

    private final List<ProtoWriter> nodes = new ArrayList<>();
    private final List<Initializer> initializers = new ArrayList<>();
    private final List<ProtoWriter> inputs = new ArrayList<>();
    private final List<ProtoWriter> outputs = new ArrayList<>();
    private final Set<String> taken = new HashSet<>();
    private final Map<String, String> constants = new HashMap<>();
    private final Map<Integer, String> names = new HashMap<>();
    private Node current;

    /** Keeps names for the inputs and outputs; every other value is named around them. */
    OnnxGraph(Set<String> reserved) {
        taken.addAll(reserved);
    }

    /** Nodes added from here on stand for this one and are named after it. */
    void begin(Node node) {
        current = node;
    }

    /** The operand {@code i} of a node. */
    String in(Node node, int i) {
        return names.get(node.input(i).id());
    }

    /** The name of a value. */
    String name(Value v) {
        return names.get(v.id());
    }

    /** Says which ONNX value stands for a value. */
    void bind(Value v, String name) {
        names.put(v.id(), name);
    }

    /** Adds a node with one output, and returns the output's name. An empty input name leaves an optional input out. */
    String op(String type, List<String> in, Attribute... attributes) {
        String out = fresh(current.name() + "/" + type);
        op(type, in, out, attributes);
        return out;
    }

    /** Adds a node of several outputs, and returns their names. */
    List<String> ops(String type, List<String> in, int outputs, Attribute... attributes) {
        List<String> out = new ArrayList<>();
        for (int i = 0; i < outputs; i++) {
            out.add(fresh(current.name() + "/" + type));
        }
        ProtoWriter p = new ProtoWriter();
        in.forEach(i -> p.text(1, i));
        out.forEach(o -> p.text(2, o));
        p.text(3, out.getFirst()).text(4, type);
        for (Attribute a : attributes) {
            p.message(5, a.proto());
        }
        nodes.add(p);
        return out;
    }

    /** Adds a node whose output has the given name. */
    void op(String type, List<String> in, String out, Attribute... attributes) {
        ProtoWriter p = new ProtoWriter();
        in.forEach(i -> p.text(1, i));
        p.text(2, out).text(3, out).text(4, type);
        for (Attribute a : attributes) {
            p.message(5, a.proto());
        }
        nodes.add(p);
    }

    /** Adds a node of one operand. */
    String op(String type, String x, Attribute... attributes) {
        return op(type, List.of(x), attributes);
    }

    /** Adds a node of two operands. */
    String op(String type, String a, String b) {
        return op(type, List.of(a, b));
    }

    /** The operand in another element type. */
    String cast(String x, DType to) {
        return op("Cast", x, Attribute.of("to", elementType(to)));
    }

    /** A U8 of 0 and others as ONNX's bool. */
    String bool(String x) {
        return op("Cast", x, Attribute.of("to", 9));
    }

    /** The operand under other extents. */
    String reshape(String x, long... dims) {
        boolean empty = Arrays.stream(dims).anyMatch(d -> d == 0);
        return empty
                ? op("Reshape", List.of(x, longs(dims)), Attribute.of("allowzero", 1))
                : op("Reshape", x, longs(dims));
    }

    /** The operand with its axes in another order. */
    String transpose(String x, long... order) {
        return op("Transpose", x, Attribute.of("perm", order));
    }

    /** The activation, if there is one. */
    String activate(Activation a, String x) {
        return switch (a) {
            case NONE -> x;
            case RELU -> op("Relu", x);
            case GELU_ERF -> op("Gelu", x, Attribute.of("approximate", "none"));
            case GELU_TANH -> op("Gelu", x, Attribute.of("approximate", "tanh"));
            case SIGMOID -> op("Sigmoid", x);
            case SILU -> op("Mul", x, op("Sigmoid", x));
            case TANH -> op("Tanh", x);
            case HARD_SWISH -> op("HardSwish", x);
            case RELU6 -> op("Clip", List.of(x, scalar(DType.F32, 0), scalar(DType.F32, 6)));
        };
    }

    /** A vector of int64. */
    String longs(long... values) {
        return constants.computeIfAbsent("I64" + Arrays.toString(values),
                k -> tensor("const/" + k, HostTensor.of(Shape.of(values.length), values.clone())));
    }

    /** A scalar of some element type. */
    String scalar(DType dtype, double value) {
        return constants.computeIfAbsent(dtype + " " + value, k -> {
            HostTensor t = HostTensor.zeros(dtype, Shape.of());
            t.setDouble(0, value);
            return tensor("const/" + k, t);
        });
    }

    /** A tensor stored in the model. */
    String tensor(String name, HostTensor value) {
        String unique = fresh(name);
        initializers.add(new Initializer(unique, value));
        return unique;
    }

    /**
     * Where a counted value's rows are valid, as bool of extents that broadcast with the value: the axes up to the
     * counted one, then ones.
     */
    String validRows(Value v) {
        Shape shape = v.type().shape();
        int axis = v.countAxis();
        int capacity = shape.size(axis);
        int[] rows = new int[capacity];
        Arrays.setAll(rows, i -> i);
        String range = constants.computeIfAbsent("rows " + capacity,
                k -> tensor("const/" + k, HostTensor.of(Shape.of(capacity), rows)));
        long[] column = Arrays.copyOf(v.count().type().shape().dims(), axis + 1);
        column[axis] = 1;
        String mask = op("Less", range, reshape(name(v.count()), column));
        long[] out = new long[shape.rank()];
        Arrays.fill(out, 1);
        System.arraycopy(column, 0, out, 0, axis);
        out[axis] = capacity;
        return reshape(mask, out);
    }

    /** The value with its rows past the count replaced; as it is when it has no count along the axis. */
    String valid(Value v, int axis, double replacement) {
        return v.countAxis() != axis
                ? name(v)
                : op("Where", List.of(validRows(v), name(v), scalar(v.type().dtype(), replacement)));
    }

    /** Declares an input. */
    void input(String name, TensorType type) {
        inputs.add(valueInfo(name, type));
    }

    /** Declares an output and computes it from a value. */
    void output(String name, Value v) {
        op("Identity", List.of(name(v)), name);
        outputs.add(valueInfo(name, v.type()));
    }

    /** A name that no other value has. */
    String fresh(String wanted) {
        String name = wanted;
        for (int i = 2; !taken.add(name); i++) {
            name = wanted + "_" + i;
        }
        return name;
    }

    /** What is stored in the model. */
    List<Initializer> initializers() {
        return initializers;
    }

    /** The {@code GraphProto} but for its initializers. */
    ProtoWriter proto(String name) {
        ProtoWriter p = new ProtoWriter();
        nodes.forEach(n -> p.message(1, n));
        p.text(2, name);
        inputs.forEach(i -> p.message(11, i));
        outputs.forEach(o -> p.message(12, o));
        return p;
    }

    /** A {@code TensorProto} with its numbers. */
    static ProtoWriter inline(Initializer i) {
        MemorySegment data = i.value().data();
        return tensorHead(i).bytes(9, data);
    }

    /** A {@code TensorProto} whose numbers lie in another file. */
    static ProtoWriter external(Initializer i, String file, long offset) {
        return tensorHead(i)
                .message(13, entry("location", file))
                .message(13, entry("offset", Long.toString(offset)))
                .message(13, entry("length", Long.toString(i.value().data().byteSize())))
                .integer(14, 1);
    }

    /** A {@code StringStringEntryProto}. */
    static ProtoWriter entry(String key, String value) {
        return new ProtoWriter().text(1, key).text(2, value);
    }

    private static ProtoWriter tensorHead(Initializer i) {
        ProtoWriter p = new ProtoWriter();
        for (long d : i.value().shape().dims()) {
            p.integer(1, d);
        }
        return p.integer(2, elementType(i.value().dtype())).text(8, i.name());
    }

    private static ProtoWriter valueInfo(String name, TensorType type) {
        ProtoWriter shape = new ProtoWriter();
        for (long d : type.shape().dims()) {
            shape.message(1, new ProtoWriter().integer(1, d));
        }
        ProtoWriter tensor = new ProtoWriter().integer(1, elementType(type.dtype())).message(2, shape);
        return new ProtoWriter().text(1, name).message(2, new ProtoWriter().message(1, tensor));
    }

    /** The refusal of what has no form in ONNX. */
    UnsupportedOpException refuse(String why) {
        return new UnsupportedOpException("ONNX export: " + current.name() + " " + current.op() + " of "
                + current.inputs() + ": " + why);
    }

    /** ONNX's number for an element type ({@code TensorProto.DataType}). */
    static int elementType(DType t) {
        return switch (t) {
            case F32 -> 1;
            case U8 -> 2;
            case I8 -> 3;
            case U16 -> 4;
            case I16 -> 5;
            case I32 -> 6;
            case I64 -> 7;
            case BOOL -> 9;
            case F16 -> 10;
            case F64 -> 11;
            case U32 -> 12;
            case U64 -> 13;
            case BF16 -> 16;
        };
    }
}
