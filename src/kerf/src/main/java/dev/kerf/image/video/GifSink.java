package dev.kerf.image.video;

import dev.kerf.error.BadInputException;
import dev.kerf.image.Image;
import dev.kerf.image.gif.GifCodes;
import dev.kerf.image.video.FrameSource.Frame;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/**
 * Writes an animated GIF that repeats for ever: each frame whole, with a palette of its own. Durations are in hundredths of a
 * second, at least two, which is what browsers keep to; rounding doesn't add up.
 */
final class GifSink implements FrameEncoder {
    private static final int SHORTEST = 2;
    private static final int LONGEST = 0xFFFF;

    private final OutputStream out;
    private final int width;
    private final int height;

    GifSink(OutputStream out, int width, int height) throws IOException {
        this.out = out;
        this.width = width;
        this.height = height;
        if (width > LONGEST || height > LONGEST) {
            throw new BadInputException("a GIF has up to 65535 pixels each way, not " + width + "x" + height);
        }
        out.write("GIF89a".getBytes(StandardCharsets.US_ASCII));
        number(width);
        number(height);
        // Eight bits a channel, no palette for all.
        out.write(new byte[] {0x70, 0, 0});
        out.write(new byte[] {0x21, (byte) 0xFF, 11});
        out.write("NETSCAPE2.0".getBytes(StandardCharsets.US_ASCII));
        out.write(new byte[] {3, 1, 0, 0, 0});
    }

    @Override
    public void write(Image rgb, Frame frame) throws IOException {
        Colours colours = Colours.of(rgb);
        long ticks = Math.round(100 * (frame.time() + frame.duration())) - Math.round(100 * frame.time());
        out.write(new byte[] {0x21, (byte) 0xF9, 4, 4});
        number(Math.clamp(ticks, SHORTEST, LONGEST));
        out.write(new byte[] {0, 0, 0x2C, 0, 0, 0, 0});
        number(width);
        number(height);
        int bits = Math.max(1, 32 - Integer.numberOfLeadingZeros(colours.palette().length - 1));
        out.write(0x80 | bits - 1);
        for (int i = 0; i < 1 << bits; i++) {
            int colour = i < colours.palette().length ? colours.palette()[i] : 0;
            out.write(new byte[] {(byte) (colour >> 16), (byte) (colour >> 8), (byte) colour});
        }
        GifCodes.encode(colours.indices(), out);
    }

    @Override
    public void finish() throws IOException {
        out.write(0x3B);
        out.flush();
    }

    private void number(int v) throws IOException {
        out.write(v);
        out.write(v >> 8);
    }

    @Override
    public void close() {
        // The stream is the file's, which closes it.
    }
}
