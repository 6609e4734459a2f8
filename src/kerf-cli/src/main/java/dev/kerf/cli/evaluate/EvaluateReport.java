package dev.kerf.cli.evaluate;

import dev.kerf.backend.Device;
import dev.kerf.cli.console.Text;
import dev.kerf.cli.console.Version;
import dev.kerf.cli.evaluate.LabelPairs.Pair;
import dev.kerf.json.Json;
import dev.kerf.metrics.ConfusionMatrix;
import dev.kerf.metrics.LabelScores;
import dev.kerf.metrics.Overlap;
import dev.kerf.metrics.OverlapScores;
import dev.kerf.metrics.Tally;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** What an evaluation comes to, as a table and as JSON, where a score that doesn't exist is "-" and null. */
final class EvaluateReport {
    private static final int COLUMN = 9;

    private final Device.Info device;
    private final List<String> classes;
    private final Tally<ConfusionMatrix> labels;
    private final Json images = Json.array();
    private final Json failures = Json.array();
    /** By class, near the outlines; empty where they aren't measured. */
    private final Tally<List<Overlap>> near;
    private Json ignored = Json.of(null);
    /** Null where distances aren't measured. */
    private final SurfaceScores surfaces;

    EvaluateReport(Device.Info device, List<String> classes, SurfaceScores surfaces) {
        this.device = device;
        this.surfaces = surfaces;
        this.classes = classes;
        this.labels = Tally.confusions(classes.size());
        this.near = Tally.overlaps("boundaries", classes.size());
    }

    /** The truth's label that was left out. */
    void ignored(int label) {
        ignored = Json.of(label);
    }

    /** Adds an image; the boundaries' overlaps and the outlines' distances are those of the classes, or none if they aren't measured. */
    void add(Pair pair, ConfusionMatrix m, List<Overlap> boundaries, List<SurfaceScores.Score> distances) {
        labels.add(pair.name(), m);
        if (!boundaries.isEmpty()) {
            near.add(pair.name(), boundaries);
        }
        Json image = Json.object().put("name", pair.name()).put("predicted", pair.predicted().toString())
                .put("truth", pair.truth().toString()).put("pixels", m.pixels())
                .put("pixelAccuracy", score(m.pixelAccuracy())).put("meanIou", score(m.meanIou()))
                .put("meanDice", score(m.meanDice())).put("iou", each(m::iou)).put("dice", each(m::dice));
        images.add(distances.isEmpty() ? image : image.put("distances", surfaces.add(pair.name(), distances)));
    }

    /** Notes an image that couldn't be compared. */
    void failed(Pair pair, String why) {
        failures.add(Json.object().put("name", pair.name()).put("error", why));
    }

    /** How many couldn't be compared. */
    int failures() {
        return failures.size();
    }

    /** How many were compared. */
    long images() {
        return labels.size();
    }

    private static double pooled(OverlapScores o) {
        return o.pooled().union() == 0 ? Double.NaN : o.pooled().iou();
    }

    private static double meanOverClasses(List<OverlapScores> near, ToDoubleFunction<OverlapScores> score) {
        return near.stream().mapToDouble(score).filter(v -> !Double.isNaN(v)).average().orElse(Double.NaN);
    }

    /** The table, a line each. */
    List<String> table() {
        LabelScores scores = LabelScores.of(labels);
        ConfusionMatrix m = scores.pooled();
        LabelScores.ImageMean mean = scores.imageMean();
        List<OverlapScores> outlines = OverlapScores.of(near);
        int name = Math.max("class".length(), classes.stream().mapToInt(String::length).max().orElse(0));
        int total = "frequency-weighted IoU".length();
        List<String> lines = new ArrayList<>();
        lines.add(labels.size() + (labels.size() == 1 ? " image, " : " images, ") + m.pixels() + " pixels, "
                + classes.size() + (classes.size() == 1 ? " class" : " classes") + ", on " + device.backend());
        lines.add("");
        lines.add(row("", name, cells(List.of("", "", "", "", "pixels", "pixels", "image", "image", ""), "boundary",
                "image")));
        lines.add(row("class", name, cells(List.of("IoU", "Dice", "precision", "recall", "truth", "predicted", "IoU",
                "Dice", "images"), "IoU", "boundary")));
        for (int c = 0; c < classes.size(); c++) {
            lines.add(row(classes.get(c), name, cells(List.of(text(m.iou(c)), text(m.dice(c)), text(m.precision(c)),
                    text(m.recall(c)), "" + m.truthPixels(c), "" + m.predictedPixels(c), text(mean.iou()[c]),
                    text(mean.dice()[c]), "" + mean.images()[c]), text(pooled(outlines.get(c))),
                    text(outlines.get(c).meanIou()))));
        }
        lines.add("");
        lines.add(row("", total, "pooled", "per image"));
        lines.add(row("pixel accuracy", total, text(m.pixelAccuracy()), text(mean.pixelAccuracy())));
        lines.add(row("mean accuracy", total, text(m.meanAccuracy()), text(mean.meanAccuracy())));
        lines.add(row("mean IoU", total, text(m.meanIou()), text(mean.meanIou())));
        lines.add(row("mean Dice", total, text(m.meanDice()), text(mean.meanDice())));
        lines.add(row("frequency-weighted IoU", total, text(m.frequencyWeightedIou()),
                text(mean.frequencyWeightedIou())));
        if (near.size() > 0) {
            lines.add(row("mean boundary IoU", total, text(meanOverClasses(outlines, EvaluateReport::pooled)),
                    text(meanOverClasses(outlines, OverlapScores::meanIou))));
        }
        if (surfaces != null) {
            lines.addAll(surfaces.table(classes));
        }
        return lines;
    }

