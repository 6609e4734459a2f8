package dev.kerf.metrics;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class LabelScoresTest {
    private static final double EXACT = 1e-15;

    @Test
    void pooledAndMeanOverImagesDiffer() {
        Tally<ConfusionMatrix> tally = Tally.confusions(3);
        tally.add("a", ConfusionMatrix.of(new long[][] {{90, 0, 0}, {0, 10, 0}, {0, 0, 0}}));
        tally.add("b", ConfusionMatrix.of(new long[][] {{5, 5, 0}, {0, 0, 0}, {0, 0, 0}}));
        tally.add("c", ConfusionMatrix.of(new long[][] {{100, 0, 0}, {0, 0, 0}, {0, 0, 0}}));
        LabelScores s = LabelScores.of(tally);
        assertEquals(3, s.images());
        assertEquals(195.0 / 200, s.pooled().iou(0), EXACT);
        assertEquals(10.0 / 15, s.pooled().iou(1), EXACT);
        LabelScores.ImageMean mean = s.imageMean();
        assertEquals((1 + 0.5 + 1) / 3, mean.iou()[0], EXACT);
        assertEquals((1 + 2.0 / 3 + 1) / 3, mean.dice()[0], EXACT);
        // The third image says nothing about class 1, none says anything about class 2.
        assertEquals(0.5, mean.iou()[1], EXACT);
        assertEquals(Double.NaN, mean.iou()[2]);
        assertArrayEquals(new long[] {3, 2, 0}, mean.images());
        assertEquals(1.0, mean.recall()[1], EXACT);
        assertEquals(0.5, mean.precision()[1], EXACT);
        assertEquals((1 + 0.25 + 1) / 3, mean.meanIou(), EXACT);
        assertEquals((1 + 0.5 + 1) / 3, mean.pixelAccuracy(), EXACT);
    }

    @Test
    void masksArePooledAndAveraged() {
        Tally<List<Overlap>> tally = Tally.overlaps(2);
        tally.add("a", List.of(Overlap.of(10, 10, 20), Overlap.NONE));
        tally.add("b", List.of(Overlap.of(30, 30, 30), Overlap.NONE));
        List<OverlapScores> s = OverlapScores.of(tally);
        assertEquals(40.0 / 50, s.getFirst().pooled().iou(), EXACT);
        assertEquals((0.5 + 1) / 2, s.getFirst().meanIou(), EXACT);
        assertEquals((2.0 / 3 + 1) / 2, s.getFirst().meanDice(), EXACT);
        assertEquals(2, s.getFirst().images());
        assertEquals(Double.NaN, s.getLast().meanIou(), "empty masks say nothing");
        assertEquals(0, s.getLast().images());
    }
}
