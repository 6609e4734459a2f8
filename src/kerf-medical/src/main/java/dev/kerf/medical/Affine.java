package dev.kerf.medical;

import dev.kerf.error.BadInputException;
import java.util.Arrays;

/**
 * Where voxels lie: from (column, row, slice), each from 0 at a voxel's middle, to millimetres to the right, front and head of the
 * patient (RAS, as NIfTI has it).
 *
 * <pre>{@code
 * double[] mm = volume.grid().toPatient().of(12, 40, 3);
 * }</pre>
 */
public final class Affine {
    private final double[] rows;

    private Affine(double[] rows) {
        this.rows = rows;
    }

    /**
     * Of three rows of four.
     *
     * @throws BadInputException if they aren't twelve finite numbers
     */
    public static Affine of(double... rows) {
        if (rows.length != 12 || !Arrays.stream(rows).allMatch(Double::isFinite)) {
            throw new BadInputException("an affine is three rows of four finite numbers, not " + Arrays.toString(rows));
        }
        return new Affine(rows.clone());
    }

    /** Nothing is known but how far voxels are apart. */
    public static Affine scaling(double x, double y, double z) {
        return of(x, 0, 0, 0, 0, y, 0, 0, 0, 0, z, 0);
    }

    /** The number of a row, 0 to 2, and a column, 0 to 3. */
    public double at(int row, int column) {
        return rows[4 * row + column];
    }

    /** Millimetres to the right, front and head. */
    public double[] of(double column, double row, double slice) {
        double[] out = new double[3];
        for (int r = 0; r < 3; r++) {
            out[r] = at(r, 0) * column + at(r, 1) * row + at(r, 2) * slice + at(r, 3);
        }
        return out;
    }

    /** What a voxel takes, in cubic millimetres: the determinant's size. */
    public double voxelVolume() {
        return Math.abs(at(0, 0) * (at(1, 1) * at(2, 2) - at(1, 2) * at(2, 1))
                - at(0, 1) * (at(1, 0) * at(2, 2) - at(1, 2) * at(2, 0))
                + at(0, 2) * (at(1, 0) * at(2, 1) - at(1, 1) * at(2, 0)));
    }

    /** The volume's axis that runs closest to a direction of the patient: 0 for right and left, 1 for front and back, 2 for head and feet. */
    public Axis closest(int direction) {
        Axis best = Axis.X;
        double most = -1;
        for (Axis axis : Axis.values()) {
            int c = axis.ordinal();
            double length = Math.hypot(Math.hypot(at(0, c), at(1, c)), at(2, c));
            double along = length == 0 ? 0 : Math.abs(at(direction, c)) / length;
            if (along > most) {
                most = along;
                best = axis;
            }
        }
        return best;
    }

    /** Whether no number is farther from the other's than a share of the greatest of both. */
    public boolean agrees(Affine other, double share) {
        double scale = 0;
        double apart = 0;
        for (int i = 0; i < rows.length; i++) {
            scale = Math.max(scale, Math.max(Math.abs(rows[i]), Math.abs(other.rows[i])));
            apart = Math.max(apart, Math.abs(rows[i] - other.rows[i]));
        }
        return apart <= share * scale;
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof Affine a && Arrays.equals(rows, a.rows);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(rows);
    }

    /** The three rows. */
    @Override
    public String toString() {
        return Arrays.toString(rows);
    }
}
