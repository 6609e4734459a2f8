package dev.kerf.medical;

import dev.kerf.measure.Region.Intensity;
import java.util.List;

/**
 * What is connected in a volume, or all of a label, measured. Figures are those of scikit-image's {@code regionprops} of three axes.
 *
 * @param frame        from 0
 * @param label        its class
 * @param voxels       how many
 * @param volume       in cubic millimetres, or in the cubed unit of the spacing that was given
 * @param centroid     mean column, row and slice
 * @param patient      the same in millimetres to the right, front and head
 * @param first        least column, row and slice
 * @param extent       columns, rows and slices of the box around it
 * @param touches      whether it has a voxel on the volume's border
 * @param intensities  of each channel
 */
public record VolumeObject(int frame, int label, long voxels, double volume, double[] centroid, double[] patient, int[] first,
        int[] extent, boolean touches, List<Intensity> intensities) {
    /** The diameter of a ball of this volume. */
    public double equivalentDiameter() {
        return Math.cbrt(6 * volume / Math.PI);
    }
}
