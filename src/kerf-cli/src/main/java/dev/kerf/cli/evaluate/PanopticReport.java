package dev.kerf.cli.evaluate;

import dev.kerf.backend.Device;
import dev.kerf.cli.console.Text;
import dev.kerf.cli.console.Version;
import dev.kerf.json.Json;
import dev.kerf.metrics.PanopticQuality;
import java.util.ArrayList;
import java.util.List;

/**
 * What an evaluation of panoptic pictures comes to, as a table in percent and as JSON.
 *
 * @param images how many were compared
 * @param device that counted
 * @param scores of all classes
 */
record PanopticReport(int images, Device.Info device, PanopticQuality.Scores scores) {
    private static final int COLUMN = 6;

    /** The table, a line each. */
    List<String> table() {
        List<String> lines = new ArrayList<>();
        lines.add(images + (images == 1 ? " image, " : " images, ") + scores.classes().size() + " categories, on "
                + device.backend());
        lines.add("");
        lines.add(row("", 10, "PQ", "SQ", "RQ", "N"));
        lines.add(mean("All", scores.all()));
        lines.add(mean("Things", scores.things()));
        lines.add(mean("Stuff", scores.stuff()));
        lines.add("");
        int name = Math.max("category".length(),
                scores.classes().stream().mapToInt(c -> c.category().name().length()).max().orElse(0));
        lines.add(row("category", name, "", "PQ", "SQ", "RQ", "TP", "FP", "FN"));
        for (PanopticQuality.Scores.ClassScore c : scores.classes()) {
            lines.add(row(c.category().name(), name, c.category().thing() ? "thing" : "stuff",
                    c.occurs() ? percent(c.pq()) : "-", c.occurs() ? percent(c.sq()) : "-",
                    c.occurs() ? percent(c.rq()) : "-", "" + c.truePositives(), "" + c.falsePositives(),
                    "" + c.falseNegatives()));
        }
        return lines;
    }

    /** The document. */
    Json json() {
        Json each = Json.array();
        scores.classes().forEach(c -> each.add(Json.object().put("id", c.category().id())
                .put("name", c.category().name()).put("isthing", c.category().thing()).put("pq", c.pq())
                .put("sq", c.sq()).put("rq", c.rq()).put("tp", c.truePositives()).put("fp", c.falsePositives())
                .put("fn", c.falseNegatives()).put("iou", c.iouSum())));
        return Json.object().put("kerf", Version.text()).put("backend", device.backend()).put("device", device.name())
                .put("images", images).put("all", json(scores.all())).put("things", json(scores.things()))
                .put("stuff", json(scores.stuff())).put("categories", each);
    }

    private static Json json(PanopticQuality.Scores.Mean m) {
        return Json.object().put("pq", score(m.pq())).put("sq", score(m.sq())).put("rq", score(m.rq()))
                .put("n", m.classes());
    }

    private static Json score(double v) {
        return Json.of(Double.isNaN(v) ? null : v);
    }

    private static String mean(String name, PanopticQuality.Scores.Mean m) {
        return row(name, 10, percent(m.pq()), percent(m.sq()), percent(m.rq()), "" + m.classes());
    }

    private static String percent(double v) {
        return Double.isNaN(v) ? "-" : Text.fixed(100 * v, 1);
    }

    private static String row(String name, int width, String... cells) {
        StringBuilder line = new StringBuilder(Text.padded(name, width));
        for (String cell : cells) {
            line.append("  ").append(Text.right(cell, COLUMN));
        }
        return line.toString().stripTrailing();
    }
}
