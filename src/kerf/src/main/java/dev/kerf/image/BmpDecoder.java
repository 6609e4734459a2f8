package dev.kerf.image;

import dev.kerf.error.BadFileException;
import dev.kerf.image.ImageInfo.FileType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Decodes BMP (Microsoft, "Bitmap Storage"): 1, 4 and 8 bits with a palette, plain or run-length encoded; 16, 24 and 32 bits
 * with or without masks; rows from the bottom or the top.
 */
final class BmpDecoder implements ImageDecoder {
    private static final int RLE8 = 1;
    private static final int RLE4 = 2;
    private static final int MASKS = 3;
    private static final int MASKS_AND_ALPHA = 6;
    /** Two bytes stand for 255 pixels at most; a bitmap's may be skipped besides. */
    private static final double BEST = 255;

    private final String name;
    private final ByteBuffer b;
    private final int width;
    private final int height;
    private final boolean down;
    private final int bits;
    private final int packing;
    private final int start;
    private int[] palette = new int[0];
    /** Red, green, blue, alpha in a pixel of 16 bits or more. */
    private int[] masks = new int[4];

    BmpDecoder(String name, byte[] file) {
        this.name = name;
        b = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        if (file.length < 26) {
            throw bad("truncated after " + file.length + " bytes, in the header");
        }
        start = b.getInt(10);
        int header = b.getInt(14);
        boolean old = header == 12;
        if (!old && (header < 40 || header > 1 << 16) || file.length < 14L + header) {
            throw bad("truncated or damaged: a header of " + header + " bytes");
        }
        width = old ? b.getShort(18) & 0xFFFF : b.getInt(18);
        int rows = old ? b.getShort(20) & 0xFFFF : b.getInt(22);
        down = rows < 0;
        height = Math.abs(rows);
        bits = b.getShort(old ? 24 : 28);
        packing = old ? 0 : b.getInt(30);
        boolean known = switch (packing) {
            case 0 -> bits == 1 || bits == 4 || bits == 8 || bits == 16 || bits == 24 || bits == 32;
            case RLE8 -> bits == 8;
            case RLE4 -> bits == 4;
            case MASKS, MASKS_AND_ALPHA -> bits == 16 || bits == 32;
            default -> false;
        };
        if (!known) {
            throw bad("its pixels have " + bits + " bits, packed by method " + packing + ", which can't be read");
        }
        int after = 14 + header;
        if (bits > 8) {
            masks = bits == 16 ? new int[] {0x7C00, 0x3E0, 0x1F, 0} : new int[] {0xFF0000, 0xFF00, 0xFF, 0};
            int n = packing == 0 ? 0 : packing == MASKS_AND_ALPHA || header >= 56 ? 4 : 3;
            for (int i = 0; i < n; i++) {
                // They follow the shortest header and stand in the longer ones at the same place.
                masks[i] = at(54 + 4 * i, 4);
            }
        } else {
            int given = old ? 0 : b.getInt(46);
            int entry = old ? 3 : 4;
            int n = given > 0 && given < 1 << bits ? given : 1 << bits;
            n = start > after ? Math.min(n, (start - after) / entry) : n;
            palette = new int[n];
            for (int i = 0; i < n; i++) {
                palette[i] = at(after + entry * i, 3);
            }
        }
    }

    /** A little-endian number in the file. */
    private int at(int place, int bytes) {
        if (place < 0 || place > b.capacity() - bytes) {
            throw bad("truncated: byte " + place + " is needed, the file ends at " + b.capacity());
        }
        int v = 0;
        for (int i = bytes - 1; i >= 0; i--) {
            v = v << 8 | b.get(place + i) & 0xFF;
        }
        return v;
    }

    @Override
    public ImageInfo info() {
        int channels = masks[3] != 0 ? 4 : bits > 8 ? 3 : isGrey() ? 1 : 3;
        ImageInfo info = new ImageInfo(FileType.BMP, width, height, PixelFormat.of(channels, 8), 1);
        info.checkSize(name);
        return info;
    }

