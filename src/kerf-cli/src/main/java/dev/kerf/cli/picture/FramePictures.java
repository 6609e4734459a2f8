package dev.kerf.cli.picture;

import dev.kerf.image.video.FrameSink;
import dev.kerf.image.video.FrameSource.Frame;
import java.nio.file.Path;
import java.util.function.UnaryOperator;

/**
 * An overlay as a PNG for each frame, under the frame's name.
 *
 * @param folder where they go
 * @param frames have the names
 * @param files  is told of each picture before it is written
 */
record FramePictures(Path folder, TrackedFrames frames, UnaryOperator<Path> files) implements FrameSink {
    @Override
    public void write(Frame frame) {
        Path file = folder.resolve(frames.name(frame.index()) + ".png");
        frame.image().writePng(files.apply(file));
    }

    @Override
    public void finish() {
        // Each picture is whole when it is written.
    }

    @Override
    public void close() {
        // Likewise.
    }
}
