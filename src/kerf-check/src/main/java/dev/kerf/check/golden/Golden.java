package dev.kerf.check.golden;

import dev.kerf.backend.Device;
import dev.kerf.backend.Precision;
import dev.kerf.error.BadInputException;
import dev.kerf.tensor.HostTensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.LongPredicate;
import java.util.stream.Stream;

/**
 * A golden case and the model that it is for.
 *
 * <pre>{@code
 * for (Path folder : Golden.find(List.of(Path.of("goldens")))) {
 *     boolean passed = Golden.of(folder).run(device, Precision.FLOAT32).stream().allMatch(Golden.Figure::passed);
 * }
 * }</pre>
 */
public final class Golden {
    /** Relative L2 difference of logits that float16 storage may cost. */
    static final double HALF_LOGITS = 1e-2;
    /** Least IoU of a mask with float16 storage and the same with float32. */
    static final double HALF_IOU = 0.99;

    /** Folder of the application image that has the cases which travel with it; see the launcher. */
    public static final String HOME = "kerf.home";

    private static final Map<String, Model> MODELS = Map.of(
            "unet", new UNetGolden(), "maskrcnn", new RcnnGolden(), "sam2", new Sam2Golden(), "edgetam", new Sam2Golden(),
            "sam", new SamGolden(), "u2net", new SaliencyGolden());

    private final GoldenCase golden;
    private final Model model;

    /** Runs the cases of one kind of model. */
    interface Model {
        /** Why a case says nothing in a precision, to be told in place of figures; empty if it does. */
        default String silent(GoldenCase golden, Precision precision) {
            return "";
        }

        /** Every stage of a case, in shape. */
        Map<String, HostTensor> stages(Device device, GoldenCase golden, Precision precision);

        /** What float32 stages decide, such as labels and the signs of masks, as far as they are there. */
        default List<Figure> decided(GoldenCase golden, Map<String, HostTensor> stages) {
            return List.of();
        }

        /** What the model makes of the case as its users call it; its stages are known. */
        default List<Figure> used(Device device, GoldenCase golden, Map<String, HostTensor> stages) {
            return List.of();
        }

        /** What reduced storage may cost: stages in it, and in float32. */
        default List<Figure> stored(GoldenCase golden, Map<String, HostTensor> stages, Map<String, HostTensor> exact) {
            throw new BadInputException(golden.folder() + " is for float32 alone");
        }
    }

    /**
     * Something measured and what it may be.
     *
     * @param name  a stage, or what was compared
     * @param value what was measured; NaN if it couldn't be
     * @param bound the largest value that passes, or the least if it is a score
     * @param score whether more is better
     * @param what  in which terms, or why there is no value
     */
    public record Figure(String name, double value, double bound, boolean score, String what) {
        /** Whether it is within its bound. */
        public boolean passed() {
            return score ? value >= bound : value <= bound;
        }

        /** The error in multiples of what it may be. */
        public double ratio() {
            double error = score ? 1 - value : value;
            double allowed = score ? 1 - bound : bound;
            return Double.isNaN(error) ? Double.POSITIVE_INFINITY : error == 0 ? 0 : error / allowed;
        }

        @Override
        public String toString() {
            return name + ": " + (Double.isNaN(value)
                    ? what
                    : what + " " + number(value) + ", "
                            + (score ? "at least " : "at most ") + number(bound));
        }

        private static String number(double v) {
            return String.format(Locale.ROOT, v == Math.rint(v) ? "%.0f" : v >= 0.1 ? "%.4f" : "%.2e", v);
        }
    }

    private Golden(GoldenCase golden, Model model) {
        this.golden = golden;
        this.model = model;
    }

    /**
     * Opens a case.
     *
     * @throws BadInputException if it is for a model that isn't known here
     */
    public static Golden of(Path folder) {
        GoldenCase golden = GoldenCase.open(folder);
        Model model = MODELS.get(golden.model());
        if (model == null) {
            throw new BadInputException(folder + ": a case for '" + golden.model() + "'; there are "
                    + new TreeMap<>(MODELS).keySet());
        }
        return new Golden(golden, model);
    }

