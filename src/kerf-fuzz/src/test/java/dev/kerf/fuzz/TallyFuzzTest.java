package dev.kerf.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.kerf.mask.CocoDataset.Category;
import dev.kerf.mask.Rectangle;
import dev.kerf.metrics.ApScores;
import dev.kerf.metrics.AveragePrecision;
import dev.kerf.metrics.AveragePrecision.Detection;
import dev.kerf.metrics.AveragePrecision.GroundTruth;
import dev.kerf.metrics.ConfusionMatrix;
import dev.kerf.metrics.LabelScores;
import dev.kerf.metrics.PanopticQuality;
import dev.kerf.metrics.Tally;
import java.util.List;
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
            Tally<AveragePrecision.Matches> t = Tally.detections(AveragePrecision.Protocol.COCO);
            t.merge(input);
            ApScores.of(t).summary();
        });
    }

    static Stream<byte[]> nothing() {
        return Stream.of(Tally.panoptic(CATEGORIES).toBytes());
    }

    @MethodSource("nothing")
    @FuzzTest
    void tallyOfPanoptic(byte[] input) {
        HELD.reading(input, () -> {
            Tally<PanopticQuality.Matches> t = Tally.panoptic(CATEGORIES);
            t.merge(input);
            PanopticQuality.Scores.of(t).all();
        });
    }
}
