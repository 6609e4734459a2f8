package dev.kerf.metrics;

import dev.kerf.error.BadInputException;
import dev.kerf.mask.LabelMap;
import dev.kerf.mask.Mask;
import dev.kerf.mask.RunLength;
import dev.kerf.metrics.Overlaps.MaskSet;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Boundary IoU: how masks overlap in the pixels near their outlines (Cheng et al. 2021, "Boundary IoU: Improving
 * object-centric image segmentation evaluation"). Where IoU hides a ragged outline behind a large inside, this doesn't.
 *
 * <pre>{@code
 * BoundaryIou near = new BoundaryIou(overlaps, BoundaryIou.RATIO);
 * near.measure(predicted, truth).iou();
 * }</pre>
 *
 * <p>May be used by many threads at once, as {@link Overlaps}.
 */
public final class BoundaryIou {
    /** Of the image's diagonal: what the paper takes for COCO's images. For Cityscapes it takes 0.005. */
    public static final double RATIO = 0.02;

    private final Overlaps overlaps;
    private final double ratio;

    /**
     * Measures by that ratio.
     *
     * @param overlaps counts the pixels of masks on its device, and must outlive this; those of label maps are counted on the host
     * @param ratio    of the image's diagonal, to which boundaries reach; {@link #RATIO} for COCO's images
     */
    public BoundaryIou(Overlaps overlaps, double ratio) {
        // Refused here rather than with the first mask.
        Boundary.distance(1, 1, ratio);
        this.overlaps = overlaps;
        this.ratio = ratio;
    }

    /** The overlap of two masks' boundaries; both are empty if the masks are. */
    public Overlap measure(Mask a, Mask b) {
        return measure(a, b, null);
    }

    /**
     * The overlap of two masks' boundaries over the pixels that aren't in {@code ignore}. Boundaries are those of the
     * whole masks, ignored pixels or not.
     *
     * @param ignore pixels that count nowhere, if there are any
     * @throws BadInputException if the masks differ in size
     */
    public Overlap measure(Mask a, Mask b, @Nullable Mask ignore) {
        return overlaps.measure(near(a), near(b), ignore).get(0, 0);
    }

    private MaskSet near(Mask mask) {
        return MaskSet.of(List.of(Boundary.of(mask, Boundary.distance(mask.width(), mask.height(), ratio))));
    }

    /**
     * The overlap of each class's boundaries in two label maps, counted on the host by way of their runs: in proportion to the
     * pixels, however many classes there are.
     *
     * @param classes K: classes are 0 … K − 1
     * @param ignore  a label of the truth whose pixels count nowhere; {@link Confusions#NO_IGNORE} for none
     * @return K overlaps, {@link Overlap#NONE} of a class that is in neither
     */
    public List<Overlap> measure(LabelMap truth, LabelMap predicted, int classes, int ignore) {
        if (truth.width() != predicted.width() || truth.height() != predicted.height()) {
            throw new BadInputException("the truth is " + truth.width() + "x" + truth.height() + ", the prediction "
                    + predicted.width() + "x" + predicted.height());
        }
        int distance = Boundary.distance(truth.width(), truth.height(), ratio);
        RunLength[] real = Boundary.classes(truth, classes);
        RunLength[] given = Boundary.classes(predicted, classes);
        RunLength all = RunLength.of(truth.width(), truth.height(), new int[] {0, truth.width() * truth.height()});
        RunLength counted = ignore == Confusions.NO_IGNORE ? all : Boundary.outside(RunLength.encode(truth.mask(ignore)));
        List<Overlap> scores = new ArrayList<>();
        for (int c = 0; c < classes; c++) {
            if (c == ignore || real[c].area() + given[c].area() == 0) {
                scores.add(Overlap.NONE);
                continue;
            }
            RunLength a = Boundary.of(given[c], distance).intersection(counted);
            RunLength b = Boundary.of(real[c], distance).intersection(counted);
            scores.add(Overlap.of(a.intersection(b).area(), a.area(), b.area()));
        }
        return scores;
    }
}
