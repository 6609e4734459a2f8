/**
 * How well what was predicted agrees with the truth: counts from a device, and the scores that follow from them.
 *
 * <table>
 * <caption>Which class for what</caption>
 * <tr><th>what is compared</th><th>class</th><th>scores</th></tr>
 * <tr><td>masks, all pairs of two sets</td><td>{@link dev.kerf.metrics.Overlaps}</td>
 * <td>{@link dev.kerf.metrics.Overlap}: IoU, Dice</td></tr>
 * <tr><td>the outlines of masks</td><td>{@link dev.kerf.metrics.BoundaryIou}</td>
 * <td>{@link dev.kerf.metrics.Overlap}</td></tr>
 * <tr><td>label maps</td><td>{@link dev.kerf.metrics.Confusions}</td>
 * <td>{@link dev.kerf.metrics.ConfusionMatrix}: IoU, Dice, precision, recall, accuracy</td></tr>
 * <tr><td>detections: boxes or masks with scores</td><td>{@link dev.kerf.metrics.AveragePrecision}</td>
 * <td>{@link dev.kerf.metrics.ApScores}: pycocotools' AP and AR</td></tr>
 * <tr><td>panoptic pictures</td><td>{@link dev.kerf.metrics.PanopticQuality}</td>
 * <td>{@link dev.kerf.metrics.PanopticQuality.Scores}: panopticapi's PQ, SQ and RQ</td></tr>
 * <tr><td>the surfaces of masks, pictures or volumes</td><td>{@link dev.kerf.metrics.SurfaceDistances}</td>
 * <td>Hausdorff's distance, its percentiles, mean distance, Dice of the surfaces</td></tr>
 * <tr><td>numbers of objects, such as cells</td><td>{@link dev.kerf.metrics.ObjectScores}</td>
 * <td>average precision at an IoU, aggregated Jaccard index</td></tr>
 * <tr><td>what was followed through a video</td><td>{@link dev.kerf.metrics.DavisScore}</td><td>J, F, J&amp;F</td></tr>
 * </table>
 *
 * <p>Of many images a {@link dev.kerf.metrics.Tally} keeps what was counted, each image once; tallies of parts merge, in any order, to the
 * bits of one pass. {@link dev.kerf.metrics.LabelScores} and {@link dev.kerf.metrics.OverlapScores} are scores of label maps and masks so
 * collected.
 *
 * <p>{@link dev.kerf.metrics.Bootstrap} says between what limits a mean over cases may be expected.
 *
 * <p>Counts of pixels are exact 64-bit integers. What has no score is written as the field writes it: of two empty masks
 * IoU and Dice are 1; a class that occurs neither in a true label map nor in the predicted one has NaN; average precision
 * without truth is −1; the panoptic quality of a class that never occurs is 0. All means leave such classes out.
 */
@NullMarked
package dev.kerf.metrics;

import org.jspecify.annotations.NullMarked;
