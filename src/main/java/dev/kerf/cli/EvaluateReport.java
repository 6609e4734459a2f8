package dev.kerf.cli;

import dev.kerf.backend.DeviceInfo;
import dev.kerf.cli.LabelPairs.Pair;
import dev.kerf.json.Json;
import dev.kerf.metrics.ConfusionMatrix;
import dev.kerf.metrics.Evaluation;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/** What an evaluation comes to, as a table and as JSON, where a score that doesn't exist is "-" and null. */
final class EvaluateReport {
    private static final int COLUMN = 9;

    private final DeviceInfo device;
    private final List<String> classes;
    private final Evaluation evaluation;
    private final Json images = Json.array();
    private final Json failures = Json.array();
    private Json ignored = Json.of(null);

    EvaluateReport(DeviceInfo device, List<String> classes) {
        this.device = device;
        this.classes = classes;
        this.evaluation = new Evaluation(classes.size());
    }

    /** The truth's label that was left out. */
    void ignored(int label) {
        ignored = Json.of(label);
    }

    /** Adds an image. */
    void add(Pair pair, ConfusionMatrix m) {
        evaluation.add(m);
        images.add(Json.object().put("name", pair.name()).put("predicted", pair.predicted().toString())
                .put("truth", pair.truth().toString()).put("pixels", m.pixels())
                .put("pixelAccuracy", score(m.pixelAccuracy())).put("meanIou", score(m.meanIou()))
                .put("meanDice", score(m.meanDice())).put("iou", each(m::iou)).put("dice", each(m::dice)));
    }

    /** Notes an image that couldn't be compared. */
    void failed(Pair pair, String why) {
        failures.add(Json.object().put("name", pair.name()).put("error", why));
    }

    /** The table, a line each. */
    List<String> table() {
        ConfusionMatrix m = evaluation.pooled();
        Evaluation.ImageMean mean = evaluation.imageMean();
        int name = Math.max("class".length(), classes.stream().mapToInt(String::length).max().orElse(0));
        int total = "frequency-weighted IoU".length();
        List<String> lines = new ArrayList<>();
        lines.add(evaluation.images() + (evaluation.images() == 1 ? " image, " : " images, ") + m.pixels() + " pixels, "
                + classes.size() + (classes.size() == 1 ? " class" : " classes") + ", on " + device.backend());
        lines.add("");
        lines.add(row("", name, "", "", "", "", "pixels", "pixels", "image", "image", ""));
        lines.add(row("class", name, "IoU", "Dice", "precision", "recall", "truth", "predicted", "IoU", "Dice",
                "images"));
        for (int c = 0; c < classes.size(); c++) {
            lines.add(row(classes.get(c), name, text(m.iou(c)), text(m.dice(c)), text(m.precision(c)),
                    text(m.recall(c)), "" + m.truthPixels(c), "" + m.predictedPixels(c), text(mean.iou()[c]),
                    text(mean.dice()[c]), "" + mean.images()[c]));
        }
        lines.add("");
        lines.add(row("", total, "pooled", "per image"));
        lines.add(row("pixel accuracy", total, text(m.pixelAccuracy()), text(mean.pixelAccuracy())));
        lines.add(row("mean accuracy", total, text(m.meanAccuracy()), text(mean.meanAccuracy())));
        lines.add(row("mean IoU", total, text(m.meanIou()), text(mean.meanIou())));
        lines.add(row("mean Dice", total, text(m.meanDice()), text(mean.meanDice())));
        lines.add(row("frequency-weighted IoU", total, text(m.frequencyWeightedIou()),
                text(mean.frequencyWeightedIou())));
        return lines;
    }

    /** The document. */
    Json json() {
        ConfusionMatrix m = evaluation.pooled();
        Evaluation.ImageMean mean = evaluation.imageMean();
        Json each = Json.array();
        for (int c = 0; c < classes.size(); c++) {
            each.add(Json.object().put("name", classes.get(c)).put("label", c).put("iou", score(m.iou(c)))
                    .put("dice", score(m.dice(c))).put("precision", score(m.precision(c)))
                    .put("recall", score(m.recall(c))).put("truthPixels", m.truthPixels(c))
                    .put("predictedPixels", m.predictedPixels(c))
                    .put("imageMean", Json.object().put("images", mean.images()[c]).put("iou", score(mean.iou()[c]))
                            .put("dice", score(mean.dice()[c])).put("precision", score(mean.precision()[c]))
                            .put("recall", score(mean.recall()[c]))));
        }
        return Json.object().put("kerf", Version.text()).put("backend", device.backend()).put("device", device.name())
                .put("images", evaluation.images()).put("pixels", m.pixels()).put("ignore", ignored)
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
