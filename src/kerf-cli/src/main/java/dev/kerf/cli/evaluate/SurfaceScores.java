package dev.kerf.cli.evaluate;

import dev.kerf.cli.console.Text;
import dev.kerf.json.Json;
import dev.kerf.metrics.Bootstrap;
import dev.kerf.metrics.Bootstrap.Interval;
import dev.kerf.metrics.Tally;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.DoubleStream;

/** Distances between outlines of all images, by class: what the report says of them. */
final class SurfaceScores {
    private static final int SCORES = 4;

    /** Of each image those of its classes, one after another. */
    private final Tally<double[]> images;
    private final double tolerance;
    private final String unit;

    /**
     * Of one class in one image; all NaN where it is in neither map, infinite distances where it is in one.
     *
     * @param hausdorff   Hausdorff's distance
     * @param hausdorff95 its 95th percentile
     * @param average     mean distance of both outlines from the other
     * @param dice        share of both outlines within the tolerance
     */
    record Score(double hausdorff, double hausdorff95, double average, double dice) {
        DoubleStream all() {
            return DoubleStream.of(hausdorff, hausdorff95, average, dice);
        }

        Json json() {
            return Json.object().put("hausdorff", number(hausdorff)).put("hausdorff95", number(hausdorff95))
                    .put("averageSymmetric", number(average)).put("surfaceDice", number(dice));
        }
    }

    SurfaceScores(int classes, double tolerance, String unit) {
        this.images = Tally.scores("outlines' distances in " + unit + " and Dice within " + tolerance, SCORES * classes);
        this.tolerance = tolerance;
        this.unit = unit;
    }

    /** Adds an image's scores and gives them as JSON. */
    Json add(String image, List<Score> scores) {
        Json out = Json.array();
        scores.forEach(s -> out.add(s.json()));
        images.add(image, scores.stream().flatMapToDouble(Score::all).toArray());
        return out;
    }

    /** What JSON has no number for is null, and infinite distances are texts. */
    private static Object number(double v) {
        return Double.isNaN(v) ? null : Double.isInfinite(v) ? "Infinity" : (Object) v;
    }

    /** Of a class the score of that place in {@link Score}. */
    private Interval interval(int c, int score) {
        List<Double> all = new ArrayList<>();
        images.forEach((_, scores) -> all.add(scores[SCORES * c + score]));
        return Bootstrap.of().mean(all.stream().mapToDouble(v -> v).toArray());
    }

    /** Lines of the table. */
    List<String> table(List<String> classes) {
        int name = Math.max("class".length(), classes.stream().mapToInt(String::length).max().orElse(0));
        List<String> lines = new ArrayList<>();
        lines.add("");
        lines.add("outlines: means over images in " + unit + " [95 % interval]; Dice within " + Text.fixed(tolerance, 2) + " "
                + unit);
        lines.add(row("class", name, "Hausdorff", "95th percentile", "mean distance", "Dice"));
        for (int c = 0; c < classes.size(); c++) {
            lines.add(row(classes.get(c), name, text(interval(c, 0)), text(interval(c, 1)),
                    text(interval(c, 2)), text(interval(c, 3))));
        }
        return lines;
    }

    private static String row(String name, int width, String... cells) {
        StringBuilder line = new StringBuilder(Text.padded(name, width));
        for (String cell : cells) {
            line.append("  ").append(Text.right(cell, 28));
        }
        return line.toString().stripTrailing();
    }

    private static String text(Interval i) {
        return i.cases() == 0 ? "-" : text(i.mean()) + " [" + text(i.low()) + ", " + text(i.high()) + "]";
    }

    private static String text(double v) {
        return Double.isInfinite(v) ? "inf" : Text.fixed(v, 4);
    }

    /** All of a class, for the document. */
    Json json(int c) {
        return Json.object().put("unit", unit).put("tolerance", tolerance).put("hausdorff", json(interval(c, 0)))
                .put("hausdorff95", json(interval(c, 1)))
                .put("averageSymmetric", json(interval(c, 2)))
                .put("surfaceDice", json(interval(c, 3)));
    }

    private static Json json(Interval i) {
        return Json.object().put("mean", number(i.mean())).put("low", number(i.low())).put("high", number(i.high()))
                .put("images", i.cases());
    }
}
