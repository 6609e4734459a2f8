package dev.kerf.cli.bench.sam;

import dev.kerf.backend.Device;
import dev.kerf.backend.Precision;
import dev.kerf.cli.bench.report.Environment;
import dev.kerf.cli.bench.report.Times;
import dev.kerf.cli.bench.sam.Contender.Task;
import dev.kerf.cli.console.Text;
import dev.kerf.cli.option.PictureSize;
import dev.kerf.cli.option.PrecisionConverter;
import dev.kerf.json.Json;
import java.util.List;

/** What was measured of pairs of networks, for people and for programs. */
final class SamReport {
    private final Json all;
    private final StringBuilder text = new StringBuilder();

    SamReport(List<String> command, Device.Info device, PictureSize size, int points, Precision precision) {
        Environment environment = Environment.of(command);
        this.all = Json.object().put("environment", environment.facts()).put("device", device.id())
                .put("device_name", device.name())
                .put("precision", PrecisionConverter.name(precision)).put("size", size.toString())
                .put("points_per_side", points).put("pairs", Json.array());
        text.append("# SAM and SAM 2 on the same engine, ").append(environment.run()).append("\n\n")
                .append("`kerf ").append(String.join(" ", command)).append("`, ").append(device.id()).append(" (")
                .append(device.name())
                .append("), ").append(PrecisionConverter.name(precision)).append("; a picture of ").append(size)
                .append(" pixels, seen at 1024 × 1024; everything by ").append(points).append(" × ").append(points)
                .append(" points, no mask kept. Weights are made by formula. GFLOP are multiplications and additions of the encoder's and the")
                .append(" decoder's graphs, as Kerf computes them; times are medians, and the least, which other programs disturb less.\n");
    }

    void add(Contender a, Contender b) {
        Json tasks = Json.array();
        text.append("\n| | ").append(a.name()).append(" | ").append(b.name()).append(" | × |\n|---|--:|--:|--:|\n");
        row("parameters, millions", a.parameters() / 1e6, b.parameters() / 1e6);
        for (Task t : Task.values()) {
            long flopsA = a.flops(t);
            long flopsB = b.flops(t);
            row(t.label() + ", GFLOP", flopsA / 1e9, flopsB / 1e9);
            Times timesA = a.times(t);
            Times timesB = b.times(t);
            if (timesA != null && timesB != null) {
                row(t.label() + ", ms", timesA.median() / 1e6, timesB.median() / 1e6);
                if (timesA.runs() > 1) {
                    row(t.label() + ", least ms", timesA.sorted()[0] / 1e6, timesB.sorted()[0] / 1e6);
                }
            }
            tasks.add(Json.object().put("task", t.label()).put("flops", Json.array().add(flopsA).add(flopsB))
                    .put("times_ns", Json.array().add(json(timesA)).add(json(timesB))));
        }
        all.at("pairs").add(Json.object().put("networks", Json.array().add(a.name()).add(b.name()))
                .put("parameters", Json.array().add(a.parameters()).add(b.parameters())).put("tasks", tasks));
    }

    private void row(String what, double a, double b) {
        text.append("| ").append(what).append(" | ").append(number(a)).append(" | ").append(number(b)).append(" | ")
                .append(Text.fixed(a / b, 2)).append(" |\n");
    }

    private static String number(double v) {
        return Text.fixed(v, v < 100 ? 1 : 0);
    }

    private static Json json(Times times) {
        Json runs = Json.array();
        if (times != null) {
            for (long ns : times.rounds().getFirst()) {
                runs.add(ns);
            }
        }
        return runs;
    }

    String markdown() {
        return text.toString();
    }

    Json json() {
        return all;
    }
}
