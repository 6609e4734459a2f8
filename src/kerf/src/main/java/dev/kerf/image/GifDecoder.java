package dev.kerf.image;

import dev.kerf.error.BadFileException;
import dev.kerf.image.gif.GifBlocks;
import dev.kerf.image.gif.GifBlocks.Piece;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;

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
        info.check(name, Math.max(file.length, 4096), BEST, 4);
        byte[] own;
        try {
            own = blocks.indices(piece);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        byte[] screen = new byte[info.width() * info.height()];
        Arrays.fill(screen, (byte) Math.max(0, piece.transparent()));
        for (int y = 0; y < piece.height(); y++) {
            System.arraycopy(own, y * piece.width(), screen, (piece.top() + y) * info.width() + piece.left(), piece.width());
        }
        if (raw) {
            return Image.of(info.width(), info.height(), PixelFormat.GRAY8, screen);
        }
        int n = info.format().channels();
        byte[] out = new byte[screen.length * n];
        for (int i = 0; i < screen.length; i++) {
            int index = screen[i] & 0xFF;
            for (int c = 0; c < n; c++) {
                boolean alpha = info.format().hasAlpha() && c == n - 1;
                // A transparent index may lie behind the palette.
                out[i * n + c] = alpha
                        ? (byte) (index == piece.transparent() ? 0 : 255)
                        : 3 * index < piece.palette().length ? piece.palette()[3 * index + c] : 0;
            }
        }
        return Image.of(info.width(), info.height(), info.format(), out);
    }
}
