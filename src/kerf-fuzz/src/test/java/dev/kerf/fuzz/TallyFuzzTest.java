package dev.kerf.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.mask.CocoDataset.Category;
import dev.kerf.mask.Panoptic;
import dev.kerf.mask.Rectangle;
import dev.kerf.metrics.ApScores;
import dev.kerf.metrics.AveragePrecision;
import dev.kerf.metrics.AveragePrecision.Detection;
import dev.kerf.metrics.AveragePrecision.GroundTruth;
import dev.kerf.metrics.ConfusionMatrix;
import dev.kerf.metrics.LabelScores;
import dev.kerf.metrics.Overlap;
import dev.kerf.metrics.OverlapScores;
import dev.kerf.metrics.PanopticQuality;
import dev.kerf.metrics.Tally;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/** Counts of images as another process sent them. */
class TallyFuzzTest {
    /** A matrix of 8 classes, and how a protocol's figures are kept of each class. */
    private static final Held HELD = new Held(1 << 18);
    private static final List<Category> CATEGORIES = List.of(new Category(1, "cat", true), new Category(7, "sky", false));

    static Stream<byte[]> matrices() {
        Tally<ConfusionMatrix> t = Tally.confusions(8);
        long[][] counts = new long[8][8];
        counts[1][2] = 70_000;
        counts[7][7] = 1L << 40;
        t.add("a.png", ConfusionMatrix.of(counts));
        t.add("12", ConfusionMatrix.empty(8));
        return Stream.of(t.toBytes());
    }

    @MethodSource("matrices")
    @FuzzTest
    void tallyOfConfusions(byte[] input) {
        HELD.reading(input, () -> {
            Tally<ConfusionMatrix> t = Tally.confusions(8);
            t.merge(input);
            LabelScores.of(t);
        });
    }

    static Stream<byte[]> matches() {
        AveragePrecision ap = AveragePrecision.boxes();
        ap.add(3, List.of(GroundTruth.of(1, new Rectangle(0, 0, 10, 10))),
                List.of(Detection.of(1, 0.5, new Rectangle(0, 0, 9, 10)), Detection.of(2, 0.25, new Rectangle(5, 0, 9, 10))));
        return Stream.of(ap.tally().toBytes());
    }

    @MethodSource("matches")
    @FuzzTest
    void tallyOfDetections(byte[] input) {
        HELD.reading(input, () -> {
            Tally<AveragePrecision.Matches> t = Tally.detections(AveragePrecision.Measure.BOXES);
            t.merge(input);
            ApScores.of(t).summary();
        });
    }

    /** A picture in which one thing is found, one is missed and something else is wrong. */
    static Stream<byte[]> pictures() {
        int[] truth = new int[64];
        int[] found = new int[64];
        Arrays.fill(truth, 0, 24, 1);
        Arrays.fill(truth, 40, 64, 2);
        Arrays.fill(found, 0, 20, 1);
        Arrays.fill(found, 40, 44, 2);
        try (Device device = Backends.open("cpu"); PanopticQuality quality = new PanopticQuality(device, CATEGORIES)) {
            quality.add(3, Panoptic.of(8, 8, truth, Map.of(1, 1, 2, 7)), Panoptic.of(8, 8, found, Map.of(1, 1, 2, 7)));
            return Stream.of(quality.tally().toBytes());
        }
    }

    @MethodSource("pictures")
    @FuzzTest
    void tallyOfPanoptic(byte[] input) {
        HELD.reading(input, () -> {
            Tally<PanopticQuality.Matches> t = Tally.panoptic(CATEGORIES);
            t.merge(input);
            PanopticQuality.Scores.of(t).all();
        });
    }

    static Stream<byte[]> overlaps() {
        Tally<List<Overlap>> t = Tally.overlaps(2);
        t.add("a.png", List.of(Overlap.of(70_000, 80_000, 90_000), Overlap.NONE));
        return Stream.of(t.toBytes());
    }

    @MethodSource("overlaps")
    @FuzzTest
    void tallyOfOverlaps(byte[] input) {
        HELD.reading(input, () -> {
            Tally<List<Overlap>> t = Tally.overlaps(2);
            t.merge(input);
            OverlapScores.of(t);
        });
    }

    static Stream<byte[]> counts() {
        Tally<long[]> t = Tally.counts("cells", 3);
        t.add("a.png", new long[] {1, -300, Long.MIN_VALUE});
        return Stream.of(t.toBytes());
    }

    @MethodSource("counts")
    @FuzzTest
    void tallyOfCounts(byte[] input) {
        HELD.reading(input, () -> same(Tally.counts("cells", 3), Tally.counts("cells", 3), input));
    }

    static Stream<byte[]> scores() {
        Tally<double[]> t = Tally.scores("distances", 2);
        t.add("a.png", new double[] {0.1, Double.NaN});
        t.add("-1000000000000000000", new double[] {2.5, Double.NEGATIVE_INFINITY});
        return Stream.of(t.toBytes());
    }

    @MethodSource("scores")
    @FuzzTest
    void tallyOfScores(byte[] input) {
        HELD.reading(input, () -> same(Tally.scores("distances", 2), Tally.scores("distances", 2), input));
    }

    /** What is taken comes back as the bytes that it came as. */
    private static <C> void same(Tally<C> t, Tally<C> counted, byte[] input) {
        t.merge(input);
        t.forEach(counted::add);
        if (!Arrays.equals(input, counted.toBytes())) {
            throw new AssertionError(t + " has other bytes than it came with");
        }
    }
}
