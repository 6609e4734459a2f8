package dev.kerf.cli.evaluate;

import dev.kerf.backend.Device;
import dev.kerf.cli.console.Console;
import dev.kerf.cli.evaluate.LabelPairs.Pair;
import dev.kerf.error.BadInputException;
import dev.kerf.error.KerfException;
import dev.kerf.metrics.BoundaryIou;
import dev.kerf.metrics.ConfusionMatrix;
import dev.kerf.metrics.Confusions;
import dev.kerf.metrics.Overlaps;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.stream.IntStream;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** How labels in one directory are compared with those in another: its options, and the comparison. */
final class LabelEvaluation {
    /** A greater label has to be explained: likelier it means no label, or the picture is no label map. */
    private static final int MOST_INFERRED = 254;

    /** Headers' numbers that differ by less of the greatest say the same: float32 and what converters round. */
    private static final double SAME_PLACE = 1e-4;

    private static final int MOST_CLASSES = 4096;

    private static final int MOST_NAMED = 5;

    @Option(names = "--classes", split = ",", paramLabel = "NAME", description = "Names of the classes, from label 0.")
    private List<String> classes;

    @Option(names = "--num-classes", paramLabel = "K", description = "Number of classes; without it and --classes, one more than the greatest label.")
    private Integer count;

    @Option(names = "--ignore", paramLabel = "LABEL", description = "A label of the truth whose pixels aren't counted.")
    private Integer ignore;

    @Option(names = "--map", split = ",", paramLabel = "FROM=TO", description = "What labels in the truth stand for: 255=1 makes 255 class 1. Done before anything else.")
    private Map<Integer, Integer> map = new LinkedHashMap<>();

    @Option(names = "--threshold", paramLabel = "T", description = "Predicted grey values, and logits of a single class, above T are class 1, others class 0.")
    private Double threshold;

    @Option(names = "--allow-missing", description = "Compares what there is: leaves out files without counterpart, and images of a COCO truth "
            + "without any result, which count by default as ones in which nothing was found.")
    private boolean allowMissing;

    @Mixin
    private SurfaceEvaluation surfaces;

    /** The scores of all pairs that can be compared; what fails is told and noted. */
    EvaluateReport run(Path predicted, Path truth, Double boundary, Device device, Console console) {
        LabelPairs found = pairs(predicted, truth, console);
        List<String> names = names(found);
        int left = ignore == null ? Confusions.NO_IGNORE : ignore;
        try (Confusions confusions = new Confusions(device, names.size(), left);
                Overlaps overlaps = new Overlaps(device)) {
            EvaluateReport report = new EvaluateReport(device.info(), names,
                    surfaces.wanted() ? surfaces.scores(names.size(), found.pairs()) : null);
            if (ignore != null) {
                report.ignored(ignore);
            }
            BoundaryIou near = boundary == null ? null : new BoundaryIou(overlaps, boundary);
            for (Pair pair : found.pairs()) {
                try {
                    compare(pair, confusions, near, report);
                } catch (KerfException e) {
                    report.failed(pair, e.getMessage());
                    console.note(e.getMessage());
                }
            }
            return report;
        }
    }

    /** Files that belong together; says which have no counterpart, or fails of them. */
    LabelPairs pairs(Path predicted, Path truth, Console console) {
        LabelPairs found = LabelPairs.of(predicted, truth);
        reportUnmatched(found, predicted, truth, console);
        return found;
    }

    /** The names that were given; null if none were. */
    List<String> classes() {
        return classes;
    }

    /** Takes names as if they were given. */
    void name(List<String> names) {
        classes = names;
    }

    /** Whether what has no counterpart is left out. */
    boolean allowsMissing() {
        return allowMissing;
    }

    /** The first of the options that was given though only labels have them; null if none was. */
    String given() {
        return classes != null
                ? "--classes"
                : count != null
                        ? "--num-classes"
                        : ignore != null
                                ? "--ignore"
                                : !map.isEmpty() ? "--map" : threshold != null ? "--threshold" : surfaces.given();
    }

    /** Checks the options. */
    void check(CommandSpec spec) {
        surfaces.check(spec);
        if (count != null && (count < 1 || count > MOST_CLASSES)) {
            throw new ParameterException(spec.commandLine(),
                    "--num-classes " + count + ": expected 1 to " + MOST_CLASSES);
        }
        if (count != null && classes != null && count != classes.size()) {
            throw new ParameterException(spec.commandLine(),
                    "--num-classes " + count + ", but --classes gives " + classes.size() + " names");
        }
        if (threshold != null && threshold.isNaN()) {
            throw new ParameterException(spec.commandLine(), "--threshold NaN: expected a number");
        }
        if (ignore != null && ignore < 0 || map.values().stream().anyMatch(to -> to < 0)) {
            throw new ParameterException(spec.commandLine(), "labels are 0 and more");
        }
    }

    private void reportUnmatched(LabelPairs found, Path predicted, Path truth, Console console) {
        String missing = alone("no truth for", found.predictedAlone(), truth);
        String unpredicted = alone("no prediction for", found.truthAlone(), predicted);
        String both = missing + (missing.isEmpty() || unpredicted.isEmpty() ? "" : "; ") + unpredicted;
        if (found.pairs().isEmpty() || !both.isEmpty() && !allowMissing) {
            throw new BadInputException(both + (found.pairs().isEmpty()
                    ? "; nothing is left to compare"
                    : "; --allow-missing compares the " + found.pairs().size() + " others"));
        }
        if (!both.isEmpty()) {
            console.note(both);
        }
    }

