package dev.kerf.image.video;

import dev.kerf.error.BadInputException;
import dev.kerf.error.ClosedException;
import dev.kerf.file.AtomicFile;
import dev.kerf.image.Image;
import dev.kerf.image.video.FrameSource.Frame;
import java.io.IOException;

/** Frames for an encoder: checks their size and puts the finished file in its place. */
final class EncodedVideo implements FrameSink {
    private final String name;
    private final AtomicFile file;
    private final FrameEncoder encoder;
    private final int width;
    private final int height;
    private int frames;
    private boolean closed;

    EncodedVideo(String name, AtomicFile file, FrameEncoder encoder, int width, int height) {
        this.name = name;
        this.file = file;
        this.encoder = encoder;
        this.width = width;
        this.height = height;
    }

    @Override
    public void write(Frame frame) {
        check();
        Image image = frame.image();
        if (image.width() != width || image.height() != height) {
            throw new BadInputException(name + ": a frame of " + image.width() + "x" + image.height()
                    + " pixels doesn't fit a video of " + width + "x" + height);
        }
        try {
            encoder.write(image.toRgb8().packed(), frame);
        } catch (IOException e) {
            throw file.failed(e);
        }
        frames++;
    }

    @Override
    public void finish() {
        check();
        if (frames == 0) {
            throw new BadInputException(name + ": a video of no frames can't be written");
        }
        try {
            encoder.finish();
        } catch (IOException e) {
            throw file.failed(e);
        }
        file.commit();
        closed = true;
    }

    private void check() {
        if (closed) {
            throw new ClosedException(name + ": the video has been finished or closed");
        }
    }

    @Override
    public void close() {
        closed = true;
        try (file) {
            encoder.close();
        } catch (IOException e) {
            throw file.failed(e);
        }
    }
}
