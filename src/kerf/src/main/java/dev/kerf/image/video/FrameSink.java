package dev.kerf.image.video;

import dev.kerf.error.BadFileException;
import dev.kerf.image.video.FrameSource.Frame;
import java.nio.file.Path;

/**
 * Takes a video's frames one at a time and writes a file, which appears whole when {@link #finish} is called, or not at
 * all.
 *
 * <pre>{@code
 * try (FrameSink out = FrameSink.open(Path.of("overlay.gif"), video.width(), video.height(), video.rate())) {
 *     while (video.hasNext()) {
 *         Frame f = video.next();
 *         out.write(f.with(overlay.draw(f.image(), objects)));
 *     }
 *     out.finish();
 * }
 * }</pre>
 *
 * <p>To be used by one thread at a time.
 */
public interface FrameSink extends AutoCloseable {
    /**
     * Adds a frame; any pixel format.
     *
     * @throws dev.kerf.error.BadInputException if it is of another size than the video
     * @throws BadFileException                 if it can't be written
     */
    void write(Frame frame);

    /**
     * Completes the file and puts it in its place.
     *
     * @throws dev.kerf.error.BadInputException if there was no frame
     * @throws BadFileException                 if it can't be written
     */
    void finish();

    /** Without {@link #finish} before it: gives up, and leaves no file behind. */
    @Override
    void close();

    /**
     * A file of the kind that its name's ending says: {@code .gif} (256 colours in each frame; keeps each frame's own
     * duration, in hundredths of a second), {@code .y4m} (4:4:4, BT.601), or whatever {@code ffmpeg} from the PATH makes of
     * it ({@code .mp4}, {@code .webm} …). The latter two have the constant rate.
     *
     * @throws BadFileException if it can't be written there, or would need an {@code ffmpeg} that isn't there
     */
    static FrameSink open(Path file, int width, int height, FrameSource.Rate rate) {
        return VideoFile.create(file, width, height, rate);
    }
}
