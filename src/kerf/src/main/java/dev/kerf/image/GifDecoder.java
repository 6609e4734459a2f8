package dev.kerf.image;

import dev.kerf.error.BadFileException;
import dev.kerf.image.ImageInfo.FileType;
import dev.kerf.image.gif.GifBlocks;
import dev.kerf.image.gif.GifBlocks.Piece;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;

/**
 * The first picture of a GIF, on its whole screen. What the piece doesn't cover is transparent where the piece has a
 * transparent index and has index 0 otherwise, as other readers have it; a screen that is too small grows.
 */
final class GifDecoder implements ImageDecoder {
    /** The most pixels that a byte of codes can stand for. */
    private static final double BEST = 4096;

    private final String name;
    private final byte[] file;
    private final GifBlocks blocks;
    private final Piece piece;

    GifDecoder(String name, byte[] file) {
        this.name = name;
        this.file = file;
        try {
            blocks = new GifBlocks(name, new ByteArrayInputStream(file));
            piece = blocks.next();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        if (piece == null) {
            throw new BadFileException(name + ": GIF: there are no frames in it");
        }
    }

    @Override
    public ImageInfo info() {
        int channels = (isGrey() ? 1 : 3) + (piece.transparent() >= 0 ? 1 : 0);
        ImageInfo info = new ImageInfo(FileType.GIF, Math.max(blocks.width(), piece.left() + piece.width()),
                Math.max(blocks.height(), piece.top() + piece.height()), PixelFormat.of(channels, 8), 1);
        info.checkSize(name);
        return info;
    }

    private boolean isGrey() {
        byte[] p = piece.palette();
        for (int i = 0; i < p.length; i += 3) {
            if (p[i] != p[i + 1] || p[i] != p[i + 2]) {
                return false;
            }
        }
        return true;
    }

    @Override
    public Image decode(boolean raw) {
        ImageInfo info = info();
        new ImageInfo(FileType.GIF, piece.width(), piece.height(), info.format(), 1).check(name, file.length, BEST, 3);
        // Of the screen little may be covered.
        info.check(name, Math.max(file.length, 4096), BEST, 2);
        byte[] own;
        try {
            own = blocks.indices(piece);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        PixelFormat format = raw ? PixelFormat.GRAY8 : info.format();
        int n = format.channels();
        int row = info.width() * n;
        byte[] screen = new byte[row * info.height()];
        fill(screen, colour(Math.max(0, piece.transparent()), format, raw));
        byte[][] colours = new byte[256][];
        for (int i = 0; i < 256; i++) {
            colours[i] = colour(i, format, raw);
        }
        for (int y = 0; y < piece.height(); y++) {
            int to = (piece.top() + y) * row + piece.left() * n;
            for (int x = 0; x < piece.width(); x++, to += n) {
                System.arraycopy(colours[own[y * piece.width() + x] & 0xFF], 0, screen, to, n);
            }
        }
        return Image.of(info.width(), info.height(), format, screen);
    }

    /** The samples of an index; a transparent one may lie behind the palette. */
    private byte[] colour(int index, PixelFormat format, boolean raw) {
        byte[] out = new byte[format.channels()];
        for (int c = 0; c < out.length; c++) {
            boolean alpha = format.hasAlpha() && c == out.length - 1;
            out[c] = raw
                    ? (byte) index
                    : alpha
                            ? (byte) (index == piece.transparent() ? 0 : 255)
                            : 3 * index < piece.palette().length ? piece.palette()[3 * index + c] : 0;
        }
        return out;
    }

    /** Repeats a pixel over an array, twice as much each time. */
    private static void fill(byte[] out, byte[] pixel) {
        System.arraycopy(pixel, 0, out, 0, pixel.length);
        for (int n = pixel.length; n < out.length; n *= 2) {
            System.arraycopy(out, 0, out, n, Math.min(n, out.length - n));
        }
    }
}
