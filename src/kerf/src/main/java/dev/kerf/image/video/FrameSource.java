package dev.kerf.image.video;

import dev.kerf.error.BadFileException;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.OptionalInt;

/**
 * Frames that arrive one at a time, first to last: a file being decoded, or a camera. All are of one size.
 *
 * <pre>{@code
 * try (FrameSource video = FrameSource.open(Path.of("street.mp4"))) {
 *     while (video.hasNext()) {
 *         Frame frame = video.next();
 *         …
 *     }
 * }
 * }</pre>
 *
 * <p>To be used by one thread at a time. {@code hasNext} and {@code next} throw {@link BadFileException} where the video is
 * damaged, ends in the middle of a frame, or changes its size; the message names the frame. {@code next} after the last
 * frame throws {@link java.util.NoSuchElementException}.
 */
public interface FrameSource extends Iterator<Frame>, AutoCloseable {
    /** What messages call it: the file. */
    String name();

    /** Columns of every frame. */
    int width();

    /** Rows of every frame. */
    int height();

    /** Nominal rate: for an animated GIF, whose frames may last differently, that of its first frame. */
    FrameRate rate();

    /** How many frames there are, where that is known before the end. */
    OptionalInt count();

    /**
     * What a frame is called: in a folder the name of its file without the ending, where those differ; otherwise its number
     * from 0, in five digits. May be asked before the frame is read, and after closing.
     */
    String frameName(int index);

    /** Lets go of files and processes; frames that were given out stay. Closing twice is closing once. */
    @Override
    void close();

    /**
     * Opens a video; what it is shows in its content. A folder's images are its frames, in natural order
     * ({@code 2.jpg} before {@code 10.jpg}), 25 a second. GIF (disposal respected; what stays
     * transparent is black) and Y4M are decoded here, all else by {@code ffmpeg} from the PATH. Frames are RGB8, but a
     * folder's have their files' pixel formats.
     *
     * @throws BadFileException if it isn't there, can't be read, is empty or damaged, or would need an {@code ffmpeg}
     *                          that isn't there
     */
    static FrameSource open(Path video) {
        return VideoFile.open(video);
    }
}
