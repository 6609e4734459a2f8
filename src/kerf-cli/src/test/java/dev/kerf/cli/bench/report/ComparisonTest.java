package dev.kerf.cli.bench.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.cli.bench.report.Comparison.Outcome;
import dev.kerf.cli.bench.report.Comparison.Verdict;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Verdicts on drawn times, of which it is known how they differ. Nothing here is timed. */
class ComparisonTest {
    private static final Environment ENVIRONMENT = Environment.of(List.of("bench"));

    static {
        ENVIRONMENT.completed();
    }
    private static final double COUNTS = 0.02;

    /** Times with a tail to the right; processes differ by a factor of their own. */
    private static Times drawn(RandomGenerator random, int rounds, int runs, double median, double between, double within) {
        List<long[]> all = new ArrayList<>();
        for (int r = 0; r < rounds; r++) {
            double own = median * Math.exp(between * random.nextGaussian());
            long[] times = new long[runs];
            for (int i = 0; i < runs; i++) {
                times[i] = Math.round(1e6 * own * Math.exp(within * Math.abs(random.nextGaussian())));
            }
            all.add(times);
        }
        return new Times(all);
    }

    private static Row row(String name, Times compute, double others) {
        Round.Process p = new Round.Process(1L, 1L, 1L, 60, 0.0, null, null, 1, others, 0.0, null, null);
        return new Row(new Subject("op", name, null, 1, "float32", "cpu:0", 2, 1), "a", "b", null, Map.of(Row.COMPUTE, compute),
                List.of(p), null, null, null, null, List.of(), 0, 1, List.of());
    }

    private static Report report(Row... rows) {
        return new Report(ENVIRONMENT, List.of(rows));
    }

    private static Outcome outcome(Times before, Times after) {
        return Comparison.of(report(row("x", before, 0)), report(row("x", after, 0)), COUNTS, 1).verdicts().getFirst()
                .outcome();
    }

    /** How many of 200 pairs are called different that aren't, and how many slowdowns are found. */
    @ParameterizedTest
    @CsvSource({
        // processes that differ by 0.5 %: reliable from three rounds on
        "3, 20, 0.005, 0.02, 1.05, 0, 195", "5, 20, 0.005, 0.02, 1.05, 0, 199", "5, 100, 0.005, 0.05, 1.05, 0, 195",
        // by 2 %: 5 % can't be told from that, and isn't made up
        "3, 20, 0.02, 0.03, 1.00, 4, 0", "5, 50, 0.02, 0.03, 1.20, 4, 195"})
    void whatIsFoundAndWhatIsMadeUp(int rounds, int runs, double between, double within, double slower, int most, int least) {
        SplittableRandom random = new SplittableRandom(19);
        int madeUp = 0;
        int found = 0;
        for (int i = 0; i < 200; i++) {
            Times before = drawn(random, rounds, runs, 1, between, within);
            madeUp += outcome(before, drawn(random, rounds, runs, 1, between, within)) == Outcome.NO_DIFFERENCE ? 0 : 1;
            found += outcome(before, drawn(random, rounds, runs, slower, between, within)) == Outcome.SLOWER ? 1 : 0;
        }
        assertTrue(madeUp <= most && found >= least, madeUp + " made up, " + found + " found");
    }

    @Test
    void whatIsSureButTooSmallDoesNotCount() {
        SplittableRandom random = new SplittableRandom(3);
        Times before = drawn(random, 5, 100, 1, 0.0005, 0.002);
        Times after = drawn(random, 5, 100, 1.01, 0.0005, 0.002);
        Ratio ratio = Ratio.of(before, after, 1);
        assertTrue(ratio.low() > 1 && ratio.value() > 1.005 && ratio.value() < 1.015, ratio.toString());
        assertEquals(Outcome.NO_DIFFERENCE, outcome(before, after));
        assertEquals(Outcome.FASTER, outcome(drawn(random, 5, 100, 1.1, 0.0005, 0.002), after));
    }