    private static String alone(String what, List<String> names, Path in) {
        if (names.isEmpty()) {
            return "";
        }
        String few = String.join(", ", names.subList(0, Math.min(MOST_NAMED, names.size())));
        int more = names.size() - MOST_NAMED;
        return what + " " + few + (more > 0 ? " and " + more + " more" : "") + " in " + in;
    }

    /** The names of the classes, as they were given or as many as the files have labels. */
    private List<String> names(LabelPairs found) {
        if (classes != null) {
            return classes;
        }
        int k = count == null ? inferred(found) : count;
        return IntStream.range(0, k).mapToObj(i -> "class " + i).toList();
    }

    private int inferred(LabelPairs found) {
        int most = 0;
        boolean masks = true;
        boolean white = false;
        Path where = null;
        for (Pair pair : found.pairs()) {
            for (boolean predictedSide : new boolean[] {true, false}) {
                NavigableSet<Integer> labels;
                try {
                    labels = (predictedSide ? readPredicted(pair) : readTruth(pair)).occurring();
                } catch (KerfException e) {
                    // Told when the pair is compared.
                    continue;
                }
                if (ignore != null && !predictedSide) {
                    labels.remove(ignore);
                }
                int last = labels.isEmpty() ? 0 : labels.last();
                white |= last == 255;
                masks &= last <= 1 || last == 255 && labels.headSet(255).stream().allMatch(v -> v == 0);
                where = last > most ? (predictedSide ? pair.predicted() : pair.truth()) : where;
                most = Math.max(most, last);
            }
        }
        if (white && masks) {
            return 2;
        }
        if (most > MOST_INFERRED) {
            throw new BadInputException(where + ": label " + most + ": give --ignore " + most
                    + " if it means no label, --map if it stands for another, or else --num-classes");
        }
        return most + 1;
    }

    private LabelFile readPredicted(Pair pair) {
        return LabelFile.read(pair.predicted(), threshold);
    }

    private LabelFile readTruth(Pair pair) {
        return LabelFile.read(pair.truth(), null).mapped(map);
    }

    private void compare(Pair pair, Confusions confusions, BoundaryIou near, EvaluateReport report) {
        LabelFile left = readPredicted(pair);
        LabelFile right = readTruth(pair);
        if (confusions.classes() == 2) {
            left = left.whiteAsOne();
            right = ignore != null && ignore == 255 ? right : right.whiteAsOne();
        }
        if (left.labels().width() != right.labels().width() || left.labels().height() != right.labels().height()) {
            throw new BadInputException(pair.predicted() + " is " + left.labels().width() + "x" + left.labels().height()
                    + ", but " + pair.truth() + " is " + right.labels().width() + "x" + right.labels().height());
        }
        checkVolumes(left, right, near);
        ConfusionMatrix m = confusions.measure(right.compact(), left.compact());
        checkAllCounted(left, right, m);
        report.add(pair, m, near == null
                ? List.of()
                : near.measure(right.labels(), left.labels(), m.classes(),
                        ignore == null ? Confusions.NO_IGNORE : ignore),
                surfaces.wanted() ? surfaces.measure(right, left, m.classes(), ignore) : List.of());
    }

    /** Volumes are compared with volumes of the same place. */
    private static void checkVolumes(LabelFile left, LabelFile right, BoundaryIou near) {
        if (left.grid() == null && right.grid() == null) {
            return;
        } else if (left.grid() == null || right.grid() == null) {
            throw new BadInputException(left.file() + " and " + right.file() + ": a volume and a picture can't be compared");
        } else if (left.grid().slices() != right.grid().slices()
                || !left.grid().toPatient().agrees(right.grid().toPatient(), SAME_PLACE)) {
            throw new BadInputException(
                    left.file() + " lies elsewhere than " + right.file() + ": " + left.grid() + " and " + right.grid()
                            + " voxels, or not the same place and size of voxels by their headers");
        } else if (near != null) {
            throw new BadInputException(left.file() + ": --boundary is for pictures; --distances takes volumes");
        }
    }

    /** A label that is no class would be left out silently, and the scores be wrong. */
    private void checkAllCounted(LabelFile left, LabelFile right, ConfusionMatrix m) {
        int[] given = left.labels().toArray();
        int[] meant = right.labels().toArray();
        long expected = 0;
        for (int i = 0; i < meant.length; i++) {
            if (ignore != null && meant[i] == ignore) {
                continue;
            }
            expected++;
            if (given[i] >= m.classes() || meant[i] >= m.classes()) {
                LabelFile wrong = given[i] >= m.classes() ? left : right;
                int width = left.labels().width();
                throw new BadInputException(wrong.file() + ": label " + wrong.labels().get(i % width, i / width)
                        + " at (" + i % width + ", " + i / width + "), but there are " + m.classes() + " classes, 0 to "
                        + (m.classes() - 1) + (wrong == right ? "; see --ignore and --map" : ""));
            }
        }
        if (expected != m.pixels()) {
            throw new IllegalStateException(right.file() + ": " + m.pixels() + " pixels counted of " + expected);
        }
    }
}
