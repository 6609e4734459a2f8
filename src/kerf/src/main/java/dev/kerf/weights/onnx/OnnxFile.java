package dev.kerf.weights.onnx;

import dev.kerf.error.BadFileException;
import dev.kerf.file.MappedFile;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An ONNX model's file as plain data: {@code ModelProto} of {@code onnx/onnx.proto}, read without a library. The file and those
 * beside it are mapped, and tensors are views of them, until it is closed.
 *
 * <pre>{@code
 * try (OnnxFile file = OnnxFile.open(Path.of("net.onnx"))) {
 *     file.graph().nodes().forEach(n -> System.out.println(n.kind()));
 * }
 * }</pre>
 */
public final class OnnxFile implements AutoCloseable {
    private static final int DEEPEST = 16;
    private static final int LONGEST_NAME = 200;

    private final MappedFile file;
    private final OnnxTensors tensors;
    private final Map<String, Integer> opsets = new HashMap<>();
    private final Map<String, String> metadata = new LinkedHashMap<>();
    private final Set<String> functions = new LinkedHashSet<>();
    private @Nullable OnnxNodes graph;

    private OnnxFile(MappedFile file, boolean onDisk) {
        this.file = file;
        this.tensors = new OnnxTensors(file.path(), onDisk);
    }

    /**
     * Opens a model.
     *
     * @throws BadFileException if it or a file that its tensors lie in is missing, truncated or malformed, or isn't to be read
     *                          because it lies outside the model's folder
     */
    public static OnnxFile open(Path path) {
        return checked(MappedFile.open(path), true);
    }

    /**
     * Reads a model from memory.
     *
     * @param name what errors call it
     * @throws BadFileException if it is truncated or malformed, or a tensor lies in another file
     */
    public static OnnxFile of(byte[] content, String name) {
        return checked(MappedFile.of(content, name), false);
    }

    /**
     * Reads a file of one tensor, such as ONNX's own tests have ({@code input_0.pb}).
     *
     * @throws BadFileException if it is missing, truncated or malformed
     */
    public static OnnxTensor tensor(Path path) {
        try (MappedFile file = MappedFile.open(path)) {
            byte[] content = file.bytes().toArray(ValueLayout.JAVA_BYTE);
            return new OnnxTensors(path, true)
                    .read(new ProtoReader(MemorySegment.ofArray(content), path.toString()));
        }
    }

    /** Other files that its tensors lie in, in order of name. */
    public List<Path> dataFiles() {
        return tensors.files().stream().map(MappedFile::path).sorted().toList();
    }

    private static OnnxFile checked(MappedFile mapped, boolean onDisk) {
        OnnxFile out = new OnnxFile(mapped, onDisk);
        try {
            out.read(new ProtoReader(mapped.bytes(), mapped.path().toString()));
            if (out.graph == null) {
                throw new BadFileException(mapped.path() + ": is no ONNX model: it has no graph");
            }
            return out;
        } catch (RuntimeException e) {
            out.close();
            throw e;
        }
    }

    private void read(ProtoReader p) {
        while (p.next()) {
            switch (p.field()) {
                case 7 -> graph = nodes(p.message(), 0);
                case 8 -> opset(p.message());
                case 14 -> OnnxTensors.entry(p.message(), metadata);
                case 25 -> function(p.message());
                default -> p.skip();
            }
        }
    }

    private void opset(ProtoReader p) {
        String domain = "";
        long version = 0;
        while (p.next()) {
            switch (p.field()) {
                case 1 -> domain = p.text();
                case 2 -> version = p.integer();
                default -> p.skip();
            }
        }
        opsets.put(domain(domain), Math.clamp(version, 0, Integer.MAX_VALUE));
    }

    private void function(ProtoReader p) {
        while (p.next()) {
            if (p.field() == 1) {
                functions.add(p.text());
            } else {
                p.skip();
            }
        }
    }

    /** ONNX's own operators have an empty domain or this one. */
    private static String domain(String name) {
        return name.equals("ai.onnx") ? "" : name;
    }

    private OnnxNodes nodes(ProtoReader p, int depth) {
        if (depth > DEEPEST) {
            throw p.error("graphs within graphs, more than " + DEEPEST + " deep,");
        }
        List<OnnxNode> nodes = new ArrayList<>();
        Map<String, OnnxTensor> initializers = new LinkedHashMap<>();
        List<OnnxNodes.Slot> inputs = new ArrayList<>();
        List<OnnxNodes.Slot> outputs = new ArrayList<>();
        while (p.next()) {
            switch (p.field()) {
                case 1 -> nodes.add(node(p.message(), nodes.size(), depth));
                case 5 -> {
                    OnnxTensor t = tensors.read(p.message());
                    if (initializers.put(t.name(), t) != null) {
                        throw new BadFileException(file.path() + ": has the tensor " + quoted(t.name()) + " twice");
                    }
                }
                case 11 -> inputs.add(slot(p.message()));
                case 12 -> outputs.add(slot(p.message()));
                case 15 ->
                    throw new BadFileException(file.path() + ": has sparse tensors, which aren't read: export it without");
                default -> p.skip();
            }
        }
        return new OnnxNodes(List.copyOf(nodes), Collections.unmodifiableMap(initializers), List.copyOf(inputs),
                List.copyOf(outputs));
    }

