package dev.kerf.image.gif;

import dev.kerf.error.BadFileException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Reads the blocks of a GIF (CompuServe, "Graphics Interchange Format, version 89a"), a piece of the screen at a time. */
public final class GifBlocks implements AutoCloseable {
    private final String name;
    private final InputStream in;
    private final int width;
    private final int height;
    private final byte[] common;
    private int disposal;
    private int delay;
    private int transparent = -1;
    private boolean interlaced;
    private int pieces;

    /**
     * A part of the screen.
     *
     * @param left        its first column on the screen
     * @param top         its first row
     * @param width       columns, at least 1; it may reach beyond the screen
     * @param height      rows, at least 1
     * @param disposal    what becomes of it after it was shown: 2 clears it, 3 restores what was there
     * @param delay       how long it is shown, in hundredths of a second
     * @param transparent the index that stands for no colour, or -1
     * @param palette     red, green and blue of each index
     */
    public record Piece(int left, int top, int width, int height, int disposal, int delay, int transparent,
            byte[] palette) {}

    /**
     * Reads the header.
     *
     * @param name for messages
     * @param in   closed with this
     */
    public GifBlocks(String name, InputStream in) throws IOException {
        this.name = name;
        this.in = in;
        try {
            String magic = new String(bytes(6), StandardCharsets.ISO_8859_1);
            if (!magic.equals("GIF87a") && !magic.equals("GIF89a")) {
                throw bad("begins with '" + magic + "', not GIF87a or GIF89a");
            }
            width = number();
            height = number();
            int flags = octet();
            bytes(2);
            common = palette(flags);
        } catch (EOFException e) {
            throw truncated(e);
        }
    }

    /** Columns of the screen, as the header has it; 0 is possible. */
    public int width() {
        return width;
    }

    /** Rows of the screen. */
    public int height() {
        return height;
    }

    /** The next piece; none behind the last. Its {@link #indices} must be read before the one after it. */
    public @Nullable Piece next() throws IOException {
        try {
            for (int block = octet(); block != 0x3B; block = octet()) {
                if (block == 0x2C) {
                    return piece();
                } else if (block != 0x21) {
                    throw bad("damaged: frame " + pieces + " is preceded by a block of unknown kind " + block);
                }
                if (octet() == 0xF9) {
                    control();
                } else {
                    skip();
                }
            }
            return null;
        } catch (EOFException e) {
            throw truncated(e);
        }
    }

    /** The pixels of the piece that was read last, rows from the top; each has a colour or is the transparent one. */
    public byte[] indices(Piece p) throws IOException {
        byte[] indices = new byte[p.width * p.height];
        try {
            String trouble = GifCodes.decode(octet(), new SubBlocks(), indices);
            if (trouble != null) {
                throw bad("damaged: frame " + pieces + " " + trouble);
            }
        } catch (EOFException e) {
            throw truncated(e);
        }
        for (byte i : indices) {
            if (3 * (i & 0xFF) >= p.palette.length && (i & 0xFF) != p.transparent) {
                throw bad("damaged: frame " + pieces + " uses colour " + (i & 0xFF) + " of a palette of "
                        + p.palette.length / 3);
            }
        }
        pieces++;
        return interlaced ? ordered(indices, p.width, p.height) : indices;
    }

    private void control() throws IOException {
        int size = octet();
        if (size != 4) {
            throw bad("damaged: a graphic control of " + size + " bytes, not 4, before frame " + pieces);
        }
        int flags = octet();
        disposal = flags >> 2 & 7;
        delay = number();
        int index = octet();
        transparent = (flags & 1) == 1 ? index : -1;
        skip();
    }

    private Piece piece() throws IOException {
        int left = number();
        int top = number();
        int w = number();
        int h = number();
        int flags = octet();
        interlaced = (flags & 0x40) != 0;
        byte[] own = palette(flags);
        byte[] colours = own.length > 0 ? own : common;
        if (w == 0 || h == 0 || (long) w * h > Integer.MAX_VALUE) {
            throw bad("damaged: frame " + pieces + " has " + w + "x" + h + " pixels");
        } else if (colours.length == 0) {
            throw bad("damaged: frame " + pieces + " has no palette");
        }
        Piece p = new Piece(left, top, w, h, disposal, delay, transparent, colours);
        disposal = 0;
        delay = 0;
        transparent = -1;
        return p;
    }

    /** The rows of an interlaced piece from the top. */
    private static byte[] ordered(byte[] stored, int w, int h) {
        byte[] out = new byte[stored.length];
        int row = 0;
        for (int pass = 0; pass < 4; pass++) {
            int from = new int[] {0, 4, 2, 1}[pass];
            int step = new int[] {8, 8, 4, 2}[pass];
            for (int y = from; y < h; y += step, row++) {
                System.arraycopy(stored, row * w, out, y * w, w);
            }
        }
        return out;
    }

    /** The colours that follow, or none. */
    private byte[] palette(int flags) throws IOException {
        return (flags & 0x80) == 0 ? new byte[0] : bytes(3 << (flags & 7) + 1);
    }

    /** Leaves out the sub-blocks that follow. */
    private void skip() throws IOException {
        for (int n = octet(); n > 0; n = octet()) {
            bytes(n);
        }
    }

    private int number() throws IOException {
        int low = octet();
        return low | octet() << 8;
    }

    private int octet() throws IOException {
        int b = in.read();
        if (b < 0) {
            throw new EOFException();
        }
        return b;
    }

    private byte[] bytes(int n) throws IOException {
        byte[] out = in.readNBytes(n);
        if (out.length < n) {
            throw new EOFException();
        }
        return out;
    }

    private BadFileException truncated(EOFException e) {
        return new BadFileException(name + ": GIF: truncated in or after frame " + pieces, e);
    }

    /** An error in the file. */
    public BadFileException bad(String what) {
        return new BadFileException(name + ": GIF: " + what);
    }

    @Override
    public void close() throws IOException {
        in.close();
    }

    /** The bytes of the sub-blocks that follow; closed, what is left of them is skipped. */
    private final class SubBlocks extends InputStream {
        private int left;
        private boolean ended;

        @Override
        public int read() throws IOException {
            while (left == 0 && !ended) {
                left = octet();
                ended = left == 0;
            }
            if (ended) {
                return -1;
            }
            left--;
            return octet();
        }

        @Override
        public void close() throws IOException {
            while (read() >= 0) {
                continue;
            }
        }
    }
}
