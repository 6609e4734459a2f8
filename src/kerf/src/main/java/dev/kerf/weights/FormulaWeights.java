package dev.kerf.weights;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.error.BadWeightsException;
import dev.kerf.json.Json;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights.TensorInfo;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Weights of a golden case: most are pseudo-random by a formula of the tensor's name, so that no case has to carry
 * them.
 *
 * <p>{@code weights.json} is {@code {"format": 1, "salt": "…", "tensors": {name: {"shape": […], "scale": s}}}}, or
 * {@code "stored": true} in place of a scale for values that are in the safetensors file beside it; a {@code "middle"} beside a
 * scale is what values lie about, 0 if there is none. Element {@code i} in row-major order is
 *
 * <pre>
 * seed  = FNV-1a 64 of the UTF-8 bytes of (salt + name)
 * z     = splitmix64's output for the state seed + (i + 1)·0x9E3779B97F4A7C15
 * value = (float) (middle + scale · (2·(z >>> 40)·2^-24 − 1))    computed in double, rounded once
 * </pre>
 *
 * <p>Values are made anew at each call of {@link #tensor}; nothing is held.
 */
final class FormulaWeights implements TensorSource {
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** In all tensors: a few bytes of description would otherwise make any number of them. */
    private static final long MOST_ELEMENTS = 1L << 30;

    private final String source;
    private final String salt;
    private final Optional<Safetensors> stored;
    private final Map<String, Spread> spreads = new LinkedHashMap<>();
    private final Map<String, TensorInfo> tensors = new LinkedHashMap<>();

    /** Where values lie. */
    private record Spread(double middle, double scale) {}

    private FormulaWeights(String source, Json json, Optional<Safetensors> stored) {
        this.source = source;
        this.stored = stored;
        if (json.at("format").asInt() != 1) {
            throw json.at("format").error("is " + json.at("format") + ", Kerf reads format 1");
        }
        this.salt = json.find("salt").map(Json::asString).orElse("");
        long elements = 0;
        for (Map.Entry<String, Json> entry : json.at("tensors").members().entrySet()) {
            String name = entry.getKey();
            Json member = entry.getValue();
            Shape shape = shape(member.at("shape"));
            elements += shape.elements();
            if (elements > MOST_ELEMENTS || shape.elements() > MOST_ELEMENTS) {
                throw member.error("brings the tensors to over " + MOST_ELEMENTS + " elements");
            }
            if (member.find("stored").map(Json::asBoolean).orElse(false)) {
                tensors.put(name, storedInfo(name, shape));
            } else {
                spreads.put(name,
                        new Spread(member.find("middle").map(Json::asDouble).orElse(0.0), member.at("scale").asDouble()));
                tensors.put(name, new TensorInfo(name, DType.F32, shape));
            }
        }
    }

    /**
     * Opens a description and the file of its stored tensors.
     *
     * @param stored the safetensors file; needed only if the description refers to it
     * @throws BadFileException    if one of the files is missing or malformed
     * @throws BadWeightsException if a stored tensor is missing or misshapen
     */
    public static FormulaWeights open(Path weightsJson, Optional<Path> stored) {
        Json json = Json.read(weightsJson);
        Optional<Safetensors> file = stored.map(Safetensors::open);
        try {
            return new FormulaWeights(weightsJson.toString(), json, file);
        } catch (RuntimeException e) {
            file.ifPresent(Safetensors::close);
            throw e;
        }
    }

    /** Of a description in memory that refers to no file. */
    static FormulaWeights of(Json description, String name) {
        return new FormulaWeights(name, description, Optional.empty());
    }

    /**
     * The values of the formula.
     *
     * @param name  salt and name of the tensor, which seed it
     * @param shape extents
     * @param scale bound of the values' size
     * @return a new F32 tensor with values in [−scale, scale)
     */
    public static HostTensor generate(String name, Shape shape, double scale) {
        return generate(name, shape, new Spread(0, scale));
    }

    private static HostTensor generate(String name, Shape shape, Spread spread) {
        long seed = 0xcbf29ce484222325L;
        for (byte b : name.getBytes(StandardCharsets.UTF_8)) {
            seed = (seed ^ (b & 0xFF)) * 0x100000001b3L;
        }
        HostTensor out = HostTensor.zeros(DType.F32, shape);
        long state = seed;
        for (long i = 0, n = shape.elements(); i < n; i++) {
            state += 0x9E3779B97F4A7C15L;
            long z = (state ^ (state >>> 30)) * 0xBF58476D1CE4E5B9L;
            z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
            z ^= z >>> 31;
            double u = (z >>> 40) * 0x1p-24;
            out.data().set(F32, i * Float.BYTES, (float) (spread.middle + spread.scale * (2 * u - 1)));
        }
        return out;
    }

    @Override
    public String source() {
        return source;
    }

    @Override
    public Map<String, TensorInfo> tensors() {
        return Collections.unmodifiableMap(tensors);
    }

    @Override
    public Map<String, String> metadata() {
        return stored.map(Safetensors::metadata).orElse(Map.of());
    }

    @Override
    public HostTensor tensor(String name) {
        TensorInfo info = tensors.get(name);
        if (info == null) {
            throw new BadWeightsException(source + ": has no tensor " + Names.quoted(name));
        }
        Spread spread = spreads.get(name);
        return spread == null ? stored.orElseThrow().tensor(name) : generate(salt + name, info.shape(), spread);
    }

    /** Unmaps the file of the stored tensors. */
    @Override
    public void close() {
        stored.ifPresent(Safetensors::close);
    }

    private TensorInfo storedInfo(String name, Shape shape) {
        Safetensors file = stored.orElseThrow(() -> new BadFileException(
                source + ": tensor " + Names.quoted(name) + " is stored in a safetensors file, but none was given"));
        TensorInfo info = file.tensors().get(name);
        if (info == null || !info.shape().equals(shape)) {
            throw new BadWeightsException(file.source() + ": tensor " + Names.quoted(name) + " "
                    + (info == null ? "is missing" : "has shape " + info.shape()) + ", " + source + " expects " + shape);
        }
        return info;
    }

    private static Shape shape(Json json) {
        try {
            return Shape.of(json.asLongs());
        } catch (BadInputException e) {
            throw json.error("is the impossible shape " + json);
        }
    }
}
