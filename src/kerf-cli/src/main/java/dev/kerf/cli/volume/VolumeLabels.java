package dev.kerf.cli.volume;

import dev.kerf.error.BadInputException;
import dev.kerf.error.KerfException;
import dev.kerf.image.ImageInfo;
import dev.kerf.image.Spacing;
import dev.kerf.mask.LabelMap;
import dev.kerf.medical.Axis;
import dev.kerf.medical.Grid;
import dev.kerf.medical.Slice;
import dev.kerf.medical.Volume;
import dev.kerf.medical.nifti.Nifti;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Labels of a NIfTI volume, whole, for comparing.
 *
 * @param labels slices one below the other
 * @param grid   of the volume
 */
public record VolumeLabels(LabelMap labels, Grid grid) {
    /** Whether a file is one, to be taken where labels are looked for. */
    public static boolean isVolume(Path file) {
        return Files.isRegularFile(file) && Nifti.isNamed(file) && !Nifti.isBody(file) && VolumeInputs.isVolume(file);
    }

    /**
     * Reads a file.
     *
     * @param threshold what values must pass to be class 1, others being class 0; null for labels as they are
     * @throws BadInputException if a value is no label, or there are too many voxels to be compared
     */
    public static VolumeLabels read(Path file, Double threshold) {
        try (Volume volume = Nifti.open(file)) {
            Grid g = volume.grid();
            long height = (long) g.rows() * g.slices() * g.frames();
            if (height * g.columns() > Integer.MAX_VALUE - 16) {
                throw new BadInputException(file + ": " + g + " voxels; volumes of up to 2^31 are compared: cut it");
            }
            ImageInfo.checkMemory(file + ": reading " + g + " voxels", 8 * height * g.columns());
            int[] out = new int[(int) (height * g.columns())];
            int at = 0;
            for (int i = 0; i < g.frames() * g.slices(); i++) {
                Slice slice = volume.read(Axis.Z, i / g.slices(), i % g.slices());
                for (double v : slice.values()) {
                    out[at++] = threshold != null ? (v > threshold ? 1 : 0) : label(file, v);
                }
            }
            return new VolumeLabels(LabelMap.of(g.columns(), (int) height, out), g);
        }
    }

    /** How far the voxels of a volume are apart; pixels for what can't be read, which is told when it is. */
    public static Spacing spacing(Path file) {
        try (Volume volume = Nifti.open(file)) {
            return volume.grid().spacing();
        } catch (KerfException e) {
            return Spacing.PIXELS;
        }
    }

    private static int label(Path file, double v) {
        if (!(v >= 0 && v <= Integer.MAX_VALUE && v == Math.rint(v))) {
            throw new BadInputException(file + ": the value " + v + " is no label; --threshold makes labels of values");
        }
        return (int) v;
    }
}
