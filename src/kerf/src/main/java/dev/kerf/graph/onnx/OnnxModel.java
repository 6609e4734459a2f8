package dev.kerf.graph.onnx;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.error.UnsupportedOpException;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.Graph;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.SourceOp;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import dev.kerf.weights.onnx.OnnxFile;
import dev.kerf.weights.onnx.OnnxNode;
import dev.kerf.weights.onnx.OnnxNodes;
import dev.kerf.weights.onnx.OnnxTensor;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * An ONNX model's file, of which graphs are recorded: one for each size of its inputs, over the same weights.
 *
 * <pre>{@code
 * try (Device device = Backends.open("cpu");
 *         OnnxModel model = OnnxModel.open(Path.of("net.onnx"));
 *         DeviceWeights weights = device.load(model.weights())) {
 *     Graph graph = model.graph(Map.of("image", Shape.of(1, 3, 512, 512)));
 *     try (Executable net = device.compile(graph, weights, CompileOptions.of())) {
 *         net.input("image").upload(image);
 *         net.run();
 *     }
 * }
 * }</pre>
 *
 * <p>Operators of ONNX's opsets {@value #OLDEST} to {@value #NEWEST} are recorded as ops of a graph. What extents alone decide is
 * computed meanwhile; names of inputs, outputs and weights stay. Element types are those of a graph: floating-point numbers are
 * float32, whole numbers int32, truth values U8. How many elements NonMaxSuppression and NonZero find is known in a run only:
 * their results have a capacity and a count, which is an output {@code NAME.count} beside an output NAME. What isn't supported is refused by name, and nothing is run then.
 */
public final class OnnxModel implements AutoCloseable {
    /** The oldest opset that models are read of. */
    public static final int OLDEST = 7;
    /** The newest opset that models are read of. */
    public static final int NEWEST = 23;

    private final OnnxFile file;
    private final Weights weights;
    private final List<OnnxNode> nodes;

    private OnnxModel(OnnxFile file, Weights weights) {
        this.file = file;
        this.weights = weights;
        this.nodes = OnnxOrder.of(file.graph().nodes(), file.path().toString());
    }

    /**
     * An input or output.
     *
     * @param name    its name
     * @param dtype   its element type in a graph
     * @param extents a number, or a symbol for what is open; empty where the file says nothing of them
     */
    public record Slot(String name, DType dtype, List<String> extents) {
        /** Copies the list. */
        public Slot {
            extents = List.copyOf(extents);
        }

        /**
         * The extent of an axis; −1 where it is open.
         *
         * @throws BadInputException if there is no such axis
         */
        public long extent(int axis) {
            if (axis < 0 || axis >= extents.size()) {
                throw new BadInputException("input or output " + this + " has no axis " + axis);
            }
            String text = extents.get(axis);
            return text.matches("[0-9]{1,18}") ? Long.parseLong(text) : -1;
        }

        /** Such as {@code image F32[batch, 3, height, width]}. */
        @Override
        public String toString() {
            return OnnxFile.line(name) + " " + dtype + OnnxFile.line(extents.toString());
        }
    }

    /**
     * Opens a model's file, and those beside it that its tensors lie in.
     *
     * @throws BadFileException       if one is missing, truncated or malformed, lies outside the model's folder, or nodes form a
     *                                circle
     * @throws UnsupportedOpException if its opset is older than {@value #OLDEST}
     */
    public static OnnxModel open(Path path) {
        return checked(OnnxFile.open(path), () -> Weights.open(path));
    }

    /**
     * Reads a model from memory.
     *
     * @param name what errors call it
     * @throws BadFileException       as {@link #open}
     * @throws UnsupportedOpException as {@link #open}
     */
    public static OnnxModel of(byte[] content, String name) {
        return checked(OnnxFile.of(content, name), () -> Weights.ofOnnx(content, name));
    }

