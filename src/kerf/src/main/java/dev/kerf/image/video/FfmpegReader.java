package dev.kerf.image.video;

import dev.kerf.error.BadFileException;
import dev.kerf.image.Image;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * Reads whatever {@code ffmpeg} can, as Y4M through a pipe. It makes the rate constant, turns the pictures as their metadata
 * says, and keeps their first size. It may open nothing but the file: no playlist gets it to look elsewhere.
 */
final class FfmpegReader implements FrameDecoder {
    private final Ffmpeg ffmpeg;
    private final Y4mReader frames;

    FfmpegReader(Path file, String path) throws IOException {
        ffmpeg = Ffmpeg.start(file.toString(), path, List.of("-nostdin", "-protocol_whitelist", "file",
                "-i", "file:" + file.toAbsolutePath(), "-map", "0:v:0", "-vf", "scale=out_color_matrix=bt601:out_range=tv",
                "-pix_fmt", "yuv444p", "-f", "yuv4mpegpipe", "pipe:1"));
        try {
            frames = new Y4mReader(file.toString(), new BufferedInputStream(ffmpeg.output(), 1 << 16), -1);
        } catch (BadFileException | IOException e) {
            try (ffmpeg) {
                ffmpeg.explain();
            }
            throw e;
        }
    }

    @Override
    public FrameSource.Rate rate() {
        return frames.rate();
    }

    @Override
    public OptionalInt count() {
        return OptionalInt.empty();
    }

    @Override
    public @Nullable Image read() throws IOException {
        try {
            Image image = frames.read();
            if (image == null) {
                // The end, unless ffmpeg broke off between two frames.
                ffmpeg.await();
            }
            return image;
        } catch (BadFileException | IOException e) {
            ffmpeg.explain();
            throw e;
        }
    }

    @Override
    public void close() throws IOException {
        try (ffmpeg) {
            frames.close();
        }
    }
}
