package dev.kerf.image.video;

import dev.kerf.image.Image;
import dev.kerf.image.video.FrameSource.Frame;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;

/**
 * Writes whatever {@code ffmpeg} makes of a file name's ending, with its usual encoder for it. Pictures of an odd width or
 * height get a black column or row more, as 4:2:0 has it.
 */
final class FfmpegSink implements FrameEncoder {
    private final Ffmpeg ffmpeg;
    private final OutputStream out;

    /**
     * @param name for messages
     * @param file to write
     * @param path where to look for the command
     */
    FfmpegSink(String name, Path file, int width, int height, FrameSource.Rate rate, String path) {
        ffmpeg = Ffmpeg.start(name, path, List.of("-y", "-f", "rawvideo", "-pixel_format", "rgb24", "-video_size",
                width + "x" + height, "-framerate", rate.frames() + "/" + rate.seconds(), "-i", "pipe:0", "-vf",
                "pad=ceil(iw/2)*2:ceil(ih/2)*2,scale=out_color_matrix=bt709:out_range=tv", "-pix_fmt", "yuv420p",
                "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv",
                "file:" + file.toAbsolutePath()));
        out = new BufferedOutputStream(ffmpeg.input(), 1 << 16);
    }

    @Override
    public void write(Image rgb, Frame frame) throws IOException {
        try {
            out.write(rgb.data().asSlice(0, 3L * rgb.width() * rgb.height()).toArray(ValueLayout.JAVA_BYTE));
            out.flush();
        } catch (IOException e) {
            // The pipe breaks when ffmpeg gives up: it says why.
            ffmpeg.await();
            throw e;
        }
    }

    @Override
    public void finish() throws IOException {
        try {
            out.close();
        } catch (IOException e) {
            ffmpeg.await();
            throw e;
        }
        ffmpeg.await();
    }

    @Override
    public void close() {
        // Not the pipe: an end of input would have ffmpeg finish a file that nobody wants.
        ffmpeg.close();
    }
}