    private static OnnxModel checked(OnnxFile file, Supplier<Weights> weights) {
        try {
            int opset = file.opset("");
            if (opset > 0 && opset < OLDEST) {
                throw new UnsupportedOpException(
                        file.path() + ": is of opset " + opset + ", Kerf reads " + OLDEST + " to " + NEWEST
                                + "; convert it with onnx.version_converter");
            }
            return new OnnxModel(file, weights.get());
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /** Version of ONNX's operators that it is written in. */
    public int opset() {
        return file.opset("");
    }

    /** What the file says beside the graph. */
    public Map<String, String> metadata() {
        return file.metadata();
    }

    /** Other files that its tensors lie in, in order of name; none where all lie in the model's. */
    public List<Path> dataFiles() {
        return file.dataFiles();
    }

    /** Its initializers under their names; closed with this. */
    public Weights weights() {
        return weights;
    }

    /** What is to be given, in the file's order. */
    public List<Slot> inputs() {
        return open().stream().map(OnnxModel::slot).toList();
    }

    /** What it gives, in the file's order. */
    public List<Slot> outputs() {
        return file.graph().outputs().stream().map(OnnxModel::slot).toList();
    }

    private List<OnnxNodes.Slot> open() {
        return file.graph().inputs().stream().filter(s -> !file.graph().initializers().containsKey(s.name())).toList();
    }

    private static Slot slot(OnnxNodes.Slot s) {
        DType type = OnnxTensor.dtype(s.type());
        List<String> extents = new ArrayList<>();
        for (int i = 0; i < s.dims().size(); i++) {
            extents.add(s.dims().get(i).isEmpty() ? "?" : s.dims().get(i));
        }
        return new Slot(s.name(), type == null ? DType.F32 : Operand.graphType(type), extents);
    }

    /** How often each operator occurs, by name. */
    public Map<String, Integer> operators() {
        Map<String, Integer> out = new TreeMap<>();
        nodes.forEach(n -> out.merge(n.kind(), 1, Integer::sum));
        return out;
    }

    /** Those of {@link #operators} that no graph can be recorded of, in whatever form. */
    public List<String> unsupported() {
        return operators().keySet().stream().filter(o -> !OnnxRules.byOperator().containsKey(o) && !o.equals("If")).toList();
    }

    /** The graph for the extents that the file gives; none of them may be open. See {@link #graph(Map)}. */
    public Graph graph() {
        return graph(Map.of());
    }

    /**
     * The graph for given extents.
     *
     * @param shapes of inputs, by name; those that aren't named have the file's
     * @throws BadInputException      if an extent stays open, a shape contradicts the file's, or there is no such input
     * @throws UnsupportedOpException if a node isn't supported, or only in another form; names it and its operands
     * @throws BadFileException       if a node's operands don't fit its operator
     */
    public Graph graph(Map<String, Shape> shapes) {
        return graph(shapes, Map.of());
    }

    /**
     * The graph for given extents, with some inputs that are always the same: what extents follow from, thresholds. They are no
     * inputs of the graph.
     *
     * @param shapes of inputs, by name; those that aren't named have the file's
     * @param fixed  values of inputs, by name
     * @throws BadInputException      as {@link #graph(Map)}
     * @throws UnsupportedOpException as {@link #graph(Map)}
     * @throws BadFileException       as {@link #graph(Map)}
     */
    public Graph graph(Map<String, Shape> shapes, Map<String, HostTensor> fixed) {
        GraphBuilder g = new GraphBuilder();
        record(g, inputs(g, shapes, fixed), fixed).forEach(g::output);
        return g.build();
    }

    /**
     * The graph for given extents with an output for the result of every node, by its name in the file: for comparing with another
     * engine node by node. Nodes that the model's outputs don't need are left out.
     *
     * @param shapes of inputs, by name; those that aren't named have the file's
     * @param known  is given the results that are known before any run
     * @throws BadInputException      as {@link #graph(Map)}
     * @throws UnsupportedOpException as {@link #graph(Map)}
     * @throws BadFileException       as {@link #graph(Map)}
     */
    public Graph graphOfAll(Map<String, Shape> shapes, Map<String, HostTensor> known) {
        GraphBuilder g = new GraphBuilder();
        file.check();
        OnnxImport.recordAll(file, nodes, g, inputs(g, shapes, Map.of()), known).forEach((name, v) -> {
            if (g.producer(v).op() instanceof SourceOp.Input) {
                return; // an input under another name
            }
            g.output(name, v);
        });
        return g.build();
    }

    /** Which node makes a result, by the result's name, in an order of execution: its operator and name. */
    public Map<String, String> makers() {
        Map<String, String> out = new LinkedHashMap<>();
        for (OnnxNode n : nodes) {
            n.outputs().stream().filter(o -> !o.isEmpty())
                    .forEach(o -> out.put(o, n.name().isEmpty() ? n.kind() : n.kind() + " " + OnnxFile.quoted(n.name())));
        }
        return out;
    }

    /** Declares the inputs that aren't fixed. */
    private Map<String, Value> inputs(GraphBuilder g, Map<String, Shape> shapes, Map<String, HostTensor> fixed) {
        Map<String, TensorType> types = new LinkedHashMap<>();
        List<String> names = new ArrayList<>();
        for (OnnxNodes.Slot s : open()) {
            names.add(s.name());
            HostTensor value = fixed.get(s.name());
            Shape shape = shape(s, value == null ? shapes.get(s.name()) : value.shape());
            if (value == null) {
                types.put(s.name(), OnnxImport.type(s, shape, file.path().toString()));
            }
        }
        Stream.concat(shapes.keySet().stream(), fixed.keySet().stream()).filter(n -> !names.contains(n)).findFirst()
                .ifPresent(n -> {
                    throw new BadInputException(file.path() + ": has no input " + OnnxFile.quoted(n) + ", only "
                            + OnnxFile.line(names.toString()));
                });
        Map<String, Value> values = new LinkedHashMap<>();
        types.forEach((name, type) -> values.put(name, g.input(name, type)));
        return values;
    }

    /**
     * Records the model as a part of a larger graph: with what prepares a picture before it, and what makes masks of its results
     * after it.
     *
     * <pre>{@code
     * Value x = g.multiply(g.input("image", TensorType.f32(1, 3, 512, 512)), g.constant(1 / 255f));
     * Value logits = model.record(g, Map.of("image", x), Map.of()).get("logits");
     * }</pre>
     *
     * @param values of the inputs, in their element types of a graph
     * @param fixed  inputs whose numbers are known
     * @return the outputs by name, in the file's order, each with its count {@code NAME.count} if it has one
     * @throws UnsupportedOpException as {@link #graph(Map)}
     * @throws BadFileException       as {@link #graph(Map)}
     */
    public Map<String, Value> record(GraphBuilder g, Map<String, Value> values, Map<String, HostTensor> fixed) {
        file.check();
        open().forEach(s -> OnnxImport.type(s, Shape.of(), file.path().toString()));
        return OnnxImport.record(file, nodes, g, values, fixed);
    }

    /** Whether a file begins as a model does; what is in it shows when it is opened. False for what can't be read. */
    public static boolean looksLike(Path path) {
        try (InputStream in = Files.newInputStream(path)) {
            byte[] head = in.readNBytes(2);
            return head.length == 2 && head[0] == 8 && head[1] > 0 && head[1] < 64;
        } catch (IOException e) {
            return false;
        }
    }

    private Shape shape(OnnxNodes.Slot s, @Nullable Shape given) {
        Slot known = slot(s);
        if (given == null) {
            long[] dims = new long[known.extents().size()];
            for (int i = 0; i < dims.length; i++) {
                dims[i] = known.extent(i);
            }
            if (!s.ranked() || Arrays.stream(dims).anyMatch(d -> d < 0)) {
                throw new BadInputException(
                        file.path() + ": input " + known + " has extents that are open; say which they are");
            }
            return Shape.of(dims);
        }
        boolean fits = !s.ranked() || given.rank() == known.extents().size();
        for (int i = 0; fits && i < known.extents().size(); i++) {
            fits = known.extent(i) < 0 || known.extent(i) == given.dim(i);
        }
        if (!fits) {
            throw new BadInputException(file.path() + ": input " + known + " can't be " + given);
        }
        return given;
    }

    /** Closes the weights and unmaps all files. */
    @Override
    public void close() {
        weights.close();
        file.close();
    }
}
