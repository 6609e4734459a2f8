package dev.kerf.image;

import dev.kerf.error.BadFileException;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.zip.DataFormatException;

/**
 * The stored numbers of one page of a TIFF file, by windows: only the strips or tiles under a window are unpacked. Whole
 * numbers of 1 to 16, 32 and 64 bits, with and without a sign, and floats of 16, 32 and 64 bits; strips and tiles; planes
 * beside or behind each other; horizontal and floating-point predictors (TIFF 6.0; Adobe's technical notes 1 to 3; BigTIFF).
 */
final class TiffPage {
    private static final int SEPARATE = 2;
    /** Pixels of a row that one bit may stand for. */
    private static final int MOST_FAX = 65_535;
    /** Pixels that a byte of fax codes may stand for in the whole picture, and bytes that any file counts as for it. */
    private static final int FAX = 8192;
    /** How often the bytes of the file may be read, where strips or tiles are alike and lie at one place. */
    private static final int SHARED = 16;
    private static final ValueLayout.OfByte U8 = ValueLayout.JAVA_BYTE;

    private final String name;
    private final TiffDirectory tags;
    private final long shift;
    private final int width;
    private final int height;
    private final int bands;
    private final int bits;
    private final DType type;
    private final TiffCodec codec;
    private final int predictor;
    private final boolean separate;
    private final int chunkWidth;
    private final int chunkHeight;
    private final long[] offsets;
    private final long[] counts;

    /**
     * Reads the layout.
     *
     * @param name  for messages
     * @param tags  of the page
     * @param shift bytes to add to all places: of a page of a stack that has one directory for all
     */
    TiffPage(String name, TiffDirectory tags, long shift) {
        this.name = name;
        this.tags = tags;
        this.shift = shift;
        width = size(256, 0);
        height = size(257, 0);
        if (width < 1 || height < 1) {
            throw bad("the header says " + tags.number(256, 0) + "x" + tags.number(257, 0) + " pixels");
        }
        bands = size(277, 1);
        long[] depth = tags.numbers(258);
        bits = depth.length > 0 ? (int) Math.min(depth[0], 999) : 1;
        for (int i = 0; i < depth.length && i < bands; i++) {
            if (depth[i] != bits) {
                throw bad("its samples have " + bits + " and " + depth[i] + " bits; samples of one width can be read");
            }
        }
        long[] formats = tags.numbers(339);
        for (long f : formats) {
            if (f != formats[0]) {
                throw bad("its samples are of different kinds; samples of one kind can be read");
            }
        }
        type = type(formats.length > 0 ? formats[0] : 1);
        codec = TiffCodec.of(tags.number(259, 1));
        if (codec == null) {
            throw bad("it is compressed by method " + tags.number(259, 1) + "; uncompressed, fax (2 to 4), LZW (5), JPEG (7), "
                    + "Deflate (8, 32946) and PackBits (32773) can be read");
        }
        boolean predicts = codec == TiffCodec.LZW || codec == TiffCodec.DEFLATE || codec == TiffCodec.ADOBE_DEFLATE;
        predictor = predicts ? size(317, 1) : 1;
        if (predictor == 2 && bits % 8 != 0 || predictor == 3 && !type.floating() || predictor < 1 || predictor > 3) {
            throw bad("predictor " + predictor + " of samples of " + bits + " bits can't be read");
        }
        separate = bands > 1 && tags.number(284, 1) == SEPARATE;
        boolean tiles = tags.numbers(322).length > 0;
        chunkWidth = tiles ? size(322, 0) : width;
        chunkHeight = tiles ? size(323, 0) : Math.min(size(278, height), height);
        long[] places = tags.numbers(tiles && tags.numbers(324).length > 0 ? 324 : 273);
        long[] given = tags.numbers(tiles && tags.numbers(325).length > 0 ? 325 : 279);
        long chunks = (long) Math.ceilDiv(width, Math.max(1, chunkWidth)) * Math.ceilDiv(height, Math.max(1, chunkHeight))
                * (separate ? bands : 1);
        if (given.length == 0 && places.length == 1 && chunks == 1) {
            given = new long[] {codec == TiffCodec.NONE ? chunkBytes(chunkHeight) : file().byteSize() - places[0]};
        }
        if (bands < 1 || chunkWidth < 1 || chunkHeight < 1 || places.length < chunks || given.length < chunks) {
            throw bad("truncated or damaged: it has " + Math.min(places.length, given.length) + " of " + chunks
                    + " strips or tiles");
        }
        if (codec.isFax() && (bits != 1 || bands != 1 || chunkWidth > MOST_FAX)) {
            throw bad("fax codes for rows of " + chunkWidth + " pixels of " + bands + " samples of " + bits + " bits; "
                    + MOST_FAX + " of one bit can be read");
        }
        offsets = Arrays.copyOf(places, (int) chunks);
        counts = Arrays.copyOf(given, (int) chunks);
        double stored = 0;
        for (long count : counts) {
            stored += count + (codec == TiffCodec.JPEG ? tags.bytes(347).length : 0);
        }
        if (stored > (double) SHARED * file().byteSize()) {
            throw bad("damaged: its strips or tiles have " + (long) stored + " bytes, the file has " + file().byteSize());
        }
    }

