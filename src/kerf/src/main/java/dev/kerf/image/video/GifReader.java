package dev.kerf.image.video;

import dev.kerf.image.Image;
import dev.kerf.image.ImageInfo;
import dev.kerf.image.PixelFormat;
import dev.kerf.image.gif.GifBlocks;
import dev.kerf.image.gif.GifBlocks.Piece;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * Reads animated GIFs, a frame at a time: pieces are drawn onto the screen, which each leaves, clears or restores as its
 * disposal says. What stays transparent is black. As browsers do, a delay of less than two hundredths of a second is taken
 * for ten, and a screen that is too small for the first piece grows to hold it; of later ones what is beyond it is left out.
 */
final class GifReader implements FrameDecoder {
    private static final int SHORTEST = 2;
    private static final int USUAL = 10;
    private static final int CLEAR = 2;
    private static final int RESTORE = 3;
    /** The most pixels that a byte of codes can stand for. */
    private static final double BEST = 4096;
    /** Bytes that any file counts as: of a large screen little may be covered. */
    private static final long LEAST = 4096;

    private final String name;
    private final GifBlocks blocks;
    private final long size;
    private int width;
    private int height;
    private byte[] screen;
    private byte[] restored;
    private Piece last;
    private int first;
    private int delay;
    private long ticks;

    /**
     * Reads the header.
     *
     * @param name for messages
     * @param in   closed with this
     * @param size bytes of the whole file, or -1 where nobody knows
     */
    GifReader(String name, InputStream in, long size) throws IOException {
        this.name = name;
        this.size = size;
        blocks = new GifBlocks(name, in);
    }

    @Override
    public FrameSource.Rate rate() {
        int d = first == 0 ? USUAL : first;
        int divisor = BigInteger.valueOf(d).gcd(BigInteger.valueOf(100)).intValue();
        return new FrameSource.Rate(100 / divisor, d / divisor);
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
    public @Nullable Image read() throws IOException {
        Piece p = blocks.next();
        if (p == null) {
            return null;
        }
        if (screen == null) {
            open(p);
        }
        check(p.width(), p.height());
        ImageInfo.checkMemory(name + ": decoding a frame of " + p.width() + "x" + p.height() + " pixels",
                (long) p.width() * p.height());
        dispose();
        if (p.disposal() == RESTORE) {
            restored = screen.clone();
        }
        draw(p, blocks.indices(p));
        last = p;
        ticks += delay;
        delay = p.delay() < SHORTEST ? USUAL : p.delay();
        first = first == 0 ? delay : first;
        return Image.of(width, height, PixelFormat.RGB8, screen.clone());
    }

    private void open(Piece p) {
        width = Math.max(blocks.width(), p.left() + p.width());
        height = Math.max(blocks.height(), p.top() + p.height());
        long bytes = 3L * width * height;
        if (bytes > Image.MAX_BYTES) {
            throw blocks.bad("the header says " + width + "x" + height + " pixels");
        }
        check(width, height);
        ImageInfo.checkMemory(name + ": decoding frames of " + width + "x" + height + " pixels", 4 * bytes);
        screen = new byte[(int) bytes];
    }

    /** Refuses more pixels than the file can hold. */
    private void check(int w, int h) {
        if (size >= 0 && (double) w * h > BEST * Math.max(size, LEAST)) {
            throw blocks.bad(w + "x" + h + " pixels, but the file is only " + size
                    + " bytes long: it is truncated or not genuine");
        }
    }

    private void dispose() {
        if (last != null && last.disposal() == RESTORE) {
            System.arraycopy(restored, 0, screen, 0, screen.length);
        } else if (last != null && last.disposal() == CLEAR) {
            int right = Math.min(width, last.left() + last.width());
            for (int y = last.top(); last.left() < right && y < Math.min(height, last.top() + last.height()); y++) {
                Arrays.fill(screen, 3 * (y * width + last.left()), 3 * (y * width + right), (byte) 0);
            }
        }
    }

    private void draw(Piece p, byte[] indices) {
        for (int y = 0; y < p.height() && p.top() + y < height; y++) {
            for (int x = 0; x < p.width() && p.left() + x < width; x++) {
                int index = indices[y * p.width() + x] & 0xFF;
                if (index != p.transparent()) {
                    System.arraycopy(p.palette(), 3 * index, screen, 3 * ((p.top() + y) * width + p.left() + x), 3);
                }
            }
        }
    }

    @Override
    public void close() throws IOException {
        blocks.close();
    }
}
