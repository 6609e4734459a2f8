package dev.kerf.mask;

/**
 * A box of whole pixels; width and height are 0 for an empty mask.
 *
 * @param x      left column
 * @param y      top row
 * @param width  columns
 * @param height rows
 */
public record Box(int x, int y, int width, int height) {
    /** The box of nothing. */
    public static final Box EMPTY = new Box(0, 0, 0, 0);
}
