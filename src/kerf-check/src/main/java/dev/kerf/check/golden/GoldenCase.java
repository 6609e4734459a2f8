package dev.kerf.check.golden;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.json.Json;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Safetensors;
import dev.kerf.weights.Weights;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a reference implementation computed, stage by stage, in float64, and what float32 itself costs there: a folder with
 * {@code case.json}, {@code weights.json}, {@code expected.safetensors} and pictures. An implementation passes a stage within
 * ten times that cost, with a floor of 1e-6.
 *
 * <pre>{@code
 * GoldenCase golden = GoldenCase.open(Path.of("goldens/unet-quick"));
 * List<GoldenCase.Row> rows = golden.compare(results);
 * boolean passed = rows.stream().allMatch(GoldenCase.Row::passed);
 * }</pre>
 */
public final class GoldenCase {
    /** A sound float32 implementation lands within so many times float32's own cost. */
    public static final double FACTOR = 10;
    /** No bound is below this. */
    public static final double FLOOR = 1e-6;
    /** With fewer values than this the measured cost may be lucky. */
    private static final long FEW = 1000;

    private final Path folder;
    private final Json description;
    private final Map<String, Stage> stages = new LinkedHashMap<>();

    /**
     * What is known of a stage.
     *
     * @param shape       its extents
     * @param stride      every so-many-th element, row-major, is in the file
     * @param cost        relative L2 error of the reference in float32
     * @param maxAbsError largest absolute error of the reference in float32
     */
    public record Stage(Shape shape, long stride, double cost, double maxAbsError) {}

    /**
     * One stage compared.
     *
     * @param stage      its name
     * @param shape      its extents
     * @param difference null if the results lack the stage or have another number of elements
     * @param bound      the largest relative L2 difference that passes
     * @param remark     what is wrong, if it isn't the difference; empty otherwise
     */
    public record Row(String stage, Shape shape, TensorDifference difference, double bound, String remark) {
        /** Whether the stage is within its bound. */
        public boolean passed() {
            return relativeL2() <= bound;
        }

        /** The difference; NaN if there is none. */
        double relativeL2() {
            return difference == null ? Double.NaN : difference.relativeL2();
        }
    }

    private GoldenCase(Path folder) {
        this.folder = folder;
        this.description = Json.read(folder.resolve("case.json"));
        description.at("stages").members().forEach((name, s) -> stages.put(name, new Stage(
                Shape.of(s.at("shape").asLongs()), s.at("stride").asLong(), s.at("float32_rel_l2").asDouble(),
                s.at("float32_max_abs_err").asDouble())));
    }

    /**
     * Opens a case.
     *
     * @throws BadFileException if its files are missing or malformed
     */
    public static GoldenCase open(Path folder) {
        return new GoldenCase(folder);
    }

    /** Where it is. */
    public Path folder() {
        return folder;
    }

    /** The kind of model, such as {@code unet}. */
    public String model() {
        return description.at("model").asString();
    }

    /** What {@code case.json} says. */
    public Json description() {
        return description;
    }

    /** Whether a setting of the case is there and true. */
    boolean says(String key) {
        return description.find(key).map(Json::asBoolean).orElse(false);
    }

    /** The stages in the network's order. */
    public Map<String, Stage> stages() {
        return stages;
    }

    /** The case's weights, by formula but for the stored ones; to be closed. */
    public Weights weights() {
        Path stored = path("weights-stored.safetensors");
        return Weights.formula(path("weights.json"),
                Files.exists(stored) ? Optional.of(stored) : Optional.empty());
    }

    /** A file of the case by the key that names it in {@code case.json}, such as {@code image}. */
    public Path file(String key) {
        return path(description.at(key).asString());
    }

    /** A file of the case by its own name: in its folder, or in the one that {@code files} in {@code case.json} names. */
    public Path path(String name) {
        Path own = folder.resolve(name);
        Optional<Json> shared = description.find("files");
        return shared.isEmpty() || Files.exists(own) ? own : folder.resolve(shared.get().asString()).resolve(name);
    }

    /** Holds results to the bounds: each stage whole, under its name, in shape or flattened. */
    public List<Row> compare(Map<String, HostTensor> results) {
        List<Row> rows = new ArrayList<>();
        try (Safetensors expected = Safetensors.open(folder.resolve("expected.safetensors"))) {
            stages.forEach((name, stage) -> rows.add(compare(name, stage, results.get(name), expected)));
        }
        return rows;
    }

    private Row compare(String name, Stage stage, HostTensor result, Safetensors expected) {
        double bound = Math.max(FLOOR, FACTOR * cost(name, stage));
        if (result == null) {
            return new Row(name, stage.shape, null, bound, "missing");
        }
        if (result.elements() != stage.shape.elements()) {
            return new Row(name, stage.shape, null, bound, "has " + result.elements() + " elements");
        }
        return new Row(name, stage.shape, TensorDifference.strided(result, expected.tensor(name), stage.stride), bound, "");
    }

    /** The largest cost of its prompt or frame (what stands before the dot) where a stage has few values. */
    private double cost(String name, Stage stage) {
        int dot = name.indexOf('.');
        if (stage.shape.elements() >= FEW || dot < 0) {
            return stage.cost;
        }
        String group = name.substring(0, dot + 1);
        return stages.entrySet().stream()
                .filter(e -> e.getKey().startsWith(group))
                .mapToDouble(e -> e.getValue().cost)
                .max()
                .orElseThrow();
    }

    /**
     * How many labels differ from the reference's although the margin is not within 20 times float32's error: none may. The
     * margin is that of the logits given, which {@link #compare} holds to their bound.
     *
     * @param labels   (H, W)
     * @param expected the reference's labels, (H, W)
     * @param logits   the stage {@code logits}, (1, K, H, W)
     */
    public long wrongLabels(HostTensor labels, HostTensor expected, HostTensor logits) {
        Stage stage = stages.get("logits");
        long pixels = expected.elements();
        int k = stage.shape.size(1);
        if (labels.elements() != pixels || logits.elements() != pixels * k) {
            throw new BadInputException("labels " + labels + ", logits " + logits + ", expected labels " + expected);
        }
        long wrong = 0;
        for (long i = 0; i < pixels; i++) {
            if (labels.getLong(i) != expected.getLong(i) && margin(logits, i, pixels, k) >= 20 * stage.maxAbsError) {
                wrong++;
            }
        }
        return wrong;
    }

    /**
     * How many values of a stage have another sign than the reference's although that lies further from 0 than 20 times
     * float32's error: of mask logits, none may.
     *
     * @param result the whole stage, in shape or flattened
     */
    public long wrongSigns(String name, HostTensor result) {
        Stage stage = stages.get(name);
        long wrong = 0;
        try (Safetensors expected = Safetensors.open(folder.resolve("expected.safetensors"))) {
            HostTensor reference = expected.tensor(name);
            for (long i = 0; i < reference.elements(); i++) {
                double r = reference.getDouble(i);
                if (Math.abs(r) >= 20 * stage.maxAbsError && r > 0 != result.getDouble(i * stage.stride) > 0) {
                    wrong++;
                }
            }
        }
        return wrong;
    }

    /** How far the largest of a pixel's k logits lies above the next. */
    static double margin(HostTensor logits, long pixel, long pixels, int k) {
        double first = Double.NEGATIVE_INFINITY;
        double second = Double.NEGATIVE_INFINITY;
        for (int c = 0; c < k; c++) {
            double v = logits.getDouble(c * pixels + pixel);
            second = Math.max(second, Math.min(first, v));
            first = Math.max(first, v);
        }
        return first - second;
    }
}