    /** Those of every table, and those for boundaries. */
    private String[] cells(List<String> always, String... boundaries) {
        return Stream.concat(always.stream(), near.size() > 0 ? Arrays.stream(boundaries) : Stream.empty())
                .toArray(String[]::new);
    }

    /** The document. */
    Json json() {
        LabelScores scores = LabelScores.of(labels);
        ConfusionMatrix m = scores.pooled();
        LabelScores.ImageMean mean = scores.imageMean();
        List<OverlapScores> outlines = OverlapScores.of(near);
        Json each = Json.array();
        for (int c = 0; c < classes.size(); c++) {
            Json one = Json.object().put("name", classes.get(c)).put("label", c).put("iou", score(m.iou(c)))
                    .put("dice", score(m.dice(c))).put("precision", score(m.precision(c)))
                    .put("recall", score(m.recall(c))).put("truthPixels", m.truthPixels(c))
                    .put("predictedPixels", m.predictedPixels(c))
                    .put("imageMean", Json.object().put("images", mean.images()[c]).put("iou", score(mean.iou()[c]))
                            .put("dice", score(mean.dice()[c])).put("precision", score(mean.precision()[c]))
                            .put("recall", score(mean.recall()[c])));
            if (surfaces != null) {
                one.put("distances", surfaces.json(c));
            }
            each.add(near.size() > 0
                    ? one.put("boundaryIou", Json.object().put("pooled", score(pooled(outlines.get(c))))
                            .put("imageMean", score(outlines.get(c).meanIou())))
                    : one);
        }
        return Json.object().put("kerf", Version.text()).put("backend", device.backend()).put("device", device.name())
                .put("images", labels.size()).put("pixels", m.pixels()).put("ignore", ignored)
                .put("classes", each)
                .put("pooled", totals(m.pixelAccuracy(), m.meanAccuracy(), m.meanIou(), m.meanDice(),
                        m.frequencyWeightedIou()))
                .put("imageMean", totals(mean.pixelAccuracy(), mean.meanAccuracy(), mean.meanIou(), mean.meanDice(),
                        mean.frequencyWeightedIou()))
                .put("confusion", matrix(m)).put("perImage", images).put("failed", failures);
    }

    private static Json totals(
            double pixelAccuracy, double meanAccuracy, double meanIou, double meanDice, double weighted) {
        return Json.object().put("pixelAccuracy", score(pixelAccuracy)).put("meanAccuracy", score(meanAccuracy))
                .put("meanIou", score(meanIou)).put("meanDice", score(meanDice))
                .put("frequencyWeightedIou", score(weighted));
    }

    private static Json matrix(ConfusionMatrix m) {
        Json rows = Json.array();
        for (long[] row : m.toArray()) {
            rows.add(row);
        }
        return rows;
    }

    private Json each(IntFunction<Double> of) {
        Json list = Json.array();
        IntStream.range(0, classes.size()).forEach(c -> list.add(score(of.apply(c))));
        return list;
    }

    private static Json score(double v) {
        return Json.of(Double.isNaN(v) ? null : v);
    }

    private static String text(double v) {
        return Double.isNaN(v) ? "-" : Text.fixed(v, 4);
    }

    private static String row(String name, int width, String... cells) {
        StringBuilder line = new StringBuilder(Text.padded(name, width));
        for (String cell : cells) {
            line.append("  ").append(Text.right(cell, COLUMN));
        }
        return line.toString().stripTrailing();
    }
}
