package dev.kerf.image.video;

import dev.kerf.error.BadFileException;
import dev.kerf.error.ClosedException;
import dev.kerf.image.Image;
import dev.kerf.image.video.FrameSource.Frame;
import java.io.IOException;
import java.util.NoSuchElementException;
import java.util.OptionalInt;

/** A decoder's pictures as frames: counts them, tells the time, and checks that their size stays. One frame ahead. */
final class DecodedVideo implements FrameSource {
    private final String name;
    private final FrameDecoder decoder;
    private final int width;
    private final int height;
    private Frame ahead;
    private int count;
    private boolean ended;
    private boolean closed;

    /**
     * Reads the first frame. The decoder is closed with this, also if that fails.
     *
     * @throws BadFileException if there is none
     */
    DecodedVideo(String name, FrameDecoder decoder) {
        this.name = name;
        this.decoder = decoder;
        try {
            ahead = read();
            if (ahead == null) {
                throw new BadFileException(name + ": there are no frames in it");
            }
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
        width = ahead.image().width();
        height = ahead.image().height();
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public int width() {
        return width;
    }

    @Override
    public int height() {
        return height;
    }

    @Override
    public FrameSource.Rate rate() {
        return decoder.rate();
    }

    @Override
    public OptionalInt count() {
        return decoder.count();
    }

    @Override
    public String frameName(int index) {
        return decoder.frameName(index);
    }

    @Override
    public boolean hasNext() {
        if (closed) {
            throw new ClosedException(name + ": the video is closed");
        }
        if (ahead == null && !ended) {
            ahead = read();
            if (ahead != null && (ahead.image().width() != width || ahead.image().height() != height)) {
                Image other = ahead.image();
                ahead = null;
                ended = true;
                throw new BadFileException(name + ": frame " + (count - 1) + " is of " + other.width() + "x"
                        + other.height() + " pixels, those before it of " + width + "x" + height
                        + "; all frames must be of one size");
            }
        }
        return ahead != null;
    }

    @Override
    public Frame next() {
        if (!hasNext()) {
            throw new NoSuchElementException(name + ": has " + count + " frames, no more");
        }
        Frame frame = ahead;
        ahead = null;
        return frame;
    }

    private Frame read() {
        try {
            Image image = decoder.read();
            if (image == null) {
                ended = true;
                return null;
            }
            Frame frame = new Frame(count, decoder.time(count), decoder.duration(), image);
            count++;
            return frame;
        } catch (BadFileException e) {
            ended = true;
            throw e;
        } catch (IOException e) {
            ended = true;
            throw new BadFileException(name + ": frame " + count + " can't be read: " + e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        closed = true;
        ahead = null;
        try {
            decoder.close();
        } catch (IOException e) {
            throw new BadFileException(name + ": can't be closed: " + e.getMessage(), e);
        }
    }
}
