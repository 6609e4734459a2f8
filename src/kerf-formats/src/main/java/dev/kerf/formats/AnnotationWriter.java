package dev.kerf.formats;

import dev.kerf.error.BadFileException;

/**
 * Writes the annotations of pictures, one after another. Files that belong to one picture are written with it; those that belong
 * to all are put in their place by {@link #finish}, whole, and are not there without it.
 */
public interface AnnotationWriter extends AutoCloseable {
    /**
     * Writes a picture's annotations.
     *
     * @param stem what its files are called after
     * @throws BadFileException if they can't be written
     */
    void add(Annotations picture, String stem);

    /**
     * Completes the files of all pictures.
     *
     * @throws BadFileException if they can't be written
     */
    void finish();

    @Override
    void close();
}