    private OnnxNode node(ProtoReader p, int index, int depth) {
        String name = "";
        String domain = "";
        String op = "";
        List<String> inputs = new ArrayList<>();
        List<String> outputs = new ArrayList<>();
        Map<String, OnnxAttribute> attributes = new HashMap<>();
        while (p.next()) {
            switch (p.field()) {
                case 1 -> inputs.add(p.text());
                case 2 -> outputs.add(p.text());
                case 3 -> name = p.text();
                case 4 -> op = p.text();
                case 5 -> attribute(p.message(), attributes, depth);
                case 7 -> domain = domain(p.text());
                default -> p.skip();
            }
        }
        return new OnnxNode(name.isEmpty() ? op + "_" + index : name, domain, op, inputs, outputs, attributes);
    }

    private void attribute(ProtoReader p, Map<String, OnnxAttribute> into, int depth) {
        String name = "";
        int type = 0;
        long integer = 0;
        float real = 0;
        String text = "";
        OnnxTensor tensor = null;
        OnnxNodes inner = null;
        List<Long> integers = new ArrayList<>();
        List<Float> reals = new ArrayList<>();
        List<String> texts = new ArrayList<>();
        int guessed = 0;
        while (p.next()) {
            guessed = p.field() >= 2 && p.field() <= 9 ? p.field() : guessed;
            switch (p.field()) {
                case 1 -> name = p.text();
                case 2 -> real = p.real();
                case 3 -> integer = p.integer();
                case 4 -> text = p.text();
                case 5 -> tensor = tensors.read(p.message());
                case 6 -> inner = nodes(p.message(), depth + 1);
                case 7 -> {
                    var piece = p.fixed(4);
                    for (long i = 0; i < piece.byteSize() / 4; i++) {
                        reals.add(ProtoReader.real(piece, i));
                    }
                }
                case 8 -> p.integers(integers::add);
                case 9 -> texts.add(p.text());
                case 20 -> type = Math.clamp(p.integer(), 0, 1 << 20);
                default -> p.skip();
            }
        }
        // Files of the format's first version don't say the type: it is that of the field.
        into.put(name, new OnnxAttribute(type == 0 ? guessed - 1 : type, integer, real, text, tensor, inner, integers, reals,
                texts));
    }

    private static OnnxNodes.Slot slot(ProtoReader p) {
        String name = "";
        int[] type = {0};
        List<String> dims = new ArrayList<>();
        boolean[] ranked = {false};
        while (p.next()) {
            switch (p.field()) {
                case 1 -> name = p.text();
                case 2 -> type(p.message(), type, dims, ranked);
                default -> p.skip();
            }
        }
        return new OnnxNodes.Slot(name, type[0], dims, ranked[0]);
    }

    private static void type(ProtoReader p, int[] type, List<String> dims, boolean[] ranked) {
        while (p.next()) {
            if (p.field() != 1) {
                p.skip();
                continue;
            }
            ProtoReader tensor = p.message();
            while (tensor.next()) {
                switch (tensor.field()) {
                    case 1 -> type[0] = Math.clamp(tensor.integer(), 0, 1 << 20);
                    case 2 -> {
                        ranked[0] = true;
                        shape(tensor.message(), dims);
                    }
                    default -> tensor.skip();
                }
            }
        }
    }

    private static void shape(ProtoReader p, List<String> dims) {
        while (p.next()) {
            if (p.field() != 1) {
                p.skip();
                continue;
            }
            ProtoReader dim = p.message();
            String extent = "";
            while (dim.next()) {
                switch (dim.field()) {
                    case 1 -> {
                        long value = dim.integer();
                        extent = value < 0 ? "" : Long.toString(value);
                    }
                    case 2 -> extent = dim.text();
                    default -> dim.skip();
                }
            }
            dims.add(extent);
        }
    }

    /** A name in quotes, on one line and not too long, whatever a file made of it. */
    public static String quoted(String name) {
        return "\"" + line(name) + "\"";
    }

    /** Text of a file on one line and not too long. */
    public static String line(String text) {
        String brief = text.length() > LONGEST_NAME ? text.substring(0, LONGEST_NAME) + "…" : text;
        return brief.replaceAll("[\\p{Cntrl}\u2028\u2029]", "?");
    }

    /** Where it is. */
    public Path path() {
        return file.path();
    }

    /** The graph. */
    public OnnxNodes graph() {
        if (graph == null) {
            throw new BadFileException(file.path() + ": has no graph");
        }
        return graph;
    }

    /** Version of a domain's operators, "" being ONNX's own; 0 where the file names none. */
    public int opset(String domain) {
        return opsets.getOrDefault(domain, 0);
    }

    /** What else the file says. */
    public Map<String, String> metadata() {
        return Collections.unmodifiableMap(metadata);
    }

    /** Names of the functions that the file defines beside its graph. */
    public Set<String> functions() {
        return Collections.unmodifiableSet(functions);
    }

    /**
     * Makes sure that the files are still whole.
     *
     * @throws BadFileException                if one became shorter since it was opened
     * @throws dev.kerf.error.ClosedException if this is closed
     */
    public void check() {
        file.bytes();
        tensors.files().forEach(MappedFile::bytes);
    }

    /** Unmaps all files. */
    @Override
    public void close() {
        file.close();
        tensors.files().forEach(MappedFile::close);
    }
}
