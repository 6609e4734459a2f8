package dev.kerf.cli.bench.report;

import dev.kerf.cli.console.Text;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** A report as Markdown, for people at a terminal. */
public final class Summary {
    /** Processors kept busy by others from which a row counts as disturbed. */
    public static final double DISTURBED = 0.1;

    /** Share of the run's best speed of copying from which a round counts. */
    public static final double QUIET = 0.85;

    /** Runs that tell whether times are steady. */
    private static final int TELLING = 10;

    /** What a table of simulated threads is headed by. */
    static final List<String> SIMULATED_HEAD = List.of("what", "engine", "threads", "× one at most", "longest node",
            "its part");
    /** What its numbers are. */
    static final String SIMULATED = "How many times as fast as one so many threads are at most: what one takes for all that they"
            + " would do, over the time until the last of them would be done with each kernel, if each task took as long there. So"
            + " memory is as fast as needed, and handing out work costs nothing.";

    private Summary() {}

    /** The whole. */
    public static String of(Report report) {
        List<String> all = new ArrayList<>(List.of("# Benchmark " + report.environment().run() + "\n"));
        report.environment().lines().forEach(l -> all.add("- " + l));
        report.rows().stream().filter(r -> r.floors() != null)
                .collect(Collectors.toMap(r -> r.subject().engine() + ", " + r.subject().threads() + " threads",
                        Row::floors, (a, _) -> a, java.util.LinkedHashMap::new))
                .forEach((engine, f) -> all.add("- measured in the same run for " + engine + ": copying "
                        + Text.fixed(f.copyBytesPerSecond() / 1e9, 1) + " GB/s (read and written), float32 multiply-adds "
                        + Text.fixed(f.flopsPerSecond() / 1e9, 0) + " GFLOP/s"));
        noise(report).forEach(n -> all.add("- **noisy**: " + n));
        report.rows().stream().filter(r -> !r.success())
                .forEach(r -> all.add("- failed: " + r.subject() + ": " + r.error()));
        all.add("\nMilliseconds of a run whose inputs lie with the engine, waited for; – where there were too few runs. A ratio is"
                + " the median over that of the first engine of the same work. FLOPs are the direct form's, so an algorithm that"
                + " needs fewer may pass the roofline; on device: what the nodes take by its own measure.\n");
        all.add("| what | engine | threads | runs | p50 | p90 | p99 | p99.9 | std | ratio | images/s | of roofline | on device |"
                + " first run | process | enqueue | upload | download |");
        all.add("|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
        report.rows().stream().filter(Row::success).forEach(r -> all.add(line(r, report.rows())));
        List<Scaling> scaling = Scaling.of(report.rows());
        if (!scaling.isEmpty()) {
            all.add("\n## Throughput\n\n| " + String.join(" | ", Scaling.HEAD) + " |\n|---|---|--:|--:|--:|--:|--:|");
            scaling.forEach(s -> all.add("| " + String.join(" | ", s.cells()) + " |"));
        }
        List<List<String>> simulated = simulated(report.rows());
        if (!simulated.isEmpty()) {
            all.add("\n## Threads, simulated\n\n" + SIMULATED + "\n\n| " + String.join(" | ", SIMULATED_HEAD)
                    + " |\n|---|---|--:|--:|---|--:|");
            simulated.forEach(cells -> all.add("| " + String.join(" | ", cells) + " |"));
        }
        report.rows().stream().filter(r -> !r.nodes().isEmpty() && r.subject().what().equals("network"))
                .forEach(r -> nodes(r, all));
        return String.join("\n", all) + "\n";
    }

    /** What disturbed it, a line each; none if nothing did. */
    public static List<String> noise(Report report) {
        long disturbed = report.rows().stream().filter(r -> r.disturbance() > DISTURBED).count();
        double most = report.rows().stream().mapToDouble(Row::disturbance).filter(d -> !Double.isNaN(d)).max().orElse(0);
        List<String> all = new ArrayList<>();
        if (disturbed > 0) {
            all.add("while " + disturbed + " of " + report.rows().size()
                    + " rows were measured, other processes or the hypervisor kept up to " + Text.fixed(most, 1)
                    + " processors busy");
        }
        int rejected = report.rows().stream().mapToInt(Row::rejected).sum();
        if (rejected > 0) {
            all.add(rejected + " of " + (rejected + report.rows().stream().mapToInt(r -> r.processes().size()).sum())
                    + " rounds don't count: memory was copied more than 15 % slower than at best, right before or after them");
        }
        long never = report.rows().stream().filter(r -> r.copying() < QUIET).count();
        if (never > 0) {
            double least = report.rows().stream().mapToDouble(Row::copying).min().orElse(1);
            all.add("memory was never quiet for " + never + " of " + report.rows().size() + " rows, copied at down to "
                    + percent(least) + " of the run's best speed: all their rounds count");
        }
        long few = report.rows().stream().filter(Summary::hadFewRuns).count();
        if (few > 0) {
            all.add(few + " of " + report.rows().size() + " rows had fewer than " + TELLING
                    + " runs to warm up, too few to tell whether their times were steady: give more --warm-up");
        }
        long unsteady = report.rows().stream().filter(r -> !hadFewRuns(r))
                .filter(r -> r.processes().stream().anyMatch(p -> p.warmUpNanos() == null)).count();
        if (unsteady > 0) {
            all.add(unsteady + " of " + report.rows().size()
                    + " rows were still getting quicker when warming up ended: give more --warm-up");
        }
        return all;
    }

    /** Whether it warmed up with so few runs that two that came quick or slow by chance make all the difference. */
    private static boolean hadFewRuns(Row r) {
        return r.processes().stream().anyMatch(p -> p.warmUpRuns() != null && p.warmUpRuns() < TELLING);
    }

    /** A line for each number of threads that was simulated. */
    static List<List<String>> simulated(List<Row> rows) {
        return rows.stream().flatMap(r -> r.simulated().stream().map(s -> List.of(r.subject().work(), r.subject().engine(),
                Integer.toString(s.threads()), Text.fixed(s.factor(), 1), s.longest(), percent(s.part())))).toList();
    }

    private static String line(Row r, List<Row> all) {
        Times t = r.compute();
        Double ratio = ratio(r, all);
        return "| " + String.join(" | ", Arrays.asList(r.subject().work(), r.subject().engine(),
                Integer.toString(r.subject().threads()), Integer.toString(t.runs()), millis(t.median()),
                millis(t.percentile(0.9)), millis(t.percentile(0.99)), millis(t.percentile(0.999)), millis(t.deviation()),
                ratio == null ? "–" : Text.fixed(ratio, 2), Text.fixed(r.imagesPerSecond(), 2), percent(r.ofRoofline()),
                millis(r.onDevice()),
                r.processes().getFirst().firstRunNanos() == null
                        ? "–"
                        : millis(r.processes().getFirst().firstRunNanos()),
                r.processes().stream().map(Round.Process::peakBytes).filter(b -> b != null).max(Long::compare)
                        .map(Text::bytes).orElse("–"),
                median(r, "enqueue"), median(r, "upload"), median(r, "download"))) + " |";
    }

    private static void nodes(Row r, List<String> all) {
        double sum = r.onDevice();
        all.add("\n## " + r.subject().work() + " on " + r.subject().engine() + ": its nodes, " + millis(sum) + " ms in all\n");
        all.add("| what | kernels | µs | part | floor µs | of floor |\n|---|---|--:|--:|--:|--:|");
        for (Round.Node n : r.nodes()) {
            double floor = r.floors() == null || n.bytes() == 0 ? Double.NaN : r.floors().seconds(n.flops(), n.bytes()) * 1e9;
            all.add("| " + n.name() + " | " + n.kernels() + " | " + Text.fixed(n.nanos() / 1e3, 1) + " | "
                    + percent(n.nanos() / sum) + " | " + (Double.isNaN(floor) ? "–" : Text.fixed(floor / 1e3, 1))
                    + " | " + percent(floor / n.nanos()) + " |");
        }
    }

    private static String median(Row r, String what) {
        return r.times().containsKey(what) ? millis(r.times().get(what).median()) : "–";
    }

    /** The median over that of the first row of the same work that succeeded; null for that row itself. */
    static Double ratio(Row r, List<Row> all) {
        Row first = all.stream().filter(o -> o.success() && o.subject().work().equals(r.subject().work())).findFirst()
                .orElse(r);
        return first == r ? null : r.compute().median() / first.compute().median();
    }

    static String percent(double share) {
        return Double.isNaN(share) ? "–" : Text.fixed(100 * share, share < 0.1 ? 1 : 0) + " %";
    }

    static String millis(double nanos) {
        double ms = nanos / 1e6;
        return Double.isNaN(ms)
                ? "–"
                : ms >= 100
                        ? Text.fixed(ms, 0)
                        : ms >= 1
                                ? Text.fixed(ms, 2)
                                : String.format(Locale.ROOT, "%.3g", ms);
    }
}
