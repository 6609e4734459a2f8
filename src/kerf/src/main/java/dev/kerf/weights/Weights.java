package dev.kerf.weights;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadWeightsException;
import dev.kerf.tensor.DType;
import dev.kerf.json.Json;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.trace.Trace;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What models read their parameters from: named tensors, from whatever file or memory they come, seen as a whole or
 * below a prefix. Names are those of the upstream checkpoint.
 *
 * <p>The object that {@link #open}, {@link #formula} or {@link #of} returned owns the file and is closed once, by
 * whoever opened it, after the last tensor has been read or uploaded. Views from {@link #at} own nothing; closing one
 * does nothing. Weights may be read by many threads at once.
 *
 * <pre>{@code
 * try (Weights weights = Weights.open(Path.of("unet.safetensors"))) {
 *     Weights head = weights.at("outc.conv");
 *     HostTensor kernel = head.tensor("weight", Shape.of(2, 64, 1, 1)); // outc.conv.weight, its shape checked
 * }
 * }</pre>
 */
public final class Weights implements AutoCloseable {
    /** Last parts of the names of tensors that are state, not trained. */
    private static final Set<String> BUFFERS = Set.of("running_mean", "running_var", "num_batches_tracked");

    private static final int NAMES_IN_ERRORS = 3;

    private final TensorSource source;
    private final String prefix;
    private final boolean owner;

    private Weights(TensorSource source, String prefix, boolean owner) {
        this.source = source;
        this.prefix = prefix;
        this.owner = owner;
    }

    /**
     * Opens a safetensors file, the index of several ({@code model.safetensors.index.json}, the files beside it), a PyTorch
     * checkpoint or an ONNX model, whose initializers are the tensors; which of them it is shows in its first bytes, not in its
     * name.
     *
     * <p>Tensors have the names that the model gives them: {@code _orig_mod} in a name, {@code module.}, {@code model.} or
     * {@code net.} before all names, and several of these, are left out, as is the counter {@code n_averaged} of averaged
     * weights. {@code model.} and {@code net.} stay where a number follows: there they are the model's own. A tensor is
     * found by the name in the file, too.
     *
     * @throws BadFileException if the file is missing, truncated, malformed, or none of them
     */
    public static Weights open(Path path) {
        Object event = Trace.load();
        Weights opened = new Weights(WeightsFormat.open(path), "", true);
        if (event != null) {
            List<TensorInfo> tensors = opened.tensors();
            Trace.loaded(event, opened.source(), tensors.size(), tensors.stream().mapToLong(TensorInfo::bytes).sum());
        }
        return opened;
    }

    /**
     * Reads the content of a safetensors file from memory: a resource of a jar, say.
     *
     * @param name what errors call it
     * @throws BadFileException if it is truncated or malformed
     */
    public static Weights ofSafetensors(byte[] content, String name) {
        return new Weights(Safetensors.of(content, name), "", true);
    }

    /**
     * Reads an ONNX model's initializers from memory.
     *
     * @param name what errors call it
     * @throws BadFileException if it is truncated or malformed, or a tensor lies in another file
     */
    public static Weights ofOnnx(byte[] content, String name) {
        return new Weights(OnnxInitializers.of(content, name), "", true);
    }

    /** Weights in memory, in the map's order; the map is copied, the tensors are not. */
    public static Weights of(Map<String, HostTensor> tensors) {
        return of(tensors, Map.of());
    }

    /** Weights in memory with metadata. */
    public static Weights of(Map<String, HostTensor> tensors, Map<String, String> metadata) {
        return new Weights(new MemorySource(tensors, metadata), "", true);
    }

    /**
     * Weights given by a formula of each tensor's name and, where {@code weights.json} says so, by a file: those of golden
     * cases. Values are made each time they are asked for.
     */
    public static Weights formula(Path weightsJson, Optional<Path> stored) {
        return new Weights(FormulaWeights.open(weightsJson, stored), "", true);
    }

    /**
     * Weights by that formula alone, described as a golden case's {@code weights.json} is.
     *
     * @param name what to call them in messages
     * @throws dev.kerf.error.BadFileException if the description is malformed or refers to a file
     */
    public static Weights formula(Json description, String name) {
        return new Weights(FormulaWeights.of(description, name), "", true);
    }

    /**
     * The tensors below a dotted prefix, named without it: {@code at("a").at("b")} is {@code at("a.b")}; all for "".
     */
    public Weights at(String prefix) {
        return new Weights(source, prefix.isEmpty() ? this.prefix : this.prefix + prefix + ".", false);
    }

    /** Whether there is a tensor of that name. */
    public boolean contains(String name) {
        return source.find(prefix + name) != null;
    }

    /** The names here, without the prefix, in the source's order. */
    public List<String> names() {
        return tensors().stream().map(TensorInfo::name).toList();
    }

    /** Names, dtypes and shapes, without reading values; names without the prefix, in the source's order. */
    public List<TensorInfo> tensors() {
        List<TensorInfo> out = new ArrayList<>();
        source.tensors().forEach((name, info) -> {
            if (name.startsWith(prefix)) {
                out.add(new TensorInfo(name.substring(prefix.length()), info.dtype(), info.shape()));
            }
        });
        return out;
    }

    /** Dtype and shape of a tensor, without reading its values. */
    public Optional<TensorInfo> find(String name) {
        return Optional.ofNullable(source.find(prefix + name))
                .map(info -> new TensorInfo(name, info.dtype(), info.shape()));
    }

    /**
     * The tensor of that name, dense and in the dtype that it is stored in.
     *
     * @throws BadWeightsException if there is none; the message lists the nearest names
     */
    public HostTensor tensor(String name) {
        if (!contains(name)) {
            throw missing(name, "");
        }
        return source.tensor(prefix + name);
    }

    /**
     * The tensor of that name, which has to have exactly the expected shape.
     *
     * @throws BadWeightsException if there is none or its shape differs; the message gives both shapes
     */
    public HostTensor tensor(String name, Shape expected) {
        TensorInfo info = source.find(prefix + name);
        if (info == null) {
            throw missing(name, " of shape " + expected);
        }
        if (!info.shape().equals(expected)) {
            throw new BadWeightsException(source.source() + ": tensor " + Names.quoted(prefix + name) + " has shape "
                    + info.shape()
                    + ", the model expects " + expected);
        }
        return source.tensor(prefix + name);
    }

    /**
     * Takes a tensor's values out of memory where they are mapped from a file, and does nothing elsewhere. Tensors that
     * {@link #tensor} returned stay valid: what reads them next reads the file again. Devices call this for what they
     * have packed, so that a process doesn't hold its weights twice.
     *
     * <pre>{@code weights.unload("backbone.body.conv1.weight"); }</pre>
     *
     * @throws BadWeightsException if there is none of that name
     */
    public void unload(String name) {
        if (!contains(name)) {
            throw missing(name, "");
        }
        source.unload(prefix + name);
    }

    /** What the source says beside the tensors: a safetensors header's metadata, a checkpoint's epoch. Unmodifiable. */
    public Map<String, String> metadata() {
        return source.metadata();
    }

    /**
     * Number of trained values here, what PyTorch counts as a model's parameters: all elements but those of batch norm's
     * running statistics and counters.
     */
    public long parameterCount() {
        return tensors().stream()
                .filter(t -> !BUFFERS.contains(t.name().substring(t.name().lastIndexOf('.') + 1)))
                .mapToLong(TensorInfo::elements)
                .sum();
    }

    /** The file or files that errors name. */
    public String source() {
        return source.source();
    }

    /**
     * Checks that a model left nothing over that it doesn't know: each tensor here is among the used ones or matches a
     * pattern of those declared as not needed, in which {@code *} stands for any characters.
     *
     * <pre>{@code weights.requireAllUsed(used, List.of("*.num_batches_tracked")); }</pre>
     *
     * @param used      names that the model read
     * @param notNeeded patterns, such as {@code *.num_batches_tracked}
     * @throws BadWeightsException naming the first few that are neither
     */
    public void requireAllUsed(Collection<String> used, Collection<String> notNeeded) {
        List<Pattern> patterns = notNeeded.stream().map(Weights::glob).toList();
        List<String> left = names().stream()
                .filter(name -> !used.contains(name) && patterns.stream().noneMatch(p -> p.matcher(name).matches()))
                .toList();
        if (!left.isEmpty()) {
            String names = String.join(", ", left.stream().limit(NAMES_IN_ERRORS).map(n -> Names.quoted(prefix + n)).toList());
            String more = left.size() > NAMES_IN_ERRORS ? " and " + (left.size() - NAMES_IN_ERRORS) + " more" : "";
            throw new BadWeightsException(source.source() + ": the model doesn't use " + names + more
                    + ": these are weights of another architecture");
        }
    }

    /** Closes the file when this is the object that was opened; does nothing on a view. */
    @Override
    public void close() {
        if (owner) {
            source.close();
        }
    }

    private BadWeightsException missing(String name, String expected) {
        List<String> nearest = Names.nearest(prefix + name, source.tensors().keySet(), NAMES_IN_ERRORS);
        String hint = nearest.isEmpty()
                ? "; it holds no tensors at all"
                : "; nearest are " + String.join(", ", nearest.stream().map(Names::quoted).toList());
        return new BadWeightsException(source.source() + ": has no tensor " + Names.quoted(prefix + name) + expected
                + hint);
    }

    private static Pattern glob(String pattern) {
        StringBuilder regex = new StringBuilder();
        for (String part : pattern.split("\\*", -1)) {
            regex.append(regex.isEmpty() ? "" : ".*").append(Pattern.quote(part));
        }
        return Pattern.compile(regex.toString(), Pattern.DOTALL);
    }

    /** Tensors held by the caller. */
    private static final class MemorySource implements TensorSource {
        private final Map<String, HostTensor> values;
        private final Map<String, TensorInfo> infos;
        private final Map<String, String> metadata;

        MemorySource(Map<String, HostTensor> tensors, Map<String, String> metadata) {
            this.values = Map.copyOf(tensors);
            this.infos = TensorInfo.byName(tensors);
            this.metadata = Map.copyOf(metadata);
        }

        @Override
        public String source() {
            return "weights in memory";
        }

        @Override
        public Map<String, TensorInfo> tensors() {
            return infos;
        }

        @Override
        public Map<String, String> metadata() {
            return metadata;
        }

        @Override
        public HostTensor tensor(String name) {
            return values.get(name);
        }

        @Override
        public void close() {
            // The tensors' memory is the caller's.
        }
    }

    /**
     * What a file says of one tensor, known without reading its values.
     *
     * @param name  the name in the checkpoint, such as {@code inc.double_conv.0.weight}
     * @param dtype element type
     * @param shape extents
     */
    public record TensorInfo(String name, DType dtype, Shape shape) {
        /** Checks that nothing is missing. */
        public TensorInfo {
            Objects.requireNonNull(name);
            Objects.requireNonNull(dtype);
            Objects.requireNonNull(shape);
        }

        /** Number of elements. */
        public long elements() {
            return shape.elements();
        }

        /** Bytes that the dense values take. */
        public long bytes() {
            return shape.bytes(dtype);
        }

        /** The facts of tensors in memory, in the map's order; unmodifiable. */
        static Map<String, TensorInfo> byName(Map<String, HostTensor> tensors) {
            Map<String, TensorInfo> infos = new LinkedHashMap<>();
            tensors.forEach((name, t) -> infos.put(name, new TensorInfo(name, t.dtype(), t.shape())));
            return Collections.unmodifiableMap(infos);
        }
    }
}
