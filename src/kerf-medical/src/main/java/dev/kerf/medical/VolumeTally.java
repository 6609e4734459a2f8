package dev.kerf.medical;

import dev.kerf.measure.Region.Intensity;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** What has been seen of an object so far; two that turn out to be one are added. */
final class VolumeTally {
    final int label;
    private long voxels;
    private final double[] sums = new double[3];
    private final int[] first = {Integer.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE};
    private final int[] last = {-1, -1, -1};
    private final double[] means;
    private final double[] squares;
    private final double[] least;
    private final double[] most;

    VolumeTally(int label, int channels) {
        this.label = label;
        this.means = new double[channels];
        this.squares = new double[channels];
        this.least = new double[channels];
        this.most = new double[channels];
        Arrays.fill(least, Double.POSITIVE_INFINITY);
        Arrays.fill(most, Double.NEGATIVE_INFINITY);
    }

    /** A voxel and where its values are in the slice. */
    void add(int a, int b, int c, Axis axis, double[] values, int at) {
        voxels++;
        put(axis.ordinal(), a);
        put(axis.across(), b);
        put(axis.down(), c);
        for (int k = 0; k < means.length; k++) {
            double v = values[at + k];
            double d = v - means[k];
            means[k] += d / voxels;
            squares[k] += d * (v - means[k]);
            least[k] = Math.min(least[k], v);
            most[k] = Math.max(most[k], v);
        }
    }

    private void put(int axis, int at) {
        sums[axis] += at;
        first[axis] = Math.min(first[axis], at);
        last[axis] = Math.max(last[axis], at);
    }

    /** Adds another's voxels (Chan, Golub and LeVeque 1983, for the squares). */
    void add(VolumeTally o) {
        long n = voxels + o.voxels;
        for (int k = 0; k < means.length; k++) {
            double d = o.means[k] - means[k];
            squares[k] += o.squares[k] + d * d * voxels / n * o.voxels;
            means[k] += d * o.voxels / n;
            least[k] = Math.min(least[k], o.least[k]);
            most[k] = Math.max(most[k], o.most[k]);
        }
        for (int i = 0; i < 3; i++) {
            sums[i] += o.sums[i];
            first[i] = Math.min(first[i], o.first[i]);
            last[i] = Math.max(last[i], o.last[i]);
        }
        voxels = n;
    }

    long voxels() {
        return voxels;
    }

    /** @param voxelVolume what a voxel takes */
    VolumeObject done(int frame, Grid grid, double voxelVolume) {
        double[] centroid = new double[3];
        int[] extent = new int[3];
        boolean touches = false;
        for (int i = 0; i < 3; i++) {
            centroid[i] = sums[i] / voxels;
            extent[i] = last[i] - first[i] + 1;
            // A volume of one slice has no border before and behind it.
            touches |= grid.extent(i) > 1 && (first[i] == 0 || last[i] == grid.extent(i) - 1);
        }
        List<Intensity> intensities = new ArrayList<>();
        for (int k = 0; k < means.length; k++) {
            intensities.add(new Intensity(means[k], least[k], most[k], Math.sqrt(squares[k] / voxels)));
        }
        return new VolumeObject(frame, label, voxels, voxels * voxelVolume, centroid,
                grid.toPatient().of(centroid[0], centroid[1], centroid[2]), first.clone(), extent, touches, intensities);
    }
}
