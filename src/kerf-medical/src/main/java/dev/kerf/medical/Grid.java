package dev.kerf.medical;

import dev.kerf.error.BadInputException;
import dev.kerf.image.Spacing;

/**
 * A volume's voxels.
 *
 * @param columns   along x
 * @param rows      along y
 * @param slices    along z
 * @param frames    volumes of this size one after the other, such as points of time; usually 1
 * @param spacing   from column to column, row to row and slice to slice; {@link Spacing#PIXELS} where nothing is known
 * @param toPatient where they lie
 */
public record Grid(int columns, int rows, int slices, int frames, Spacing spacing, Affine toPatient) {
    /** Most voxels of one slice, whichever way it is cut: what a picture may have. */
    private static final long MOST = 1L << 28;

    /** Checks that there are voxels, and that each slice fits a picture. */
    public Grid {
        if (columns < 1 || rows < 1 || slices < 1 || frames < 1) {
            throw new BadInputException("a volume of " + columns + "x" + rows + "x" + slices + " voxels, " + frames + " times");
        }
        if ((long) columns * rows > MOST) {
            throw new BadInputException("slices of " + columns + "x" + rows + " pixels: they may have " + MOST + " at most");
        }
    }

    /** How many voxels there are along an axis, 0 to 2. */
    public int extent(int axis) {
        return axis == 0 ? columns : axis == 1 ? rows : slices;
    }

    /** How many slices there are across an axis, of one frame. */
    public int slices(Axis axis) {
        return extent(axis.ordinal());
    }

    /** A slice's columns. */
    public int width(Axis axis) {
        return extent(axis.across());
    }

    /** A slice's rows. */
    public int height(Axis axis) {
        return extent(axis.down());
    }

    /** Voxels of one frame. */
    public long voxels() {
        return (long) columns * rows * slices;
    }

    /** How far the pixels of a slice are apart, and the slices. */
    public Spacing spacing(Axis axis) {
        double[] all = {spacing.x(), spacing.y(), spacing.z()};
        return new Spacing(all[axis.across()], all[axis.down()], all[axis.ordinal()], spacing.unit());
    }

    /** Size, such as {@code 512x512x120}. */
    @Override
    public String toString() {
        return columns + "x" + rows + "x" + slices + (frames == 1 ? "" : ", " + frames + " times");
    }
}
