package dev.kerf.image;

import dev.kerf.error.BadFileException;
import dev.kerf.image.ImageInfo.FileType;
import java.util.Arrays;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Decodes PNG (W3C Portable Network Graphics, third edition): every colour type and bit depth, interlaced or not, with
 * transparency. Strict: a wrong check sum, a missing piece or a missing end is an error, never a half picture. Our own
 * rather than the JDK's because that one loads most of AWT, which takes longer than decoding.
 */
final class PngDecoder implements ImageDecoder {
    /** Deflate makes at most that many bits of a byte. */
    private static final double BEST = 1032.0 * 8;
    /** Adam7: first column, first row, column step, row step of each pass. */
    private static final int[][] PASSES = {
        {0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}};

    private final String name;
    private final byte[] file;
    private PngChunks chunks;
    private int width;
    private int height;
    private int depth;
    private int colour;
    private boolean interlaced;
    private byte[] palette;
    private byte[] transparency;
    private int orientation;

    PngDecoder(String name, byte[] file) {
        this.name = name;
        this.file = file;
    }

    /** What the header says; the file may be cut off anywhere in its pixel data. */
    @Override
    public ImageInfo info() {
        header(false);
        // The orientation may stand behind the pixels.
        while (orientation == 0 && chunks.more()) {
            if (chunks.next() == PngChunks.EXIF) {
                orientation();
            }
        }
        return described(false).oriented(Math.max(1, orientation));
    }

    @Override
    public Image decode(boolean indices) {
        header(true);
        boolean raw = indices && (colour == 3 || colour == 0 && depth < 8);
        ImageInfo info = described(raw);
        info.check(name, file.length, BEST / bitsOfPixel(), 1);
        byte[] out = new byte[(int) info.decodedBytes()];
        try (Inflater inflater = new Inflater()) {
            chunks.feed(inflater);
            if (interlaced) {
                for (int[] p : PASSES) {
                    pass(inflater, out, info.format(), raw, p[0], p[1], p[2], p[3]);
                }
            } else {
                pass(inflater, out, info.format(), raw, 0, 0, 1, 1);
            }
            finish(inflater);
        } catch (DataFormatException e) {
            throw bad("the compressed pixels are damaged (" + e.getMessage() + ")");
        }
        for (int type = chunks.next(); type != PngChunks.IEND; type = chunks.next()) {
            if (type == PngChunks.EXIF) {
                orientation();
            }
        }
        return Orientation.apply(Math.max(1, orientation), Image.of(width, height, info.format(), out));
    }

    private int bitsOfPixel() {
        return depth * switch (colour) {
            case 2 -> 3;
            case 4 -> 2;
            case 6 -> 4;
            default -> 1;
        };
    }

    /** Notes what the current chunk says, unless one before it did. */
    private void orientation() {
        if (orientation == 0 && chunks.intact()) {
            orientation = chunks.orientation();
        }
    }

    /** Reads the chunks up to the first pixel data, which is the current chunk afterwards. */
    private void header(boolean pixels) {
        chunks = new PngChunks(name, file, pixels);
        if (chunks.next() != PngChunks.IHDR || chunks.length() != 13) {
            throw bad("the first chunk is not a header");
        }
        width = chunks.int32(0);
        height = chunks.int32(4);
        depth = chunks.int8(8);
        colour = chunks.int8(9);
        interlaced = chunks.int8(12) == 1;
        boolean known = switch (colour) {
            case 0 -> depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16;
            case 3 -> depth == 1 || depth == 2 || depth == 4 || depth == 8;
            case 2, 4, 6 -> depth == 8 || depth == 16;
            default -> false;
        };
        if (!known || chunks.int8(10) != 0 || chunks.int8(11) != 0 || chunks.int8(12) > 1) {
            throw bad("the header has colour type " + colour + ", bit depth " + depth + ", which PNG doesn't define");
        }
        for (int type = chunks.next(); type != PngChunks.IDAT; type = chunks.next()) {
            switch (type) {
                case PngChunks.IEND -> throw bad("there is no pixel data");
                case PngChunks.IHDR -> throw bad("there is a second header");
                case PngChunks.PLTE -> {
                    if (chunks.length() == 0 || chunks.length() > 768 || chunks.length() % 3 != 0) {
                        throw bad("the palette is " + chunks.length() + " bytes long");
                    }
                    palette = chunks.bytes();
                }
                case PngChunks.TRNS -> transparency = chunks.bytes();
                case PngChunks.EXIF -> orientation();
                default -> {}
            }
        }
        if (colour == 3 && palette == null) {
            throw bad("the palette is missing");
        }
        // What is too long is cut; where every pixel has its alpha, nothing more is needed.
        int wanted = switch (colour) {
            case 0 -> 2;
            case 2 -> 6;
            case 3 -> palette.length / 3;
            default -> 0;
        };
        if (transparency != null && transparency.length < wanted && colour != 3) {
            throw bad("the transparency chunk doesn't fit the colour type");
        } else if (transparency != null) {
            transparency = wanted == 0 ? null : Arrays.copyOf(transparency, Math.min(wanted, transparency.length));
        }
    }

