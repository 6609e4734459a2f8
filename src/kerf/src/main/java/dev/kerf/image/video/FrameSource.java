package dev.kerf.image.video;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.image.Image;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Set;

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
public interface FrameSource extends Iterator<FrameSource.Frame>, AutoCloseable {
    /** What names of videos end with, in small letters without the dot; GIFs are besides, if they move. */
    Set<String> ENDINGS = Set.of("mp4", "m4v", "mov", "mkv", "webm", "avi", "mpg", "mpeg", "ogv", "wmv", "flv", "ts", "3gp",
            "y4m");

    /**
     * Frames per second as a fraction: 30000/1001 is NTSC's.
     *
     * @param frames  frames in so many seconds, 1 or more
     * @param seconds 1 or more
     */
    record Rate(int frames, int seconds) {
        /** Checks that there is time between the frames. */
        public Rate {
            if (frames < 1 || seconds < 1) {
                throw new BadInputException("a rate of " + frames + "/" + seconds + " frames per second; both from 1");
            }
        }

        /** When a frame, counted from 0, is shown: seconds from the first. */
        public double time(int index) {
            return (double) index * seconds / frames;
        }

        /** Seconds from a frame to the next. */
        public double duration() {
            return (double) seconds / frames;
        }

        /** Such as {@code 25} or {@code 30000/1001}. */
        @Override
        public String toString() {
            return seconds == 1 ? Integer.toString(frames) : frames + "/" + seconds;
        }
    }

    /**
     * One picture of a video.
     *
     * @param index    counted from 0
     * @param time     when it is to be shown, in seconds from the first frame
     * @param duration for how long, in seconds
     * @param image    the picture, in memory of its own: later frames leave it as it is
     */
    record Frame(int index, double time, double duration, Image image) {
        /** Checks the numbers. */
        public Frame {
            Objects.requireNonNull(image);
            if (index < 0 || !(time >= 0 && time < Double.POSITIVE_INFINITY)
                    || !(duration >= 0 && duration < Double.POSITIVE_INFINITY)) {
                throw new BadInputException("frame " + index + " at " + time + " s for " + duration
                        + " s; numbers from 0 are possible");
            }
        }

        /** Another picture at the same place, such as an overlay over this one. */
        public Frame with(Image other) {
            return new Frame(index, time, duration, other);
        }
    }

    /** What messages call it: the file. */
    String name();

    /** Columns of every frame. */
    int width();

    /** Rows of every frame. */
    int height();

    /** Nominal rate: for an animated GIF, whose frames may last differently, that of its first frame. */
    Rate rate();

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

    /**
     * Whether a file moves: a GIF of several frames, and whatever is no picture by its name nor by what is in it. Folders don't,
     * though {@link #open} takes them.
     */
    static boolean isVideo(Path file) {
        return VideoFile.isVideo(file);
    }
}
