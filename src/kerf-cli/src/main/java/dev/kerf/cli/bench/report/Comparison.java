package dev.kerf.cli.bench.report;

import dev.kerf.cli.console.Text;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Two reports held against each other, row by row.
 *
 * @param verdicts for the rows of the first report in their order, then for those that only the second has
 * @param noise    what says that a machine was noisy, for people
 */
public record Comparison(List<Verdict> verdicts, List<String> noise) {
    /** Half the interval's width from which a row can't tell what people ask for: a difference of 5 %. */
    private static final double COARSE = 0.05;

    /** Ratios from here on say nothing but that. */
    private static final int MOST = 100;

    /** What became of a row. */
    public enum Outcome {
        /** The whole interval is above 1, and the difference is as large as what counts. */
        SLOWER,
        /** The whole interval is below 1, and the difference is as large as what counts. */
        FASTER,
        /** Neither. */
        NO_DIFFERENCE,
        /** Its success turned into a failure, or it isn't measured any more. */
        LOST,
        /** It was a failure, or wasn't measured before. */
        NEW;

        /** In words. */
        public String text() {
            return name().toLowerCase(Locale.ROOT).replace('_', ' ');
        }
    }

    /**
     * What is said of a row.
     *
     * @param subject what was measured
     * @param outcome in a word
     * @param ratio   of the second report's median over the first's; null where one has none
     * @param note    what else is to be known, or empty
     */
    public record Verdict(Subject subject, Outcome outcome, Ratio ratio, String note) {}

    /**
     * Compares.
     *
     * @param threshold relative difference of medians that counts: 0.02 for 2 %
     * @param seed      of the resampling
     */
    public static Comparison of(Report before, Report after, double threshold, long seed) {
        Map<Subject, Row> then = new HashMap<>();
        before.rows().forEach(r -> then.put(r.subject(), r));
        Map<Subject, Row> now = new HashMap<>();
        after.rows().forEach(r -> now.put(r.subject(), r));
        List<Verdict> all = new ArrayList<>();
        for (Row r : before.rows()) {
            all.add(verdict(r, now.get(r.subject()), threshold, seed));
        }
        after.rows().stream().filter(r -> !then.containsKey(r.subject()))
                .forEach(r -> all.add(new Verdict(r.subject(), Outcome.NEW, null, "only in the second report")));
        List<String> noise = new ArrayList<>();
        for (Report r : List.of(before, after)) {
            String which = r == before ? "first report: " : "second report: ";
            if (!r.environment().complete()) {
                noise.add(which + "its run was ended before all was measured");
            }
            Summary.noise(r).forEach(n -> noise.add(which + n));
        }
        long coarse = all.stream().filter(v -> v.ratio != null && v.ratio.halfWidth() > COARSE).count();
        if (coarse > 0) {
            noise.add(coarse + " of " + all.size() + " rows scatter so much that a difference of " + Summary.percent(COARSE)
                    + " can't be seen: more --rounds, or a quieter machine");
        }
        return new Comparison(all, noise);
    }

    private static Verdict verdict(Row before, Row after, double threshold, long seed) {
        if (after == null) {
            return new Verdict(before.subject(), Outcome.LOST, null, "only in the first report");
        } else if (!before.success() || !after.success()) {
            Outcome o = before.success() ? Outcome.LOST : after.success() ? Outcome.NEW : Outcome.NO_DIFFERENCE;
            return new Verdict(before.subject(), o, null, after.success() ? "failed before" : after.error());
        }
        Ratio ratio = Ratio.of(before.compute(), after.compute(), seed);
        Outcome outcome = ratio.low() > 1 && ratio.value() >= 1 + threshold
                ? Outcome.SLOWER
                : ratio.high() < 1 && ratio.value() <= 1 / (1 + threshold) ? Outcome.FASTER : Outcome.NO_DIFFERENCE;
        boolean single = Math.min(before.compute().rounds().size(), after.compute().rounds().size()) < 2;
        return new Verdict(before.subject(), outcome, ratio,
                single ? "a single round: what differs from process to process isn't in the interval" : "");
    }

    /** Whether nothing is slower or lost. */
    public boolean passed() {
        return verdicts.stream().noneMatch(v -> v.outcome == Outcome.SLOWER || v.outcome == Outcome.LOST);
    }

    /** As Markdown. */
    public String markdown() {
        List<String> all = new ArrayList<>();
        noise.forEach(n -> all.add("- **noisy**: " + n));
        for (Outcome o : Outcome.values()) {
            long n = verdicts.stream().filter(v -> v.outcome == o).count();
            if (n > 0) {
                all.add("- " + o.text() + ": " + n);
            }
        }
        all.add("\n| what | engine | threads | ratio | " + Text.fixed(100 * Ratio.CONFIDENCE, 0) + " % interval | verdict | |\n"
                + "|---|---|--:|--:|---|---|---|");
        for (Verdict v : verdicts) {
            all.add("| " + v.subject.work() + " | " + v.subject.engine() + " | " + v.subject.threads() + " | "
                    + (v.ratio == null
                            ? "– | –"
                            : Text.fixed(v.ratio.value(), 3) + " | " + Text.fixed(v.ratio.low(), 3) + " to "
                                    + (v.ratio.high() < MOST ? Text.fixed(v.ratio.high(), 3) : "more than " + MOST))
                    + " | " + v.outcome.text() + " | " + v.note + " |");
        }
        return String.join("\n", all) + "\n";
    }
}
