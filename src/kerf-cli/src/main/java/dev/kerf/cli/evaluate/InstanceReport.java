package dev.kerf.cli.evaluate;

import dev.kerf.backend.Device;
import dev.kerf.cli.console.Text;
import dev.kerf.cli.console.Version;
import dev.kerf.cli.evaluate.InstanceEvaluation.IouType;
import dev.kerf.json.Json;
import dev.kerf.mask.CocoDataset;
import dev.kerf.metrics.ApScores;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What an evaluation of detections comes to, as a table and as JSON.
 *
 * @param truth    what was to be found
 * @param images   which were compared
 * @param results  what was found
 * @param type     what they were compared by
 * @param boundary share of the diagonal to which boundaries reach, or null
 * @param agnostic whether classes weren't told apart
 * @param device   that counted, or null
 * @param scores   of all classes
 */
record InstanceReport(CocoDataset truth, List<Long> images, CocoDataset.Results results, IouType type, Double boundary,
        boolean agnostic, Device.Info device, ApScores scores) {
    private static final int COLUMN = 9;

    /** The table, a line each; the twelve figures as pycocotools prints them. */
    List<String> table() {
        List<String> lines = new ArrayList<>();
        lines.add(count(images.size(), "image") + ", " + count(annotations(), "annotation") + ", "
                + count(results.size(), "result") + ", compared by " + by() + (device == null
                        ? ""
                        : " on "
                                + device.backend())
                + (agnostic ? ", whatever their class" : ""));
        lines.add("");
        scores.summary().forEach(f -> lines.add(line(f)));
        if (agnostic) {
            return lines;
        }
        lines.add("");
        Map<Integer, Long> objects = objects();
        Map<Integer, Long> detections = detections();
        int name = truth.categories().values().stream().mapToInt(c -> c.name().length()).max().orElse(0);
        name = Math.max(name, "category".length());
        lines.add(row("category", name, "id", "AP", "AP50", "AP75", "AR100", "objects", "results"));
        for (CocoDataset.Category c : categories()) {
            ApScores one = scores.of(c.id());
            lines.add(row(c.name(), name, "" + c.id(), text(one.ap()), text(one.apAt(0.5)), text(one.apAt(0.75)),
                    text(one.arWithin(100)), "" + objects.getOrDefault(c.id(), 0L),
                    "" + detections.getOrDefault(c.id(), 0L)));
        }
        return lines;
    }

    /** The document. */
    Json json() {
        Json summary = Json.object();
        scores.summary().forEach(f -> summary.put(f.name(), f.value()));
        Json ious = Json.array();
        scores.protocol().ious().forEach(iou -> ious.add(Json.object().put("iou", iou).put("AP", scores.apAt(iou))
                .put("AR100", scores.arAt(iou))));
        Json each = Json.array();
        Map<Integer, Long> objects = objects();
        Map<Integer, Long> detections = detections();
        for (CocoDataset.Category c : agnostic ? List.<CocoDataset.Category>of() : categories()) {
            Json figures = Json.object().put("id", c.id()).put("name", c.name())
                    .put("objects", objects.getOrDefault(c.id(), 0L))
                    .put("results", detections.getOrDefault(c.id(), 0L));
            scores.of(c.id()).summary().forEach(f -> figures.put(f.name(), f.value()));
            each.add(figures);
        }
        return Json.object().put("kerf", Version.text()).put("backend", device == null ? null : device.backend())
                .put("device", device == null ? null : device.name()).put("iouType", type.name())
                .put("boundary", boundary).put("classAgnostic", agnostic).put("images", images.size())
                .put("annotations", annotations())
                .put("results", results.size()).put("summary", summary).put("ious", ious).put("categories", each);
    }

    private String by() {
        return type == IouType.bbox
                ? "boxes"
                : boundary == null
                        ? "masks"
                        : "masks and boundaries of " + boundary + " of the diagonal";
    }

    private List<CocoDataset.Category> categories() {
        return truth.categories().values().stream().sorted(Comparator.comparingInt(CocoDataset.Category::id)).toList();
    }

    private int annotations() {
        return images.stream().mapToInt(i -> truth.annotations(i).size()).sum();
    }

    /** True objects by category, crowds aside. */
    private Map<Integer, Long> objects() {
        return images.stream().flatMap(i -> truth.annotations(i).stream()).filter(a -> !a.crowd())
                .collect(Collectors.groupingBy(CocoDataset.Annotation::category, Collectors.counting()));
    }

    private Map<Integer, Long> detections() {
        return images.stream().flatMap(i -> results.of(i).stream())
                .collect(Collectors.groupingBy(CocoDataset.Results.Result::category, Collectors.counting()));
    }

    private String line(ApScores.Figure f) {
        List<Double> ious = scores.protocol().ious();
        String iou = f.iou().isPresent()
                ? Text.fixed(f.iou().getAsDouble(), 2)
                : Text.fixed(ious.getFirst(), 2) + ":" + Text.fixed(ious.getLast(), 2);
        return String.format(Locale.ROOT, " %-18s %s @[ IoU=%-9s | area=%6s | maxDets=%3d ] = %s",
                f.recall() ? "Average Recall" : "Average Precision", f.recall() ? "(AR)" : "(AP)", iou, f.area(),
                f.limit(), text(f.value()));
    }

    private static String count(int n, String what) {
        return n + " " + what + (n == 1 ? "" : "s");
    }

    /** Rounded as Python prints it. */
    private static String text(double v) {
        return new BigDecimal(v).setScale(3, RoundingMode.HALF_EVEN).toPlainString();
    }

    private static String row(String name, int width, String... cells) {
        StringBuilder line = new StringBuilder(Text.padded(name, width));
        for (String cell : cells) {
            line.append("  ").append(Text.right(cell, COLUMN));
        }
        return line.toString().stripTrailing();
    }
}
