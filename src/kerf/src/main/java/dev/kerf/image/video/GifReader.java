package dev.kerf.image.video;

import dev.kerf.error.BadFileException;
import dev.kerf.image.Image;
import dev.kerf.image.ImageInfo;
import dev.kerf.image.PixelFormat;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.OptionalInt;

/**
 * Reads animated GIFs (CompuServe, "Graphics Interchange Format, version 89a"), a frame at a time: pieces are drawn onto the
 * screen, which each leaves, clears or restores as its disposal says. What stays transparent is black. As browsers do, a
 * delay of less than two hundredths of a second is taken for ten.
 */
final class GifReader implements FrameDecoder {
    private static final int SHORTEST = 2;
    private static final int USUAL = 10;
    private static final int CLEAR = 2;
    private static final int RESTORE = 3;

    private final String name;
    private final InputStream in;
    private final int width;
    private final int height;
    private final byte[] screen;
    private final byte[] common;
    private byte[] restored;
    private Piece last;
    private Control control = Control.NONE;
    private int first;
    private int delay;
    private long ticks;
    private int frames;

    /** A part of the screen; what becomes of it after it has been shown. */
    private record Piece(int left, int top, int width, int height, int disposal) {}

    /** What stands before a piece; the colour is -1 where none is transparent. */
    private record Control(int disposal, int delay, int transparent) {
        static final Control NONE = new Control(0, 0, -1);
    }

    /**
     * Reads the header.
     *
     * @param name for messages
     * @param in   closed with this
     */
    GifReader(String name, InputStream in) throws IOException {
        this.name = name;
        this.in = in;
        String magic = new String(bytes(6), StandardCharsets.ISO_8859_1);
        if (!magic.equals("GIF87a") && !magic.equals("GIF89a")) {
            throw bad("begins with '" + magic + "', not GIF87a or GIF89a");
        }
        width = number();
        height = number();
        int flags = octet();
        bytes(2);
        long bytes = 3L * width * height;
        if (bytes == 0 || bytes > Image.MAX_BYTES) {
            throw bad("the header says " + width + "x" + height + " pixels");
        }
        ImageInfo.checkMemory(name + ": decoding frames of " + width + "x" + height + " pixels", 4 * bytes);
        common = palette(flags);
        screen = new byte[(int) bytes];
    }

    @Override
    public FrameRate rate() {
        int d = first == 0 ? USUAL : first;
        int divisor = BigInteger.valueOf(d).gcd(BigInteger.valueOf(100)).intValue();
        return new FrameRate(100 / divisor, d / divisor);
    }

    @Override
    public OptionalInt count() {
        return OptionalInt.empty();
    }

    @Override
    public double time(int index) {
        return ticks / 100.0;
    }

    @Override
    public double duration() {
        return delay / 100.0;
    }

    @Override
    public Image read() throws IOException {
        try {
            for (int block = octet(); block != 0x3B; block = octet()) {
                if (block == 0x2C) {
                    piece();
                    return Image.of(width, height, PixelFormat.RGB8, screen.clone());
                } else if (block != 0x21) {
                    throw bad("damaged: frame " + frames + " is preceded by a block of unknown kind " + block);
                }
                if (octet() == 0xF9) {
                    control();
                } else {
                    skip();
                }
            }
            return null;
        } catch (EOFException e) {
            throw new BadFileException(name + ": GIF: truncated in or after frame " + frames, e);
        }
    }

    private void control() throws IOException {
        int size = octet();
        if (size != 4) {
            throw bad("damaged: a graphic control of " + size + " bytes, not 4, before frame " + frames);
        }
        int flags = octet();
        int ticks = number();
        int transparent = octet();
        control = new Control(flags >> 2 & 7, ticks, (flags & 1) == 1 ? transparent : -1);
        skip();
    }

    private void piece() throws IOException {
        dispose();
        Piece p = new Piece(number(), number(), number(), number(), control.disposal);
        if (p.width == 0 || p.height == 0 || p.left + p.width > width || p.top + p.height > height) {
            throw bad("damaged: frame " + frames + " of " + p.width + "x" + p.height + " at (" + p.left + ", " + p.top
                    + ") doesn't fit the screen of " + width + "x" + height);
        }
        int flags = octet();
        byte[] own = palette(flags);
        byte[] colours = own.length > 0 ? own : common;
        if (colours.length == 0) {
            throw bad("damaged: frame " + frames + " has no palette");
        }
        if (p.disposal == RESTORE) {
            restored = screen.clone();
        }
        int bits = octet();
        byte[] indices = new byte[p.width * p.height];
        String trouble = GifCodes.decode(bits, new SubBlocks(), indices);
        if (trouble != null) {
            throw bad("damaged: frame " + frames + " " + trouble);
        }
        draw(p, indices, colours, (flags & 0x40) != 0);
        last = p;
        ticks += delay;
        delay = control.delay < SHORTEST ? USUAL : control.delay;
        first = first == 0 ? delay : first;
        control = Control.NONE;
        frames++;
    }

    private void dispose() {
        if (last != null && last.disposal == RESTORE) {
            System.arraycopy(restored, 0, screen, 0, screen.length);
        } else if (last != null && last.disposal == CLEAR) {
            for (int y = last.top; y < last.top + last.height; y++) {
                int at = 3 * (y * width + last.left);
                Arrays.fill(screen, at, at + 3 * last.width, (byte) 0);
            }
        }
    }

    private void draw(Piece p, byte[] indices, byte[] colours, boolean interlaced) {
        int row = 0;
        for (int pass = interlaced ? 0 : 4; pass < (interlaced ? 4 : 5); pass++) {
            int from = new int[] {0, 4, 2, 1, 0}[pass];
            int step = new int[] {8, 8, 4, 2, 1}[pass];
            for (int y = from; y < p.height; y += step, row++) {
                for (int x = 0; x < p.width; x++) {
                    int index = indices[row * p.width + x] & 0xFF;
                    if (index == control.transparent) {
                        continue;
                    } else if (3 * index >= colours.length) {
                        throw bad("damaged: frame " + frames + " uses colour " + index + " of a palette of "
                                + colours.length / 3);
                    }
                    System.arraycopy(colours, 3 * index, screen, 3 * ((p.top + y) * width + p.left + x), 3);
                }
            }
        }
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

    private BadFileException bad(String what) {
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
