package dev.kerf.medical;

import java.util.List;
import java.util.Optional;

/** A volume that is read slice by slice; what is held doesn't grow with the number of slices. Used by one thread at a time. */
public interface Volume extends AutoCloseable {
    /** What it is called in messages: the file or folder as it was given. */
    String title();

    /** How many voxels it has and where they lie. */
    Grid grid();

    /** Which values are to be shown, where the file says so. */
    Optional<Window> window();

    /** What of it isn't as it should be, such as missing slices: a line each. */
    List<String> remarks();

    /** Whether slices are as far apart everywhere, so that the grid says where all of them lie. */
    boolean isRegular();

    /**
     * Reads a slice. Those across the last axis are quickest one after the other.
     *
     * @param axis  across which it is cut
     * @param frame from 0
     * @param index from 0
     * @throws dev.kerf.error.BadFileException  if the file is damaged or truncated there
     * @throws dev.kerf.error.BadInputException if there is no such slice, or it can't be cut so
     */
    Slice read(Axis axis, int frame, int index);

    /** Lets the files go. */
    @Override
    void close();
}
