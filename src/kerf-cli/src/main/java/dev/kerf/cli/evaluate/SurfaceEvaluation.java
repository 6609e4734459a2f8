package dev.kerf.cli.evaluate;

import dev.kerf.cli.option.SpacingConverter;
import dev.kerf.image.Spacing;
import dev.kerf.mask.LabelMap;
import dev.kerf.mask.Mask;
import dev.kerf.metrics.SurfaceDistances;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Whether and how the distances between classes' outlines are measured. */
final class SurfaceEvaluation {
    @Option(names = "--distances", paramLabel = "TOLERANCE", arity = "0..1", fallbackValue = "1", description = "Also distances between the outlines of labels: Hausdorff's, its 95th percentile, the mean, and Dice of the outlines to a"
            + " tolerance (by default ${FALLBACK-VALUE}); by image, and their means with 95 %% intervals.")
    private Double tolerance;

    @Option(names = "--spacing", paramLabel = "X[,Y]UNIT", converter = SpacingConverter.class, description = "Width and height of a pixel for --distances, such as 0.25um or 0.7,0.5mm. By default pixels.")
    private Spacing spacing;

    /** The first of the options that was given; null if none was. */
    String given() {
        return tolerance != null ? "--distances" : spacing != null ? "--spacing" : null;
    }

    /** Checks the options. */
    void check(CommandSpec spec) {
        if (tolerance != null && !(tolerance >= 0)) {
            throw new ParameterException(spec.commandLine(), "--distances " + tolerance + ": expected a tolerance, 0 or more");
        }
        if (spacing != null && tolerance == null) {
            throw new ParameterException(spec.commandLine(), "--spacing is about --distances");
        }
    }

    /** Whether they are wanted. */
    boolean wanted() {
        return tolerance != null;
    }

    /** What collects them. */
    SurfaceScores scores(int classes) {
        return new SurfaceScores(classes, tolerance, spacing == null ? Spacing.PIXELS.unit() : spacing.unit());
    }

    /**
     * Of each class in a pair of label maps.
     *
     * @param ignore a label of the truth whose pixels are outside everything; null for none
     */
    List<SurfaceScores.Score> measure(LabelMap truth, LabelMap predicted, int classes, Integer ignore) {
        Mask left = ignore == null ? Mask.empty(truth.width(), truth.height()) : truth.mask(ignore);
        List<SurfaceScores.Score> out = new ArrayList<>();
        for (int c = 0; c < classes; c++) {
            SurfaceDistances d = SurfaceDistances.of(truth.mask(c).andNot(left), predicted.mask(c).andNot(left),
                    spacing == null ? Spacing.PIXELS : spacing);
            out.add(new SurfaceScores.Score(d.hausdorff(), d.hausdorff95(), d.averageSymmetric(), d.surfaceDice(tolerance)));
        }
        return out;
    }
}