    private int size(int tag, int otherwise) {
        long v = tags.number(tag, otherwise);
        return Math.clamp(v < 0 ? Integer.MAX_VALUE : v, 0, Integer.MAX_VALUE);
    }

    private DType type(long format) {
        DType found = switch ((int) format) {
            case 1, 4 -> bits >= 1 && bits <= 8
                    ? DType.U8
                    : bits >= 9 && bits <= 16
                            ? DType.U16
                            : bits == 32 ? DType.U32 : bits == 64 ? DType.U64 : null;
            case 2 -> bits == 8 ? DType.I8 : bits == 16 ? DType.I16 : bits == 32 ? DType.I32 : bits == 64 ? DType.I64 : null;
            case 3 -> bits == 16 ? DType.F16 : bits == 32 ? DType.F32 : bits == 64 ? DType.F64 : null;
            default -> null;
        };
        if (found == null) {
            String kind = format >= 1 && format <= 6
                    ? new String[] {"whole numbers", "signed numbers", "floats", "numbers",
                        "complex whole numbers", "complex floats"}[(int) format - 1]
                    : "samples of kind " + format;
            throw bad("its pixels are " + kind + " of " + bits + " bits; whole numbers of 1 to 16, 32 and 64 bits, signed ones "
                    + "of 8, 16, 32 and 64 and floats of 16, 32 and 64 can be read");
        }
        return found;
    }

    int width() {
        return width;
    }

    int height() {
        return height;
    }

    /** Samples of a pixel. */
    int bands() {
        return bands;
    }

    /** Bits of a sample as they are stored. */
    int bits() {
        return bits;
    }

    /** The type that the numbers are given in: the least that holds the stored bits. */
    DType type() {
        return type;
    }

    TiffDirectory tags() {
        return tags;
    }

    /** Refuses more pixels than the file can hold, or than a fax that is mostly white needs. */
    void check(ImageInfo info) {
        double best = codec.isFax()
                ? FAX
                : codec.best(rowBytes()) * (codec == TiffCodec.JPEG ? 1 : 8.0 / ((double) bits * bands));
        info.check(name, codec.isFax() ? Math.max(FAX, file().byteSize()) : file().byteSize(), best, 3);
    }

    /** Bytes of all pixels, rows tightly packed, where nothing is compressed and strips follow each other; 0 otherwise. */
    long plainBytes() {
        boolean plain = codec == TiffCodec.NONE && chunkWidth == width && !separate;
        for (int i = 1; i < offsets.length; i++) {
            plain &= offsets[i] == offsets[i - 1] + counts[i - 1];
        }
        return plain ? chunkBytes(height) : 0;
    }

    private MemorySegment file() {
        return tags.file();
    }

    private int chunkBands() {
        return separate ? 1 : bands;
    }

    private long rowBytes() {
        return ((long) chunkWidth * chunkBands() * bits + 7) / 8;
    }

    private long chunkBytes(int rows) {
        return rowBytes() * rows;
    }

    /**
     * The numbers of a window as (height, width, bands), in the file's own type.
     *
     * @throws BadFileException if the strips or tiles under it are truncated or damaged
     */
    HostTensor window(int x, int y, int w, int h) {
        HostTensor out = HostTensor.zeros(type, Shape.of(h, w, bands));
        int across = Math.ceilDiv(width, chunkWidth);
        int perPlane = across * Math.ceilDiv(height, chunkHeight);
        for (int plane = 0; plane < (separate ? bands : 1); plane++) {
            for (int cy = y / chunkHeight; cy * (long) chunkHeight < y + h; cy++) {
                for (int cx = x / chunkWidth; cx * (long) chunkWidth < x + w; cx++) {
                    // The last strip is shorter, tiles are not.
                    int rows = chunkWidth == width ? Math.min(chunkHeight, height - cy * chunkHeight) : chunkHeight;
                    byte[] chunk = chunk(plane * perPlane + cy * across + cx, rows);
                    copy(chunk, cx * chunkWidth, cy * chunkHeight, plane, out, x, y);
                }
            }
        }
        return out;
    }

