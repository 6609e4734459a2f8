package dev.kerf.image.video;

import dev.kerf.error.BadFileException;
import dev.kerf.image.Image;
import dev.kerf.image.ImageInfo;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * Reads Y4M (yuv4mpeg, mjpegtools' man page yuv4mpeg(5)): a line of tags, then for each frame a line {@code FRAME} and its
 * planes. The format doesn't say the colour matrix; it is taken for BT.601 with limited range, unless the tag
 * {@code XCOLORRANGE=FULL} is there.
 */
final class Y4mReader implements FrameDecoder {
    static final String MAGIC = "YUV4MPEG2";
    private static final int LONGEST_LINE = 4096;

    private final String name;
    private final InputStream in;
    private final FrameSource.Rate rate;
    private final int width;
    private final int height;
    private final YuvToRgb convert;
    private final byte[] planes;
    private final int count;
    private int frames;

    /**
     * Reads the header.
     *
     * @param name for messages
     * @param in   closed with this
     * @param size bytes of the whole file, or -1 where nobody knows
     */
    Y4mReader(String name, InputStream in, long size) throws IOException {
        this.name = name;
        this.in = in;
        String line = line();
        if (line == null || !line.startsWith(MAGIC + " ")) {
            throw bad("doesn't begin with '" + MAGIC + " '");
        }
        int w = 0;
        int h = 0;
        FrameSource.Rate f = new FrameSource.Rate(FolderSource.RATE, 1);
        String colour = "420jpeg";
        boolean full = false;
        for (String tag : line.substring(MAGIC.length() + 1).split(" +")) {
            String value = tag.isEmpty() ? "" : tag.substring(1);
            switch (tag.isEmpty() ? ' ' : tag.charAt(0)) {
                case 'W' -> w = number(value, tag);
                case 'H' -> h = number(value, tag);
                case 'F' -> f = rate(value, f, tag);
                case 'C' -> colour = value;
                case 'I' -> interlacing(value);
                case 'X' -> full |= value.equals("COLORRANGE=FULL");
                default -> {
                    // Aspect of pixels and comments change nothing here.
                }
            }
        }
        width = w;
        height = h;
        rate = f;
        Yuv yuv = Yuv.of(colour, name);
        long bytes = check(yuv, size, line.length() + 1);
        count = size < 0 ? -1 : (int) Math.min(Integer.MAX_VALUE, (size - line.length() - 1) / (bytes + "FRAME\n".length()));
        planes = new byte[(int) bytes];
        convert = new YuvToRgb(yuv, width, height, full);
    }

    private long check(Yuv yuv, long size, int header) {
        if (width < 1 || height < 1) {
            throw bad("the header says " + width + "x" + height + " pixels");
        }
        double pixels = (double) width * height;
        if (3 * pixels > Image.MAX_BYTES || 8 * pixels > Image.MAX_BYTES) {
            throw bad("the header says " + width + "x" + height + " pixels, too large a frame");
        }
        long bytes = yuv.frameBytes(width, height);
        if (size >= 0 && header + bytes > size) {
            throw bad("the header says " + width + "x" + height + " pixels, of which a frame takes " + bytes
                    + " bytes; the file has only " + size + ": it is truncated or not genuine");
        }
        ImageInfo.checkMemory(name + ": decoding frames of " + width + "x" + height + " pixels", bytes + 6L * width * height);
        return bytes;
    }

    private void interlacing(String value) {
        if (value.equals("t") || value.equals("b") || value.equals("m")) {
            throw bad("its frames are interlaced ('I" + value + "'); deinterlace it first: ffmpeg -i IN -vf yadif OUT");
        }
    }

    private int number(String digits, String tag) {
        if (!digits.matches("[0-9]{1,9}")) {
            throw bad("the header has '" + tag + "', which is no size");
        }
        return Integer.parseInt(digits);
    }

    private FrameSource.Rate rate(String value, FrameSource.Rate unknown, String tag) {
        if (!value.matches("[0-9]{1,9}:[0-9]{1,9}")) {
            throw bad("the header has '" + tag + "', which is no rate");
        }
        int colon = value.indexOf(':');
        int n = Integer.parseInt(value.substring(0, colon));
        int d = Integer.parseInt(value.substring(colon + 1));
        // 0:0 says that the rate isn't known.
        return n == 0 || d == 0 ? unknown : new FrameSource.Rate(n, d);
    }

    @Override
    public FrameSource.Rate rate() {
        return rate;
    }

    /** From the file's size, if no frame has tags of its own. */
    @Override
    public OptionalInt count() {
        return count < 0 ? OptionalInt.empty() : OptionalInt.of(count);
    }

    int width() {
        return width;
    }

    int height() {
        return height;
    }

    @Override
    public @Nullable Image read() throws IOException {
        return read(planes) ? convert.apply(planes) : null;
    }

    /** Reads the next frame's planes, of which there must be as many bytes; false at the end. */
    boolean read(byte[] into) throws IOException {
        String line = line();
        if (line == null) {
            return false;
        }
        if (!line.equals("FRAME") && !line.startsWith("FRAME ")) {
            throw bad("damaged: frame " + frames + " doesn't begin with 'FRAME'");
        }
        int got = in.readNBytes(into, 0, into.length);
        if (got < into.length) {
            throw bad("truncated: frame " + frames + " has " + got + " of " + into.length + " bytes");
        }
        frames++;
        return true;
    }

    /** Up to a line break; none at the end. */
    private @Nullable String line() throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = in.read(); c != '\n'; c = in.read()) {
            if (c < 0 && line.isEmpty()) {
                return null;
            } else if (c < 0) {
                throw new EOFException("truncated in a line of tags");
            } else if (line.length() == LONGEST_LINE) {
                throw bad("damaged: a line of tags has no end");
            }
            line.append((char) c);
        }
        return line.toString();
    }

    private BadFileException bad(String what) {
        return new BadFileException(name + ": Y4M: " + what);
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
