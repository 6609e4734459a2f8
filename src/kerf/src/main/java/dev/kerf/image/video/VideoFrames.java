package dev.kerf.image.video;

import dev.kerf.error.BadInputException;
import dev.kerf.image.Image;
import dev.kerf.image.video.FrameSource;
import dev.kerf.image.video.FrameSource.Frame;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * A video's frames in any order: read ahead to the one that is asked for, and from the beginning again to go back. The
 * frames read last are kept, as many as fit a number of bytes.
 *
 * <pre>{@code
 * try (VideoFrames video = new VideoFrames(Path.of("street.mp4"))) {
 *     Image last = video.frame(video.count() - 1);
 *     Image first = video.frame(0);
 * }
 * }</pre>
 *
 * <p>To be used by one thread at a time. What {@link FrameSource} throws where a video is damaged, this throws, too.
 */
public final class VideoFrames implements AutoCloseable {
    /** Bytes of frames that are kept if nobody says. */
    public static final long KEPT_BYTES = 256L << 20;

    private final Path path;
    private final long keptBytes;
    private final Map<Integer, Frame> kept = new LinkedHashMap<>();
    private final int count;
    private final int width;
    private final int height;
    private final FrameSource.Rate rate;
    private final List<String> names;
    private FrameSource source;
    /** Frames of the open source that were read. */
    private int read;

    /** {@link #VideoFrames(Path, long)} with {@link #KEPT_BYTES}. */
    public VideoFrames(Path path) {
        this(path, KEPT_BYTES);
    }

    /**
     * Opens the video and counts its frames, which means reading it once where it doesn't tell.
     *
     * @param path      what {@link FrameSource#open} takes
     * @param keptBytes bytes of frames that are kept at most, at 4 a pixel; two frames are kept in any case
     * @throws dev.kerf.error.BadFileException if it isn't there or can't be read
     */
    public VideoFrames(Path path, long keptBytes) {
        this.path = path;
        this.keptBytes = keptBytes;
        try (FrameSource first = FrameSource.open(path)) {
            width = first.width();
            height = first.height();
            rate = first.rate();
            int n = first.count().orElse(0);
            if (first.count().isEmpty()) {
                while (first.hasNext()) {
                    first.next();
                    n++;
                }
            }
            count = n;
            names = IntStream.range(0, n).mapToObj(first::frameName).toList();
        }
    }

    /** How many frames there are. */
    public int count() {
        return count;
    }

    /** What a frame is called, as {@link FrameSource#frameName} says; unlike all others. */
    public String name(int index) {
        return names.get(index);
    }

    /** Columns of every frame. */
    public int width() {
        return width;
    }

    /** Rows of every frame. */
    public int height() {
        return height;
    }

    /** Nominal rate. */
    public FrameSource.Rate rate() {
        return rate;
    }

    /**
     * A frame's picture.
     *
     * @param index from 0
     * @throws BadInputException if there are fewer frames
     */
    public Image frame(int index) {
        return at(index).image();
    }

    /** A frame with its time. */
    public Frame at(int index) {
        Frame known = kept.get(index);
        if (known != null) {
            return known;
        }
        if (source == null || read > index) {
            rewind();
        }
        while (source.hasNext()) {
            Frame f = source.next();
            read = f.index() + 1;
            keep(f);
            if (f.index() == index) {
                return f;
            }
        }
        throw new BadInputException(path + ": has " + read + " frames, no frame " + index);
    }

    private void rewind() {
        close();
        source = FrameSource.open(path);
        read = 0;
    }

    private void keep(Frame f) {
        long each = 4L * width * height;
        Iterator<Integer> oldest = kept.keySet().iterator();
        if (kept.size() >= Math.max(2, keptBytes / each)) {
            oldest.next();
            oldest.remove();
        }
        kept.put(f.index(), f);
    }

    /** Bytes of the frames that are kept now, at 4 a pixel. */
    public long bytes() {
        return 4L * width * height * kept.size();
    }

    /** Lets go of files and processes; frames that were given out stay. */
    @Override
    public void close() {
        if (source != null) {
            source.close();
            source = null;
        }
    }
}
