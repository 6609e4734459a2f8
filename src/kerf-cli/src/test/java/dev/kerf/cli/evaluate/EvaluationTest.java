package dev.kerf.cli.evaluate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.kerf.metrics.ConfusionMatrix;
import org.junit.jupiter.api.Test;

class EvaluationTest {
    private static final double EXACT = 1e-15;

    @Test
    void pooledAndMeanOverImagesDiffer() {
        Evaluation e = new Evaluation(3);
        e.add(ConfusionMatrix.of(new long[][] {{90, 0, 0}, {0, 10, 0}, {0, 0, 0}}));
        e.add(ConfusionMatrix.of(new long[][] {{5, 5, 0}, {0, 0, 0}, {0, 0, 0}}));
        e.add(ConfusionMatrix.of(new long[][] {{100, 0, 0}, {0, 0, 0}, {0, 0, 0}}));
        assertEquals(3, e.images());
        assertEquals(195.0 / 200, e.pooled().iou(0), EXACT);
        assertEquals(10.0 / 15, e.pooled().iou(1), EXACT);
        Evaluation.ImageMean mean = e.imageMean();
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
}
