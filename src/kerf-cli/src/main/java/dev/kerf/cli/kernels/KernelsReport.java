package dev.kerf.cli.kernels;

import dev.kerf.backend.Precision;
import dev.kerf.check.cost.LaunchCost;
import dev.kerf.check.cost.Prediction;
import dev.kerf.check.ptx.Card;
import dev.kerf.check.ptx.LaunchCounts;
import dev.kerf.cli.console.Text;
import dev.kerf.cli.option.PrecisionConverter;
import dev.kerf.json.Json;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;

/** A model's launches with their costs, for people, for programs, and for a page that is kept. */
final class KernelsReport {
    private static final int TOP = 20;
    private static final String[] HEAD = {"node", "kernel", "blocks", "GFLOP", "MB", "registers", "M instructions", "M sectors",
        "conflicts", "µs", "bound by"};

    private final String model;
    private final String size;
    private final String key;
    private final Card card;
    private final Precision precision;
    private final boolean formula;
    private final List<Line> lines;

    private record Line(LaunchCost cost, Prediction prediction) {}

    KernelsReport(String model, String size, String key, Card card, Precision precision, boolean formula,
            List<LaunchCost> costs) {
        this.model = model;
        this.size = size;
        this.key = key;
        this.card = card;
        this.precision = precision;
        this.formula = formula;
        lines = costs.stream().map(c -> new Line(c, Prediction.of(c, card))).toList();
    }

    /** Predictions were held to what an H100 took for the U-Net of formula weights of this size in float32, and to nothing else. */
    private boolean validated() {
        return formula && model.equals("unet") && size.equals("512x512") && key.equals("h100")
                && precision == Precision.FLOAT32;
    }

    Json json() {
        Json kernels = Json.array();
        lines.forEach(l -> kernels.add(json(l)));
        return Json.object().put("model", model).put("size", size).put("card", key).put("card_name", card.name())
                .put("precision", PrecisionConverter.name(precision)).put("launches", lines.size())
                .put("flops", sum(l -> l.cost().flops())).put("bytes", sum(l -> l.cost().bytes()))
                .put("predicted_ms", seconds() * 1e3).put("validated", validated()).put("kernels", kernels);
    }

    private Json json(Line line) {
        LaunchCost c = line.cost();
        LaunchCounts counts = c.counts();
        Json parameters = Json.object();
        c.definitions().entrySet().stream().sorted(Map.Entry.comparingByKey())
                .forEach(e -> parameters.put(e.getKey(), e.getValue()));
        return Json.object().put("node", c.node()).put("kernel", c.kernel()).put("variant", c.variant())
                .put("parameters", parameters).put("blocks", c.blocks()).put("threads", counts.threads())
                .put("shared_bytes", counts.sharedBytes()).put("flops", c.flops()).put("bytes", c.bytes())
                .put("registers", c.assembled() ? c.registers() : null)
                .put("registers_of_ptx", c.assembled() ? null : c.registers())
                .put("blocks_counted", c.sampled()).put("sampled", c.isSampled()).put("instructions", counts.total())
                .put("multiply_adds", c.multiplyAdds()).put("sectors", counts.sectors())
                .put("sectors_written_in_part", counts.partial()).put("bytes_requested", counts.bytes())
                .put("wavefronts", counts.wavefronts()).put("bank_conflicts", conflicts(c))
                .put("waves", card.waves(c.blocks(), counts.threads(), counts.sharedBytes(), c.registers()))
                .put("predicted_us", line.prediction().seconds() * 1e6).put("bound", line.prediction().bound());
    }

    /** The launches that take longest, or all in order. */
    String text(boolean all) {
        List<Line> shown = all
                ? lines
                : lines.stream()
                        .sorted(Comparator.comparingDouble((Line l) -> l.prediction().seconds()).reversed()).limit(TOP)
                        .toList();
        List<String[]> rows = new ArrayList<>(List.<String[]>of(HEAD));
        shown.forEach(l -> rows.add(row(l)));
        StringBuilder out = new StringBuilder(table(rows));
        if (shown.size() < lines.size()) {
            out.append("… and ").append(lines.size() - shown.size()).append(" more launches; --all shows them\n");
        }
        return out.append('\n').append(totals()).toString();
    }

