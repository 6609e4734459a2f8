package dev.kerf.cli.volume;

import dev.kerf.error.BadInputException;
import dev.kerf.image.Image;
import dev.kerf.image.Spacing;
import dev.kerf.medical.Axis;
import dev.kerf.medical.Grid;
import dev.kerf.medical.Slice;
import dev.kerf.medical.Volume;
import dev.kerf.medical.Window;
import dev.kerf.medical.dicom.DicomSeries;
import dev.kerf.medical.nifti.Nifti;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Slices of a NIfTI or DICOM file as the pages of a picture's file, for commands that take pictures: seen through the file's window, or from
 * the slice's least value to its greatest.
 */
public final class VolumePictures {
    private VolumePictures() {}

    /** Whether a file is one. */
    public static boolean is(Path file) {
        return VolumeInputs.isVolume(file);
    }

    /** Whether a file in a folder is named as one. */
    public static boolean isNamed(Path file) {
        String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
        return name.endsWith(".nii") || name.endsWith(".nii.gz") || name.endsWith(".dcm");
    }

    private static Volume open(Path file) {
        if (!DicomSeries.looksLike(file) && Nifti.isNamed(file)) {
            return Nifti.open(file);
        }
        List<DicomSeries> found = DicomSeries.among(List.of(file), file.toString(), _ -> {});
        if (found.size() != 1) {
            throw new BadInputException(
                    file + ": there " + (found.isEmpty() ? "is no picture" : "are several volumes") + " in it");
        }
        return found.getFirst().open();
    }

    /** How many slices there are. */
    public static int pages(Path file) {
        try (Volume volume = open(file)) {
            return Math.multiplyExact(volume.grid().slices(), volume.grid().frames());
        }
    }

    /**
     * A slice as a picture.
     *
     * @param page from 0, across the file's last axis
     */
    public static Image read(Path file, int page) {
        try (Volume volume = open(file)) {
            Grid grid = volume.grid();
            int slices = Math.multiplyExact(grid.slices(), grid.frames());
            if (page >= slices) {
                throw new BadInputException(file + ": there is no page " + (page + 1) + ", it has " + slices + " slices");
            }
            Slice slice = volume.read(Axis.Z, page / grid.slices(), page % grid.slices());
            slice.check();
            return slice
                    .toImage(volume.window().orElseGet(() -> Window.between(Arrays.stream(slice.values()).min().getAsDouble(),
                            Arrays.stream(slice.values()).max().getAsDouble())));
        }
    }

    /** How far the pixels of its slices are apart. */
    public static Spacing spacing(Path file) {
        try (Volume volume = open(file)) {
            return volume.grid().spacing();
        }
    }
}
