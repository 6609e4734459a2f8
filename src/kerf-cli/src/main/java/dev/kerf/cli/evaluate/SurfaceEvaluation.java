package dev.kerf.cli.evaluate;

import dev.kerf.cli.evaluate.LabelPairs.Pair;
import dev.kerf.cli.option.SpacingConverter;
import dev.kerf.cli.volume.VolumeLabels;
import dev.kerf.error.BadInputException;
import dev.kerf.image.Spacing;
import dev.kerf.medical.Grid;
import dev.kerf.metrics.SurfaceDistances;
import java.nio.file.Path;
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

    @Option(names = "--spacing", paramLabel = "X[,Y[,Z]]UNIT", converter = SpacingConverter.class, description = "Width and height of a pixel for --distances, such as 0.25um or 0.7,0.5mm; of volumes also from slice to slice, 0.7,0.7,5mm. By default what NIfTI files say, otherwise pixels.")
    private Spacing spacing;

    /** What all pairs are measured in. */
    private String unit;

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

    /** What collects them, in the unit that was given or that the first pair has. */
    SurfaceScores scores(int classes, List<Pair> pairs) {
        Path first = pairs.getFirst().truth();
        unit = spacing != null
                ? spacing.unit()
                : VolumeLabels.isVolume(first) ? VolumeLabels.spacing(first).unit() : Spacing.PIXELS.unit();
        return new SurfaceScores(classes, tolerance, unit);
    }

    /**
     * Of each class in a pair of label maps.
     *
     * @param ignore a label of the truth whose pixels are outside everything; null for none
     * @throws BadInputException if it would be in another unit than the others
     */
    List<SurfaceScores.Score> measure(LabelFile truth, LabelFile predicted, int classes, Integer ignore) {
        Grid grid = truth.grid();
        Spacing of = spacing != null ? spacing : grid == null ? Spacing.PIXELS : grid.spacing();
        if (!of.unit().equals(unit)) {
            throw new BadInputException(
                    truth.file() + ": is measured in " + of.unit() + ", others in " + unit + "; give --spacing");
        } else if (grid != null && grid.frames() > 1) {
            throw new BadInputException(truth.file() + ": has " + grid.frames() + " frames; --distances takes volumes of one");
        }
        int[] shape = grid == null || grid.slices() == 1
                ? new int[] {truth.labels().height(), truth.labels().width()}
                : new int[] {grid.slices(), grid.rows(), grid.columns()};
        double[] apart = shape.length == 2 ? new double[] {of.y(), of.x()} : new double[] {of.z(), of.y(), of.x()};
        int[] real = truth.labels().toArray();
        int[] found = predicted.labels().toArray();
        List<SurfaceScores.Score> out = new ArrayList<>();
        for (int c = 0; c < classes; c++) {
            byte[] a = new byte[real.length];
            byte[] b = new byte[real.length];
            for (int i = 0; i < a.length; i++) {
                boolean left = ignore != null && real[i] == ignore;
                a[i] = (byte) (real[i] == c && !left ? 1 : 0);
                b[i] = (byte) (found[i] == c && !left ? 1 : 0);
            }
            SurfaceDistances d = SurfaceDistances.of(a, b, shape, apart);
            out.add(new SurfaceScores.Score(d.hausdorff(), d.hausdorff95(), d.averageSymmetric(), d.surfaceDice(tolerance)));
        }
        return out;
    }
}