    private boolean isGrey() {
        for (int c : palette) {
            if ((c & 0xFF) != (c >> 8 & 0xFF) || (c & 0xFF) != c >> 16) {
                return false;
            }
        }
        return true;
    }

    @Override
    public Image decode(boolean raw) {
        ImageInfo info = info();
        info.check(name, b.capacity(), packing == RLE8 || packing == RLE4 ? BEST : 8.0 / bits, 3);
        Image out = Image.blank(width, height, raw && bits <= 8 ? PixelFormat.GRAY8 : info.format());
        if (packing == RLE8 || packing == RLE4) {
            runs(out, raw);
            return out;
        }
        long row = ((long) width * bits + 31) / 32 * 4;
        if (start < 0 || start + row * (height - 1) + (row - 3) > b.capacity()) {
            throw bad("truncated: its rows take " + row * height + " bytes from byte " + start + " on, the file ends at "
                    + b.capacity());
        }
        for (int y = 0; y < height; y++) {
            int from = (int) (start + row * (down ? y : height - 1 - y));
            for (int x = 0; x < width; x++) {
                if (bits <= 8) {
                    long bit = (long) x * bits;
                    int v = at(from + (int) (bit >> 3), 1) >> 8 - bits - (int) (bit & 7) & (1 << bits) - 1;
                    entry(out, x, y, v, raw);
                } else {
                    colour(out, x, y, at(from + x * (bits / 8), bits / 8));
                }
            }
        }
        return out;
    }

    private void entry(Image out, int x, int y, int index, boolean raw) {
        if (index >= palette.length) {
            throw bad("row " + y + " uses colour " + index + " of a palette of " + palette.length);
        } else if (raw) {
            out.setSample(x, y, 0, index);
            return;
        }
        for (int c = 0; c < out.channels(); c++) {
            out.setSample(x, y, c, palette[index] >> 16 - 8 * c & 0xFF);
        }
    }

    /** A colour of masks, each widened to eight bits. */
    private void colour(Image out, int x, int y, int pixel) {
        for (int c = 0; c < out.channels(); c++) {
            if (masks[c] != 0) {
                long top = Integer.toUnsignedLong(masks[c] >>> Integer.numberOfTrailingZeros(masks[c]));
                long v = Integer.toUnsignedLong((pixel & masks[c]) >>> Integer.numberOfTrailingZeros(masks[c]));
                out.setSample(x, y, c, (int) ((v * 255 + top / 2) / top));
            }
        }
    }

    /** Runs of one index, or of two in turn, literal pieces, and steps; what is stepped over has index 0. */
    private void runs(Image out, boolean raw) {
        for (int i = 0; i < width * height; i++) {
            entry(out, i % width, i / width, 0, raw);
        }
        int place = start;
        int x = 0;
        int y = 0;
        while (true) {
            int n = at(place, 1);
            int v = at(place + 1, 1);
            place += 2;
            if (n == 0 && v == 1) {
                return;
            } else if (n == 0 && v == 0) {
                x = 0;
                y++;
            } else if (n == 0 && v == 2) {
                x += at(place, 1);
                y += at(place + 1, 1);
                place += 2;
            } else {
                int count = n > 0 ? n : v;
                for (int i = 0; i < count; i++) {
                    int octet = n > 0 ? v : at(place + (bits == 8 ? i : i / 2), 1);
                    int index = bits == 8 ? octet : i % 2 == 0 ? octet >> 4 : octet & 15;
                    if (x < width && y < height) {
                        entry(out, x, down ? y : height - 1 - y, index, raw);
                    }
                    x++;
                }
                // Literal pieces end at an even byte.
                place += n > 0 ? 0 : ((bits == 8 ? count : (count + 1) / 2) + 1) / 2 * 2;
            }
            if (y >= height && place > b.capacity() - 2) {
                return;
            }
        }
    }

    private BadFileException bad(String what) {
        return new BadFileException(name + ": BMP: " + what);
    }
}
