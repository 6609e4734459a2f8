package dev.kerf.cli.picture;

import dev.kerf.error.BadInputException;
import dev.kerf.image.Image;
import dev.kerf.image.video.FrameSource;
import dev.kerf.image.video.FrameSource.Frame;
import dev.kerf.model.sam2.ClipTracker;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * A video's frames in any order: read ahead to the one that is asked for, and from the beginning again to go back. The
 * frames read last are kept, as many as fit {@link #KEPT_BYTES}.
 */
final class VideoFrames implements ClipTracker.Frames, AutoCloseable {
    private static final long KEPT_BYTES = 256L << 20;

    private final Path path;
    private final Map<Integer, Frame> kept = new LinkedHashMap<>();
    private final int count;
    private final int width;
    private final int height;
    private final FrameSource.Rate rate;
    private final List<String> names;
    private FrameSource source;
    /** Frames of the open source that were read. */
    private int read;

    /** Opens the video and counts its frames, which means reading it once where it doesn't tell. */
    VideoFrames(Path path) {
        this.path = path;
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

    @Override
    public int count() {
        return count;
    }

    /** What a frame is called; unlike all others. */
    String name(int index) {
        return names.get(index);
    }

    int width() {
        return width;
    }

    int height() {
        return height;
    }

    FrameSource.Rate rate() {
        return rate;
    }

    @Override
    public Image frame(int index) {
        return at(index).image();
    }

    /** A frame with its time. */
    Frame at(int index) {
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
        if (kept.size() >= Math.max(2, KEPT_BYTES / each)) {
            oldest.next();
            oldest.remove();
        }
        kept.put(f.index(), f);
    }

    @Override
    public void close() {
        if (source != null) {
            source.close();
            source = null;
        }
    }
}