    /** A case of the application image by its folder's name; empty if none of that name travels with this program. */
    public static Optional<GoldenCase> travelling(String name) {
        Path folder = Path.of(System.getProperty(HOME, "."), "goldens", name);
        return Files.exists(folder) ? Optional.of(GoldenCase.open(folder)) : Optional.empty();
    }

    /** Why the case isn't run in a precision; empty if it is. */
    public String silent(Precision precision) {
        return exact(precision) ? "" : model.silent(golden, precision);
    }

    /** Runs the case and holds it to its bounds. */
    public List<Figure> run(Device device, Precision precision) {
        Map<String, HostTensor> stages = model.stages(device, golden, precision);
        if (!exact(precision)) {
            return model.stored(golden, stages, stages(device));
        }
        List<Figure> figures = new ArrayList<>();
        for (GoldenCase.Row r : golden.compare(stages)) {
            String what = r.difference() == null ? r.remark() : "relative L2";
            figures.add(new Figure(r.stage(), r.relativeL2(), r.bound(), false, what));
        }
        figures.addAll(model.decided(golden, stages));
        figures.addAll(model.used(device, golden, stages));
        return figures;
    }

    /** Whether a precision promises float32's accuracy: bounds hold as they are. */
    private static boolean exact(Precision precision) {
        return precision == Precision.FLOAT32 || precision == Precision.TF32X3;
    }

    /** The case itself. */
    public GoldenCase golden() {
        return golden;
    }

    /** What float32 stages decide, such as labels and the signs of masks, as far as they are there. */
    public List<Figure> decided(Map<String, HostTensor> stages) {
        return model.decided(golden, stages);
    }

    /** Every stage of the case in float32, in shape. */
    public Map<String, HostTensor> stages(Device device) {
        return model.stages(device, golden, Precision.FLOAT32);
    }

    /** How much of two masks they share; NaN if both are empty. */
    static double iou(LongPredicate a, LongPredicate b, long elements) {
        long both = 0;
        long either = 0;
        for (long i = 0; i < elements; i++) {
            both += a.test(i) && b.test(i) ? 1 : 0;
            either += a.test(i) || b.test(i) ? 1 : 0;
        }
        return either == 0 ? Double.NaN : (double) both / either;
    }

    /**
     * The cases of the application image, and those of some folders: a folder is a case, or has cases in it.
     *
     * @throws BadInputException if there are none at all, or a folder has none
     */
    public static List<Path> find(List<Path> folders) {
        Map<String, Path> found = new LinkedHashMap<>();
        String home = System.getProperty(HOME);
        if (home != null && Files.isDirectory(Path.of(home, "goldens"))) {
            cases(Path.of(home, "goldens")).forEach(c -> found.put(c.getFileName().toString(), c));
        }
        for (Path folder : folders) {
            List<Path> cases = cases(folder);
            if (cases.isEmpty()) {
                throw new BadInputException(folder + ": neither has a case.json nor folders that have one");
            }
            cases.forEach(c -> found.put(c.toAbsolutePath().normalize().getFileName().toString(), c));
        }
        if (found.isEmpty()) {
            throw new BadInputException("no golden case travels with this program; give --goldens DIR; the self-test can do"
                    + " without: --only parity,leaks,threads");
        }
        return List.copyOf(found.values());
    }

    private static List<Path> cases(Path folder) {
        if (Files.exists(folder.resolve("case.json"))) {
            return List.of(folder);
        }
        if (!Files.isDirectory(folder)) {
            throw new BadInputException(folder + " is no folder");
        }
        try (Stream<Path> inside = Files.list(folder)) {
            return inside.filter(f -> Files.exists(f.resolve("case.json"))).sorted().toList();
        } catch (IOException e) {
            throw new BadInputException(folder + " can't be read (" + e + ")", e);
        }
    }
}
