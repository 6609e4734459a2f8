package dev.kerf.cli.evaluate;

import dev.kerf.cli.console.Text;
import dev.kerf.json.Json;
import dev.kerf.metrics.Bootstrap;
import dev.kerf.metrics.Bootstrap.Interval;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;

/** Distances between outlines of all images, by class: what the report says of them. */
final class SurfaceScores {
    private final List<List<Score>> byClass = new ArrayList<>();
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
        Json json() {
            return Json.object().put("hausdorff", number(hausdorff)).put("hausdorff95", number(hausdorff95))
                    .put("averageSymmetric", number(average)).put("surfaceDice", number(dice));
        }
    }

    SurfaceScores(int classes, double tolerance, String unit) {
        for (int c = 0; c < classes; c++) {
            byClass.add(new ArrayList<>());
        }
        this.tolerance = tolerance;
        this.unit = unit;
    }

    /** Adds an image's scores and gives them as JSON. */
    Json add(List<Score> scores) {
        Json out = Json.array();
        for (int c = 0; c < scores.size(); c++) {
            byClass.get(c).add(scores.get(c));
            out.add(scores.get(c).json());
        }
        return out;
    }

    /** What JSON has no number for is null, and infinite distances are texts. */
    private static Object number(double v) {
        return Double.isNaN(v) ? null : Double.isInfinite(v) ? "Infinity" : (Object) v;
    }

    private Interval interval(int c, ToDoubleFunction<Score> of) {
        return Bootstrap.of().mean(byClass.get(c).stream().mapToDouble(of).toArray());
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
            lines.add(row(classes.get(c), name, text(interval(c, Score::hausdorff)), text(interval(c, Score::hausdorff95)),
                    text(interval(c, Score::average)), text(interval(c, Score::dice))));
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
        return Json.object().put("unit", unit).put("tolerance", tolerance).put("hausdorff", json(interval(c, Score::hausdorff)))
                .put("hausdorff95", json(interval(c, Score::hausdorff95)))
                .put("averageSymmetric", json(interval(c, Score::average)))
                .put("surfaceDice", json(interval(c, Score::dice)));
    }

    private static Json json(Interval i) {
        return Json.object().put("mean", number(i.mean())).put("low", number(i.low())).put("high", number(i.high()))
                .put("images", i.cases());
    }
}
