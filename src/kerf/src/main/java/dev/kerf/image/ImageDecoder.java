package dev.kerf.image;

import dev.kerf.image.ImageInfo.FileType;

/** One file's content as a {@link FileType} has it. */
interface ImageDecoder {
    /** What the header says; the file may be cut off behind it. */
    ImageInfo info();

    /**
     * The picture, of several the first.
     *
     * @param indices whether the numbers are wanted as they are stored, as labels, rather than the colours that they stand
     *                for; never of a format that is {@linkplain FileType#lossy lossy}
     */
    Image decode(boolean indices);
}
