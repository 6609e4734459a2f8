package dev.kerf.medical;

/**
 * Which of a volume's axes slices are cut across, and which of the others are a slice's columns and rows: those that are left, in their
 * order.
 */
public enum Axis {
    /** Slices of a column each, as pictures of rows by slices. */
    X(1, 2),
    /** Slices of a row each, as pictures of columns by slices. */
    Y(0, 2),
    /** Slices as they lie in the file, as pictures of columns by rows. */
    Z(0, 1);

    private final int across;
    private final int down;

    Axis(int across, int down) {
        this.across = across;
        this.down = down;
    }

    /** Which axis of the volume is a slice's from left to right, 0 to 2. */
    public int across() {
        return across;
    }

    /** Which axis of the volume is a slice's from top to bottom, 0 to 2. */
    public int down() {
        return down;
    }

    /** The voxel that a slice's pixel is, as column, row and slice of the volume. */
    public int[] voxel(int index, int x, int y) {
        int[] out = new int[3];
        out[ordinal()] = index;
        out[across] = x;
        out[down] = y;
        return out;
    }
}
