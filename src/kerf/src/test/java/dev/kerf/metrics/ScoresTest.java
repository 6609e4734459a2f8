package dev.kerf.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadInputException;
import org.junit.jupiter.api.Test;

/** Scores from counts, worked out by hand. */
final class ScoresTest {
    private static final double EXACT = 1e-15;

    @Test
    void overlapOfTwoMasks() {
        Overlap o = Overlap.of(30, 40, 40);
        assertEquals(new Overlap(30, 50, 40, 40), o);
        assertEquals(0.6, o.iou(), EXACT);
        assertEquals(0.75, o.dice(), EXACT);
        Overlap apart = Overlap.of(0, 3, 0);
        assertEquals(0, apart.iou());
        assertEquals(0, apart.dice());
    }

    @Test
    void twoEmptyMasksAgree() {
        assertEquals(1.0, Overlap.NONE.iou());
        assertEquals(1.0, Overlap.NONE.dice());
    }

    @Test
    void impossibleOverlapsAreRefused() {
        assertThrows(BadInputException.class, () -> Overlap.of(5, 4, 9));
        assertThrows(BadInputException.class, () -> Overlap.of(-1, 4, 9));
        assertThrows(BadInputException.class, () -> new Overlap(1, 9, 4, 9));
        assertThrows(BadInputException.class, () -> Overlap.of(1, Long.MAX_VALUE, 2));
    }

    @Test
    void pooledOverlap() {
        Overlap pooled = Overlap.of(1, 1, 1).plus(Overlap.of(0, 1, 2)).plus(Overlap.NONE);
        assertEquals(new Overlap(1, 4, 2, 3), pooled);
        assertEquals(0.25, pooled.iou(), EXACT);
        assertEquals(0.4, pooled.dice(), EXACT);
    }

    @Test
    void twoClasses() {
        ConfusionMatrix m = ConfusionMatrix.of(new long[][] {{50, 10}, {5, 35}});
        assertEquals(100, m.pixels());
        assertEquals(60, m.truthPixels(0));
        assertEquals(55, m.predictedPixels(0));
        assertEquals(50.0 / 65, m.iou(0), EXACT);
        assertEquals(0.7, m.iou(1), EXACT);
        assertEquals(100.0 / 115, m.dice(0), EXACT);
        assertEquals(70.0 / 85, m.dice(1), EXACT);
        assertEquals(50.0 / 55, m.precision(0), EXACT);
        assertEquals(35.0 / 45, m.precision(1), EXACT);
        assertEquals(50.0 / 60, m.recall(0), EXACT);
        assertEquals(35.0 / 40, m.recall(1), EXACT);
        assertEquals(0.85, m.pixelAccuracy(), EXACT);
        assertEquals((50.0 / 60 + 35.0 / 40) / 2, m.meanAccuracy(), EXACT);
        assertEquals((50.0 / 65 + 0.7) / 2, m.meanIou(), EXACT);
        assertEquals((100.0 / 115 + 70.0 / 85) / 2, m.meanDice(), EXACT);
        assertEquals(0.6 * 50 / 65 + 0.4 * 0.7, m.frequencyWeightedIou(), EXACT);
        assertEquals(Overlap.of(35, 45, 40), m.overlap(1));
    }

    @Test
    void classesAbsentFromBothSidesAreLeftOut() {
        // Class 1 occurs nowhere; class 2 only in the prediction, class 3 only in the truth.
        ConfusionMatrix m = ConfusionMatrix.of(new long[][] {{6, 0, 2, 0}, {0, 0, 0, 0}, {0, 0, 0, 0}, {2, 0, 0, 0}});
        assertFalse(m.occurs(1));
        assertTrue(m.occurs(2));
        assertEquals(Double.NaN, m.iou(1));
        assertEquals(Double.NaN, m.dice(1));
        assertEquals(0, m.iou(2));
        assertEquals(0, m.precision(2));
        assertEquals(Double.NaN, m.recall(2));
        assertEquals(Double.NaN, m.precision(3));
        assertEquals(0, m.recall(3));
        assertEquals(0.6 / 3, m.meanIou(), EXACT);
        assertEquals(0.75 / 3, m.meanDice(), EXACT);
        assertEquals(0.75 / 2, m.meanAccuracy(), EXACT);
        assertEquals(0.8 * 0.6, m.frequencyWeightedIou(), EXACT);
    }

    @Test
    void nothingCountedHasNoScores() {
        ConfusionMatrix none = ConfusionMatrix.empty(2);
        assertEquals(Double.NaN, none.pixelAccuracy());
        assertEquals(Double.NaN, none.meanIou());
        assertEquals(Double.NaN, none.meanDice());
        assertEquals(Double.NaN, none.meanAccuracy());
        assertEquals(Double.NaN, none.frequencyWeightedIou());
    }

    @Test
    void countsPastThirtyTwoBits() {
        ConfusionMatrix image = ConfusionMatrix.of(new long[][] {{3_000_000_000L, 1_000_000_000L}, {0, 2_000_000_000L}});
        ConfusionMatrix sum = ConfusionMatrix.empty(2);
        for (int i = 0; i < 1000; i++) {
            sum = sum.plus(image);
        }
        assertEquals(3_000_000_000_000L, sum.count(0, 0));
        assertEquals(6_000_000_000_000L, sum.pixels());
        assertEquals(image.meanIou(), sum.meanIou(), EXACT);
        assertEquals(0.75, sum.iou(0), EXACT);
        ConfusionMatrix most = ConfusionMatrix.of(new long[][] {{Long.MAX_VALUE}});
        assertThrows(BadInputException.class, () -> most.plus(most));
        assertThrows(BadInputException.class, () -> ConfusionMatrix.of(new long[][] {{Long.MAX_VALUE, 1}, {0, 0}}));
    }

    @Test
    void badMatricesAreRefused() {
        assertThrows(BadInputException.class, () -> ConfusionMatrix.empty(0));
        assertThrows(BadInputException.class, () -> ConfusionMatrix.of(new long[][] {{1, 2}}));
        assertThrows(BadInputException.class, () -> ConfusionMatrix.of(new long[][] {{-1}}));
        assertThrows(BadInputException.class, () -> ConfusionMatrix.empty(2).plus(ConfusionMatrix.empty(3)));
        assertThrows(BadInputException.class, () -> ConfusionMatrix.empty(2).iou(2));
    }
}