    private byte[] chunk(int i, int rows) {
        long bytes = chunkBytes(rows);
        String where = "strip or tile " + i + " of " + offsets.length;
        if (counts[i] < 0 || offsets[i] < 0 || offsets[i] + shift > file().byteSize() - counts[i]) {
            throw bad("truncated: " + where + " at byte " + (offsets[i] + shift) + " has " + counts[i]
                    + " bytes, the file ends at " + file().byteSize());
        } else if (bytes > Image.MAX_BYTES || bytes > counts[i] * codec.best(rowBytes()) && codec != TiffCodec.JPEG) {
            throw bad("truncated or damaged: " + where + " has " + counts[i] + " bytes for " + bytes);
        }
        ImageInfo.checkMemory(name + ": decoding a strip or tile of " + bytes + " bytes", 2 * bytes);
        byte[] packed = file().asSlice(offsets[i] + shift, counts[i]).toArray(U8);
        if (codec == TiffCodec.JPEG) {
            return jpeg(packed, rows);
        }
        if (tags.number(266, 1) == 2) {
            for (int k = 0; k < packed.length; k++) {
                packed[k] = (byte) (Integer.reverse(packed[k]) >>> 24);
            }
        }
        byte[] out = new byte[(int) bytes];
        try {
            if (codec.isFax()) {
                TiffFax.decode(packed, out, chunkWidth, rows, (int) tags.number(259, 1), (tags.number(292, 0) & 1) == 1);
                return out;
            }
            int n = codec.decode(packed, out);
            if (n < out.length) {
                throw bad("truncated or damaged: " + where + " ends after " + n + " of " + out.length + " bytes");
            }
        } catch (DataFormatException e) {
            throw bad("damaged: " + where + ": " + e.getMessage());
        }
        for (int row = 0; row < rows && predictor > 1; row++) {
            undo(out, (int) (row * rowBytes()), (int) rowBytes());
        }
        return out;
    }

    /** A strip or tile that is a JPEG picture, whose tables may stand in the directory. */
    private byte[] jpeg(byte[] packed, int rows) {
        byte[] tables = tags.bytes(347);
        byte[] whole = packed;
        if (tables.length > 4 && packed.length > 2) {
            // Both begin with a start marker and the tables end with an end marker.
            whole = new byte[tables.length - 2 + packed.length - 2];
            System.arraycopy(tables, 0, whole, 0, tables.length - 2);
            System.arraycopy(packed, 2, whole, tables.length - 2, packed.length - 2);
        }
        JpegDecoder decoder = new JpegDecoder(name, whole);
        return decoder.samples(tags.number(262, 1) == 6, chunkWidth, rows, chunkBands());
    }

    /** Turns the differences of a row into the samples themselves. */
    private void undo(byte[] b, int at, int n) {
        int step = chunkBands() * (predictor == 3 ? 1 : bits / 8);
        if (predictor == 2 && bits > 8) {
            boolean little = tags.order() == ByteOrder.LITTLE_ENDIAN;
            int size = bits / 8;
            for (int i = at + step; i < at + n; i += size) {
                for (int k = 0, carry = 0; k < size; k++) {
                    int place = little ? i + k : i + size - 1 - k;
                    carry += (b[place] & 0xFF) + (b[place - step] & 0xFF);
                    b[place] = (byte) carry;
                    carry >>= 8;
                }
            }
            return;
        }
        for (int i = at + step; i < at + n; i++) {
            b[i] += b[i - step];
        }
        if (predictor == 3) {
            // All highest bytes of the row stand first, then all next ones; whatever the file's byte order.
            byte[] planes = Arrays.copyOfRange(b, at, at + n);
            int size = bits / 8;
            int samples = n / size;
            for (int i = 0; i < n; i++) {
                int k = tags.order() == ByteOrder.LITTLE_ENDIAN ? size - 1 - i % size : i % size;
                b[at + i] = planes[k * samples + i / size];
            }
        }
    }

    /** Copies the part of a strip or tile at (left, top) that lies in the window at (x, y). */
    private void copy(byte[] chunk, int left, int top, int plane, HostTensor out, int x, int y) {
        int h = out.shape().size(0);
        int w = out.shape().size(1);
        int n = chunkBands();
        int size = type.bytes();
        int fromX = Math.max(x, left);
        int toX = Math.min(x + w, Math.min(width, left + chunkWidth));
        for (int row = Math.max(y, top); row < Math.min(y + h, Math.min(height, top + chunkHeight)); row++) {
            long line = (row - top) * rowBytes();
            boolean little = tags.order() == ByteOrder.LITTLE_ENDIAN;
            if (bits % 8 == 0 && (size == 1 || little) && !separate) {
                MemorySegment.copy(chunk, (int) line + (fromX - left) * n * size, out.data(), U8,
                        (((long) row - y) * w + fromX - x) * n * size, Math.max(0, toX - fromX) * n * size);
                continue;
            }
            for (int i = (fromX - left) * n; i < (toX - left) * n; i++) {
                long to = size * ((((long) row - y) * w + left + i / n - x) * bands + plane + i % n);
                if (bits % 8 == 0) {
                    int from = (int) line + i * size;
                    for (int k = 0; k < size; k++) {
                        out.data().set(U8, to + k, chunk[little ? from + k : from + size - 1 - k]);
                    }
                } else {
                    int v = number(chunk, 8 * line + (long) i * bits);
                    out.data().set(U8, to, (byte) v);
                    if (size == 2) {
                        out.data().set(U8, to + 1, (byte) (v >> 8));
                    }
                }
            }
        }
    }

    /** Bits from a place on, highest first. */
    private int number(byte[] b, long bit) {
        int v = 0;
        for (long i = bit; i < bit + bits; i++) {
            v = v << 1 | b[(int) (i >> 3)] >> 7 - (int) (i & 7) & 1;
        }
        return v;
    }

    BadFileException bad(String what) {
        return new BadFileException(name + ": TIFF: " + what);
    }
}
