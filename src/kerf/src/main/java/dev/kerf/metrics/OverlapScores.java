package dev.kerf.metrics;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * How the masks of a data set's images overlap true ones: pooled and averaged over images.
 *
 * <pre>{@code
 * Tally<List<Overlap>> tally = Tally.overlaps(1);
 * for (...) tally.add(name, List.of(Overlaps.of(device, predicted, truth)));
 * OverlapScores.of(tally).getFirst().pooled().dice();
 * }</pre>
 *
 * @param pooled   counts of all images together
 * @param meanIou  mean over the images in which a mask isn't empty on both sides; NaN if there is none
 * @param meanDice likewise
 * @param images   how many those are
 */
public record OverlapScores(Overlap pooled, double meanIou, double meanDice, long images) {
    /**
     * One for each of the masks that an image has.
     *
     * @throws dev.kerf.error.BadInputException past 2^63 − 1 pixels
     */
    public static List<OverlapScores> of(Tally<List<Overlap>> tally) {
        int masks = tally.form(TallyForm.OfOverlaps.class).masks();
        List<Overlap> pooled = new ArrayList<>(Collections.nCopies(masks, Overlap.NONE));
        double[] iou = new double[masks];
        double[] dice = new double[masks];
        long[] images = new long[masks];
        tally.forEach((_, overlaps) -> {
            for (int k = 0; k < masks; k++) {
                Overlap o = overlaps.get(k);
                pooled.set(k, pooled.get(k).plus(o));
                if (o.union() > 0) {
                    iou[k] += o.iou();
                    dice[k] += o.dice();
                    images[k]++;
                }
            }
        });
        List<OverlapScores> out = new ArrayList<>();
        for (int k = 0; k < masks; k++) {
            out.add(new OverlapScores(pooled.get(k), images[k] == 0 ? Double.NaN : iou[k] / images[k],
                    images[k] == 0 ? Double.NaN : dice[k] / images[k], images[k]));
        }
        return out;
    }
}