    private static String[] row(Line l) {
        LaunchCost c = l.cost();
        return new String[] {c.node(), c.variant(), Long.toString(c.blocks()), Text.fixed(c.flops() / 1e9, 3),
            Text.fixed(c.bytes() / 1e6, 1), (c.assembled() ? "" : "~") + c.registers(),
            (c.isSampled() ? "~" : "") + Text.fixed(c.counts().total() / 1e6, 2),
            (c.isSampled() ? "~" : "") + Text.fixed(c.counts().sectors() / 1e6, 2), Long.toString(conflicts(c)),
            Text.fixed(l.prediction().seconds() * 1e6, 1), l.prediction().bound()};
    }

    /** Columns of equal width, words on the left, numbers on the right. */
    private static String table(List<String[]> rows) {
        StringBuilder out = new StringBuilder();
        for (String[] row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < row.length; i++) {
                int column = i;
                int width = rows.stream().mapToInt(r -> r[column].length()).max().orElse(0);
                boolean word = i < 2 || i == row.length - 1;
                line.append(i == 0 ? "" : "  ").append(word ? Text.padded(row[i], width) : Text.right(row[i], width));
            }
            out.append(line.toString().stripTrailing()).append('\n');
        }
        return out.toString();
    }

    private String totals() {
        boolean sampled = lines.stream().anyMatch(l -> l.cost().isSampled());
        boolean assembled = lines.stream().allMatch(l -> l.cost().assembled());
        return model + " " + size + " in " + PrecisionConverter.name(precision) + " on " + card.name() + ": " + lines.size()
                + " launches, " + Text.fixed(sum(l -> l.cost().flops()) / 1e9, 1) + " GFLOP, "
                + Text.fixed(sum(l -> l.cost().bytes()) / 1e9, 2) + " GB, predicted " + Text.fixed(seconds() * 1e3, 2) + " ms ("
                + (validated()
                        ? "held to an H100's report: 25 % in sum, 1.5 times for each node over 100 µs"
                        : "not validated: only unet 512x512 in f32 on an H100 was held to a measurement")
                + ")\n" + (sampled ? "~ counted on a part of a launch's blocks and scaled; what has no ~ is exact\n" : "")
                + (assembled ? "" : "registers with ~ are what the PTX needs: no ptxas on the path\n");
    }

    /** By kernel, in Markdown. */
    String markdown() {
        Map<String, List<Line>> kernels = new LinkedHashMap<>();
        lines.forEach(l -> kernels.computeIfAbsent(l.cost().variant(), _ -> new ArrayList<>()).add(l));
        StringBuilder out = new StringBuilder("| " + model + " " + size + ", " + PrecisionConverter.name(precision) + ", "
                + card.name() + " | launches | GFLOP | multiply-adds executed, G | GB | instructions, M | sectors, M"
                + " | bank conflicts, M | predicted ms" + (validated() ? "" : ", not validated")
                + " |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|\n");
        kernels.entrySet().stream().sorted(Map.Entry.comparingByKey())
                .forEach(e -> out.append(markdown(e.getKey(), e.getValue())));
        return out.append(markdown("all", lines)).toString();
    }

    private static String markdown(String name, List<Line> lines) {
        return "| " + name + " | " + lines.size() + " | " + Text.fixed(sum(lines, l -> l.cost().flops()) / 1e9, 2) + " | "
                + Text.fixed(sum(lines, l -> l.cost().multiplyAdds()) / 1e9, 2) + " | "
                + Text.fixed(sum(lines, l -> l.cost().bytes()) / 1e9, 3) + " | "
                + Text.fixed(sum(lines, l -> l.cost().counts().total()) / 1e6, 1) + " | "
                + Text.fixed(sum(lines, l -> l.cost().counts().sectors()) / 1e6, 1) + " | "
                + Text.fixed(sum(lines, l -> conflicts(l.cost())) / 1e6, 1) + " | "
                + Text.fixed(lines.stream().mapToDouble(l -> l.prediction().seconds()).sum() * 1e3, 3) + " |\n";
    }

    private static long conflicts(LaunchCost c) {
        return c.counts().wavefronts() - c.counts().leastWavefronts();
    }

    private long sum(ToLongFunction<Line> of) {
        return sum(lines, of);
    }

    private static long sum(List<Line> lines, ToLongFunction<Line> of) {
        return lines.stream().mapToLong(of).sum();
    }

    private double seconds() {
        return lines.stream().mapToDouble(l -> l.prediction().seconds()).sum();
    }
}