    private ImageInfo described(boolean raw) {
        boolean clear = transparency != null && !raw;
        int channels = switch (colour) {
            case 0 -> 1 + (clear ? 1 : 0);
            case 2 -> 3 + (clear ? 1 : 0);
            case 3 -> raw ? 1 : (greyPalette() ? 1 : 3) + (clear ? 1 : 0);
            default -> colour == 4 ? 2 : 4;
        };
        ImageInfo info = new ImageInfo(FileType.PNG, width, height, PixelFormat.of(channels, depth == 16 ? 16 : 8), 1);
        info.checkSize(name);
        return info;
    }

    private boolean greyPalette() {
        for (int i = 0; i < palette.length; i += 3) {
            if (palette[i] != palette[i + 1] || palette[i] != palette[i + 2]) {
                return false;
            }
        }
        return true;
    }

    /**
     * Decodes the pixels at columns x0, x0 + dx, … of rows y0, y0 + dy, …; without interlace there is one such pass.
     */
    private void pass(Inflater inflater, byte[] out, PixelFormat format, boolean raw, int x0, int y0, int dx, int dy)
            throws DataFormatException {
        if (x0 >= width || y0 >= height) {
            return;
        }
        int columns = (width - x0 + dx - 1) / dx;
        int bits = bitsOfPixel();
        int unit = Math.max(1, bits / 8);
        long rowBits = (long) columns * bits;
        // The filter looks back by one pixel: that many zeros stand before each row's first byte.
        byte[] row = new byte[unit + (int) ((rowBits + 7) / 8)];
        byte[] above = new byte[row.length];
        for (int y = y0; y < height; y += dy) {
            // With the filter's number, in whose place the last of those zeros is put back.
            fill(inflater, row, unit - 1, y);
            int filter = row[unit - 1];
            row[unit - 1] = 0;
            unfilter(filter, row, above, unit, y);
            write(row, unit, out, format, raw, y, x0, dx, columns);
            byte[] swap = above;
            above = row;
            row = swap;
        }
    }

    private void fill(Inflater inflater, byte[] into, int from, int y) throws DataFormatException {
        int at = from;
        while (at < into.length) {
            int n = inflater.inflate(into, at, into.length - at);
            at += n;
            if (n == 0) {
                if (inflater.finished() || inflater.needsDictionary()) {
                    throw bad("the pixels end in row " + y + " of " + height);
                } else if (inflater.needsInput()) {
                    feed(inflater, y);
                }
            }
        }
    }

    private void feed(Inflater inflater, int y) {
        if (chunks.next() != PngChunks.IDAT) {
            throw bad("the pixels end in row " + y + " of " + height);
        }
        chunks.feed(inflater);
    }

    /** Reads the compressed stream to its end, so that its check sum is verified. */
    private void finish(Inflater inflater) throws DataFormatException {
        byte[] rest = new byte[64];
        while (!inflater.finished()) {
            if (inflater.inflate(rest) > 0) {
                throw bad("there are more pixels than the header says");
            } else if (inflater.finished()) {
                // It asks for no more, though it has none left.
                return;
            } else if (inflater.needsInput()) {
                feed(inflater, height);
            } else if (inflater.needsDictionary()) {
                throw bad("the compressed pixels are damaged");
            }
        }
    }