    /** The interval holds the truth about as often as it says. */
    @Test
    void intervalsHoldTheTruth() {
        SplittableRandom random = new SplittableRandom(4);
        long held = IntStream.range(0, 300).filter(i -> {
            Ratio r = Ratio.of(drawn(random, 5, 20, 1, 0.02, 0.03), drawn(random, 5, 20, 1.3, 0.02, 0.03), i);
            return r.low() <= 1.3 && r.high() >= 1.3;
        }).count();
        assertTrue(held >= 291, held + " of 300");
    }

    @Test
    void aSeedGivesTheSameInterval() {
        SplittableRandom random = new SplittableRandom(5);
        Times before = drawn(random, 3, 20, 1, 0.01, 0.03);
        Times after = drawn(random, 3, 20, 1, 0.01, 0.03);
        assertEquals(Ratio.of(before, after, 7), Ratio.of(before, after, 7));
    }

    @Test
    void studentsQuantile() {
        // Tables: 4.604 of 4, 3.355 of 8, 2.845 of 20 degrees of freedom.
        assertEquals(4.604, Ratio.student(4), 0.06);
        assertEquals(3.355, Ratio.student(8), 0.01);
        assertEquals(2.845, Ratio.student(20), 0.002);
    }

    @Test
    void rowsThatCameAndWent() {
        SplittableRandom random = new SplittableRandom(6);
        Times t = drawn(random, 5, 20, 1, 0.001, 0.01);
        Row failed = Row.failed(row("c", t, 0).subject(), null, "it broke");
        Comparison c = Comparison.of(report(row("a", t, 0), row("b", t, 0), row("c", t, 0), failed(row("d", t, 0))),
                report(row("b", t, 0), failed, row("d", t, 0), row("e", t, 0)), COUNTS, 1);
        assertEquals(List.of(Outcome.LOST, Outcome.NO_DIFFERENCE, Outcome.LOST, Outcome.NEW, Outcome.NEW),
                c.verdicts().stream().map(Verdict::outcome).toList());
        assertEquals(List.of("only in the first report", "", "it broke", "failed before", "only in the second report"),
                c.verdicts().stream().map(Verdict::note).toList());
        assertFalse(c.passed());
        assertTrue(Comparison.of(report(row("b", t, 0)), report(row("b", t, 0), row("e", t, 0)), COUNTS, 1).passed());
        assertTrue(c.markdown().contains("| b | cpu:0 | 2 | 1.000 | "), c.markdown());
    }

    private static Row failed(Row row) {
        return Row.failed(row.subject(), null, "no");
    }

    @Test
    void noiseIsSaid() {
        SplittableRandom random = new SplittableRandom(7);
        Times quiet = drawn(random, 5, 20, 1, 0.001, 0.01);
        assertEquals(List.of(), Comparison.of(report(row("a", quiet, 0)), report(row("a", quiet, 0.05)), COUNTS, 1).noise());
        List<String> said = Comparison.of(report(row("a", quiet, 0)), report(row("a", quiet, 1.5)), COUNTS, 1).noise();
        assertEquals(List.of("second report: while 1 of 1 rows were measured, other processes or the hypervisor kept up to 1.5"
                + " processors busy"), said);
        Report ended = new Report(Environment.of(List.of("bench")), report(row("a", quiet, 0)).rows());
        assertEquals(List.of("second report: its run was ended before all was measured"),
                Comparison.of(report(row("a", quiet, 0)), ended, COUNTS, 1).noise());
        Times loud = drawn(random, 3, 20, 1, 0.1, 0.3);
        said = Comparison.of(report(row("a", loud, 0)), report(row("a", loud, 0)), COUNTS, 1).noise();
        assertTrue(said.getFirst().startsWith("1 of 1 rows scatter so much that a difference of 5.0 % can't be seen"),
                said.toString());
        Verdict one = Comparison.of(report(row("a", new Times(List.of(new long[] {5, 6, 7})), 0)), report(row("a", quiet, 0)),
                COUNTS, 1).verdicts().getFirst();
        assertTrue(one.note().startsWith("a single round"), one.toString());
        assertTrue(Arrays.stream(Outcome.values()).noneMatch(o -> o.text().contains("_")));
    }
}
