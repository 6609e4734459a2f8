package dev.kerf.image.video;

import dev.kerf.image.Image;
import dev.kerf.image.video.FrameSource.Frame;
import java.io.Closeable;
import java.io.IOException;

/** What a kind of video file does; {@link EncodedVideo} does the rest. */
interface FrameEncoder extends Closeable {
    /**
     * Adds a frame.
     *
     * @param rgb   its pixels, packed RGB8
     * @param frame for its time
     */
    void write(Image rgb, Frame frame) throws IOException;

    /** Writes what is still missing and ends the file. */
    void finish() throws IOException;
}