    private void unfilter(int filter, byte[] row, byte[] above, int unit, int y) {
        int n = row.length;
        switch (filter) {
            case 0 -> {}
            case 1 -> {
                for (int i = unit; i < n; i++) {
                    row[i] += row[i - unit];
                }
            }
            case 2 -> {
                for (int i = unit; i < n; i++) {
                    row[i] += above[i];
                }
            }
            case 3 -> {
                for (int i = unit; i < n; i++) {
                    row[i] += (byte) (((row[i - unit] & 0xFF) + (above[i] & 0xFF)) >> 1);
                }
            }
            case 4 -> {
                int left = 0;
                for (int i = 1; unit == 1 && i < n; i++) {
                    // Bytes that each wait for the one before: it doesn't go through memory.
                    left = row[i] + PngFilter.paeth(left, above[i] & 0xFF, above[i - 1] & 0xFF) & 0xFF;
                    row[i] = (byte) left;
                }
                for (int i = unit; unit > 1 && i < n; i++) {
                    row[i] += (byte) PngFilter.paeth(row[i - unit] & 0xFF, above[i] & 0xFF, above[i - unit] & 0xFF);
                }
            }
            default -> throw bad("row " + y + " has filter type " + (filter & 0xFF) + ", which PNG doesn't define");
        }
    }

    private void write(byte[] row, int from, byte[] out, PixelFormat format, boolean raw, int y, int x0, int dx,
            int columns) {
        int pixel = format.pixelBytes();
        int at = (int) (((long) y * width + x0) * pixel);
        int step = dx * pixel;
        if (depth == 8 && dx == 1 && (transparency == null || raw) && (colour != 3 || raw)) {
            System.arraycopy(row, from, out, at, columns * pixel);
            return;
        }
        if (colour == 3 || depth < 8) {
            int top = (1 << depth) - 1;
            for (int i = 0; i < columns; i++, at += step) {
                long bit = (long) i * depth;
                int v = row[from + (int) (bit >> 3)] >> (8 - depth - (int) (bit & 7)) & top;
                if (raw) {
                    out[at] = (byte) v;
                } else if (colour == 3) {
                    entry(v, out, at, format, y);
                } else {
                    out[at] = (byte) (v * 255 / top);
                    if (transparency != null) {
                        out[at + 1] = (byte) (v == (transparency[1] & 0xFF) ? 0 : 255);
                    }
                }
            }
            return;
        }
        int stored = pixel - (transparency != null ? format.sampleBytes() : 0);
        for (int i = 0, p = from; i < columns; i++, at += step, p += stored) {
            if (depth == 8) {
                for (int c = 0; c < stored; c++) {
                    out[at + c] = row[p + c];
                }
            } else {
                for (int c = 0; c < stored; c += 2) {
                    out[at + c] = row[p + c + 1];
                    out[at + c + 1] = row[p + c];
                }
            }
            if (transparency != null && !isKey(row, p)) {
                for (int c = stored; c < pixel; c++) {
                    out[at + c] = (byte) 255;
                }
            }
        }
    }

    private void entry(int index, byte[] out, int at, PixelFormat format, int y) {
        if (index * 3 >= palette.length) {
            throw bad("row " + y + " uses colour " + index + " of a palette of " + palette.length / 3);
        }
        int colours = format.isGrey() ? 1 : 3;
        for (int c = 0; c < colours; c++) {
            out[at + c] = palette[index * 3 + c];
        }
        if (format.hasAlpha()) {
            out[at + colours] = index < transparency.length ? transparency[index] : (byte) 255;
        }
    }

    /** Whether the stored pixel is the one colour that the file declares transparent. */
    private boolean isKey(byte[] row, int p) {
        for (int c = 0; c < transparency.length / 2; c++) {
            boolean same = depth == 8
                    ? row[p + c] == transparency[2 * c + 1]
                    : row[p + 2 * c] == transparency[2 * c] && row[p + 2 * c + 1] == transparency[2 * c + 1];
            if (!same) {
                return false;
            }
        }
        return true;
    }

    private BadFileException bad(String what) {
        return new BadFileException(name + ": PNG: " + what);
    }
}
