package dev.kerf.graph.onnx;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.error.UnsupportedOpException;
import dev.kerf.file.AtomicFile;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.SourceOp;
import dev.kerf.graph.SourceOp.WeightExpr;
import dev.kerf.graph.StateOp;
import dev.kerf.graph.plan.WeightValues;
import dev.kerf.weights.Weights;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Writes a graph and its weights as an ONNX model, each op decomposed into standard operators of opset {@value #OPSET}.
 *
 * <pre>{@code
 * OnnxExport.write(graph, weights, Path.of("unet.onnx"));
 * OnnxExport.write(graph, weights, Path.of("unet.onnx"), OnnxExport.Options.of().stages("down1", "up4"));
 * }</pre>
 *
 * <p>Inputs and outputs keep the names of the graph's slots, weights those of the weight file; extents are the graph's.
 * What ONNX says otherwise than a Kerf graph:
 * <ul>
 *   <li>A state NAME is an input NAME and, if the graph updates it, an output {@code NAME.next}, to be fed back by the
 *       caller.
 *   <li>Counted values stay at their capacity. Ops that read only valid rows mask the others; rows past the count of an
 *       output hold anything. {@link dev.kerf.graph.SelectOp.Compact} and {@link dev.kerf.graph.SelectOp.Rank} of more
 *       elements than their capacity fail in the runtime as an index out of range. An index of Gather or WriteSlot out of
 *       range fails too, but ONNX reads negative ones from the end.
 *   <li>Boxes of different groups are suppressed apart by moving them apart, which costs some digits of their overlaps; there
 *       is one image. Masks laid over an image and connected components are refused.
 *   <li>Where NaN goes through max pooling and arg max is the runtime's affair.
 *   <li>A resize with scales of its own, given a size that ONNX would not derive from them, is refused; so is a count
 *       along the axis of a layer or group norm.
 * </ul>
 */
public final class OnnxExport {
    /** The version of the operator set that models are written for; the first one with GELU. */
    public static final int OPSET = 20;

    private static final int IR_VERSION = 9;
    private static final int SMALL = 1024;
    private static final int ALIGNMENT = 64;

    private OnnxExport() {}

    /**
     * How a model is written.
     *
     * @param stages      named intermediate results that become outputs too
     * @param inlineBytes most bytes of the model file: protobuf reads up to 2 GiB. Tensors of a larger model go to a
     *                    file beside it with {@code .data} added to its name.
     * @param metadata    said in the model ({@code metadata_props}), such as what a model kind's {@code metadata} gives
     */
    public record Options(Set<String> stages, long inlineBytes, Map<String, String> metadata) {
        private static final Options DEFAULT = new Options(Set.of(), Integer.MAX_VALUE, Map.of());

        /** Copies the collections; stages keep their order, and keys are written in theirs. */
        public Options {
            stages = Collections.unmodifiableSet(new LinkedHashSet<>(stages));
            metadata = Collections.unmodifiableMap(new TreeMap<>(metadata));
        }

        /** No stages, one file up to 2 GiB. */
        public static Options of() {
            return DEFAULT;
        }

        /** This with just these stages. */
        public Options stages(String... names) {
            return new Options(new LinkedHashSet<>(List.of(names)), inlineBytes, metadata);
        }

        /** This with another limit of the model file. */
        public Options inlineBytes(long limit) {
            return new Options(stages, limit, metadata);
        }

        /** This with just that said beside the graph. */
        public Options metadata(Map<String, String> said) {
            return new Options(stages, inlineBytes, said);
        }
    }

    /** Writes a model without stages. See {@link #write(Graph, Weights, Path, Options)}. */
    public static void write(Graph graph, @Nullable Weights weights, Path target) {
        write(graph, weights, target, Options.of());
    }

    /**
     * Writes a model, whole or not at all.
     *
     * @param weights numbers for the graph's weights, if it has any
     * @throws UnsupportedOpException             if an op or attribute has no form in ONNX; names node, op and operands
     * @throws BadInputException                  if there is no stage of a name
     * @throws dev.kerf.error.BadWeightsException if a tensor is missing or misshapen
     * @throws BadFileException                   if the file can't be written
     */
    public static void write(Graph graph, @Nullable Weights weights, Path target, Options options) {
        OnnxGraph onnx = lower(graph, weights, graph.kept(options.stages()));
        long total = onnx.initializers().stream().mapToLong(i -> i.value().data().byteSize() + 128).sum();
        ProtoWriter proto = onnx.proto("kerf");
        boolean external = total + proto.size() > options.inlineBytes();
        String dataName = target.getFileName() + ".data";
        long offset = 0;
        for (OnnxGraph.Initializer i : onnx.initializers()) {
            if (external && i.value().data().byteSize() >= SMALL) {
                offset = aligned(offset);
                proto.message(5, OnnxGraph.external(i, dataName, offset));
                offset += i.value().data().byteSize();
            } else {
                proto.message(5, OnnxGraph.inline(i));
            }
        }
        ProtoWriter model = new ProtoWriter()
                .integer(1, IR_VERSION)
                .text(2, "kerf")
                .message(7, proto)
                .message(8, new ProtoWriter().text(1, "").integer(2, OPSET));
        options.metadata().forEach((key, value) -> model.message(14, OnnxGraph.entry(key, value)));
        if (offset > 0) {
            if (Files.exists(target) && !Files.isRegularFile(target)) {
                throw new BadInputException(
                        target + ": is no ordinary file, and a model of this size takes a second beside it");
            }
            AtomicFile.write(target.resolveSibling(dataName), out -> writeData(onnx.initializers(), out));
        }
        AtomicFile.write(target, model::writeTo);
    }

    private static OnnxGraph lower(Graph graph, @Nullable Weights weights, Map<String, Value> kept) {
        Map<String, Value> outputs = new LinkedHashMap<>(kept);
        latestStates(graph).forEach((name, v) -> outputs.put(name + ".next", v));
        Set<String> reserved = new HashSet<>(graph.inputs().keySet());
        reserved.addAll(graph.states().keySet());
        for (String name : outputs.keySet()) {
            if (!reserved.add(name)) {
                throw new UnsupportedOpException(
                        "ONNX export: '" + name + "' is both an input and an output; ONNX takes a name once");
            }
        }
        OnnxGraph onnx = new OnnxGraph(reserved);
        for (Node n : graph.nodes()) {
            switch (n.op()) {
                case SourceOp.Input in -> source(onnx, n, in.slot());
                case SourceOp.State s -> source(onnx, n, s.name());
                case SourceOp.Constant c -> onnx.bind(n.output(), onnx.tensor(n.name(), c.value()));
                case SourceOp.Weight w -> {
                    String name = w.expr() instanceof WeightExpr.Tensor t ? t.name() : n.name();
                    onnx.bind(n.output(), onnx.tensor(name, WeightValues.evaluate(w.expr(), weights)));
                }
                default -> NodeLowering.lower(onnx, n);
            }
        }
        outputs.forEach(onnx::output);
        return onnx;
    }

    private static void source(OnnxGraph onnx, Node n, String name) {
        onnx.bind(n.output(), name);
        onnx.input(name, n.output().type());
    }

    /** The last update of each state that is updated. */
    private static Map<String, Value> latestStates(Graph graph) {
        Map<String, Value> latest = new LinkedHashMap<>();
        for (Node n : graph.nodes()) {
            if (!(n.op() instanceof StateOp)) {
                continue;
            }
            Node root = n;
            while (root.op() instanceof StateOp) {
                root = graph.producer(root.input(0));
            }
            if (root.op() instanceof SourceOp.State s) {
                latest.put(s.name(), n.output());
            }
        }
        return latest;
    }

    private static long aligned(long offset) {
        return (offset + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    private static void writeData(List<OnnxGraph.Initializer> initializers, OutputStream out) throws IOException {
        long at = 0;
        for (OnnxGraph.Initializer i : initializers) {
            MemorySegment data = i.value().data();
            if (data.byteSize() >= SMALL) {
                out.write(new byte[(int) (aligned(at) - at)]);
                AtomicFile.copy(data, out);
                at = aligned(at) + data.byteSize();
            }
        }
    }
}
