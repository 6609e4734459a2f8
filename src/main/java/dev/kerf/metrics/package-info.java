/**
 * How well masks agree: counts from a device ({@link dev.kerf.metrics.Overlaps}, {@link dev.kerf.metrics.Confusions}),
 * and the scores that follow from them ({@link dev.kerf.metrics.Overlap}, {@link dev.kerf.metrics.ConfusionMatrix},
 * {@link dev.kerf.metrics.Evaluation}).
 *
 * <p>Counts are exact 64-bit integers. Of two empty masks both IoU and Dice are 1. A class that occurs neither in the
 * truth nor in the prediction has no score (NaN) and is left out of every mean.
 */
package dev.kerf.metrics;
