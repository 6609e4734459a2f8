package dev.kerf.image;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The stored numbers of one page of a TIFF file, by windows: only the strips or tiles under a window are unpacked. Whole
 * numbers of 1 to 16, 32 and 64 bits, with and without a sign, and floats of 16, 32 and 64 bits; strips and tiles; planes
 * beside or behind each other; horizontal and floating-point predictors (TIFF 6.0; Adobe's technical notes 1 to 3; BigTIFF).
 *
 * <pre>{@code
 * try (TiffFile file = TiffFile.open(Path.of("field.tif"), 64 << 20)) {
 *     TiffPage page = file.page(0);
 *     HostTensor some = page.window(40_000, 70_000, 512, 512, 3, 2, 1);    // (512, 512, 3): the fourth band first
 * }
 * }</pre>
 */
public final class TiffPage {
    private static final int SEPARATE = 2;
    /** GDAL's tag for the number of pixels without data, a text. */
    private static final int NO_DATA = 42113;
    /** Pixels that a strip or tile may have that takes no byte; writers of such files make them of some thousands. */
    private static final long MOST_LEFT_OUT = 1 << 28;
    /** Pixels of a row that one bit may stand for. */
    private static final int MOST_FAX = 65_535;
    /** Pixels that a byte of fax codes may stand for in the whole picture, and bytes that any file counts as for it. */
    private static final int FAX = 8192;
    private final String name;
    private final TiffDirectory tags;
    private final @Nullable TiffFile owner;
    private final int width;
    private final int height;
    private final int bands;
    private final int bits;
    private final DType type;
    private final TiffCodec codec;
    private final boolean separate;
    private final boolean tiled;
    private final int chunkWidth;
    private final int chunkHeight;
    private final TiffChunks chunks;

    /**
     * Reads the layout.
     *
     * @param name  for messages
     * @param tags  of the page
     * @param shift bytes to add to all places: of a page of a stack that has one directory for all
     */
    TiffPage(String name, TiffDirectory tags, long shift) {
        this(name, tags, shift, null);
    }

    /** Likewise of a file that stays open and keeps what was unpacked. */
    TiffPage(String name, TiffDirectory tags, long shift, @Nullable TiffFile owner) {
        this.name = name;
        this.tags = tags;
        this.owner = owner;
        width = size(256, 0);
        height = size(257, 0);
        if (width < 1 || height < 1) {
            throw bad("the header says " + tags.first(256, 0) + "x" + tags.first(257, 0) + " pixels");
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
        codec = TiffCodec.of(tags.first(259, 1));
        if (codec == null) {
            throw bad("it is compressed by method " + tags.first(259, 1) + "; uncompressed, fax (2 to 4), LZW (5), JPEG (7), "
                    + "Deflate (8, 32946) and PackBits (32773) can be read");
        }
        boolean predicts = codec == TiffCodec.LZW || codec == TiffCodec.DEFLATE || codec == TiffCodec.ADOBE_DEFLATE;
        int predictor = predicts ? size(317, 1) : 1;
        if (predictor == 2 && bits % 8 != 0 || predictor == 3 && !type.floating() || predictor < 1 || predictor > 3) {
            throw bad("predictor " + predictor + " of samples of " + bits + " bits can't be read");
        }
        separate = bands > 1 && tags.first(284, 1) == SEPARATE;
        tiled = tags.count(322) > 0;
        chunkWidth = tiled ? size(322, 0) : width;
        chunkHeight = tiled ? size(323, 0) : Math.min(size(278, height), height);
        long number = (long) Math.ceilDiv(width, Math.max(1, chunkWidth)) * Math.ceilDiv(height, Math.max(1, chunkHeight))
                * (separate ? bands : 1);
        if (bands < 1) {
            throw bad("truncated or damaged: its pixels have no samples");
        }
        chunks = new TiffChunks(name, tags, shift, codec,
                new TiffPredictor(predictor, separate ? 1 : bands, bits, tags.order() == ByteOrder.LITTLE_ENDIAN), chunkWidth,
                chunkHeight, number);
        if (codec.isFax() && (bits != 1 || bands != 1 || chunkWidth > MOST_FAX)) {
            throw bad("fax codes for rows of " + chunkWidth + " pixels of " + bands + " samples of " + bits + " bits; "
                    + MOST_FAX + " of one bit can be read");
        }
    }

    private int size(int tag, int otherwise) {
        long v = tags.first(tag, otherwise);
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

    /** Columns. */
    public int width() {
        return width;
    }

    /** Rows. */
    public int height() {
        return height;
    }

    /** Samples of a pixel. */
    public int bands() {
        return bands;
    }

    /** Bits of a sample as they are stored. */
    public int bits() {
        return bits;
    }

    /** The type that the numbers are given in: the least that holds the stored bits. */
    public DType type() {
        return type;
    }

    /** Whether it is stored in tiles rather than strips. */
    public boolean isTiled() { return tiled; }

    /** Columns of a tile; of strips, all. */
    public int tileWidth() {
        return chunkWidth;
    }

    /** Rows of a tile or strip. */
    public int tileHeight() {
        return chunkHeight;
    }

    /** The numbers of a tag, whole or floats; none where it is missing or holds something else. */
    public double[] numbers(int tag) {
        return tags.doubles(tag);
    }

    /** The first whole number of a tag, or another if it has none. */
    public long number(int tag, long otherwise) {
        return tags.first(tag, otherwise);
    }

    /** A tag's text without the zero at its end; empty where it is missing. */
    public String text(int tag) {
        return tags.text(tag);
    }

    TiffDirectory tags() {
        return tags;
    }

    /** Refuses more pixels than the file can hold, or than a fax that is mostly white needs. */
    void check(ImageInfo info) {
        double best = codec.isFax()
                ? FAX
                : codec.best(chunks.rowBytes()) * (codec == TiffCodec.JPEG ? 1 : 8.0 / ((double) bits * bands));
        info.check(name, codec.isFax() ? Math.max(FAX, tags.file().byteSize()) : tags.file().byteSize(), best, 3);
    }

    /** Bytes of all pixels, rows tightly packed, where nothing is compressed and strips follow each other; 0 otherwise. */
    long plainBytes() {
        boolean plain = codec == TiffCodec.NONE && chunkWidth == width && !separate && chunks.follow();
        return plain ? chunks.rowBytes() * height : 0;
    }

    /**
     * The numbers of a window as (height, width, bands), in the file's own type. Strips and tiles that the file leaves out are what it says
     * of pixels without data (GDAL's tag 42113), or 0.
     *
     * @param wanted bands, from 0, in the order that they are wanted in; none for all
     * @throws BadFileException  if the strips or tiles under it are truncated or damaged
     * @throws BadInputException if it doesn't lie in the page, or there is no such band
     */
    public HostTensor window(int x, int y, int w, int h, int... wanted) {
        int[] chosen = chosen(x, y, w, h, wanted);
        HostTensor out = HostTensor.zeros(type, Shape.of(h, w, chosen.length));
        fill(out, x, y, chosen);
        return out;
    }

    /**
     * The same into memory that is there: who reads window by window needs no more.
     *
     * @param out (height, width, bands), of {@link #type}
     * @throws BadInputException as well if it is of another form
     */
    public void window(HostTensor out, int x, int y, int... wanted) {
        if (out.shape().rank() != 3 || out.dtype() != type) {
            throw new BadInputException(name + ": a window is of " + type + " (height, width, bands), not " + out);
        }
        int[] chosen = chosen(x, y, out.shape().size(1), out.shape().size(0), wanted);
        if (out.shape().size(2) != chosen.length) {
            throw new BadInputException(name + ": a window of " + chosen.length + " bands in " + out);
        }
        out.data().fill((byte) 0);
        fill(out, x, y, chosen);
    }

    private int[] chosen(int x, int y, int w, int h, int[] wanted) {
        int[] chosen = wanted.length == 0 ? IntStream.range(0, bands).toArray() : wanted;
        if (x < 0 || y < 0 || w < 1 || h < 1 || w > width - x || h > height - y) {
            throw new BadInputException(name + ": a window of " + w + "x" + h + " at (" + x + ", " + y + ") of " + width + "x"
                    + height + " pixels");
        } else if (Arrays.stream(chosen).anyMatch(b -> b < 0 || b >= bands)) {
            throw new BadInputException(name + ": bands " + Arrays.toString(chosen) + " from 0, it has " + bands);
        } else if ((double) w * h * chosen.length * type.bytes() > Image.MAX_BYTES) {
            throw new BadInputException(
                    name + ": a window of " + w + "x" + h + " pixels of " + chosen.length + " bands takes more than "
                            + Image.MAX_BYTES + " bytes");
        }
        return chosen;
    }

    private void fill(HostTensor out, int x, int y, int[] chosen) {
        if (owner != null) {
            owner.requireOpen();
        }
        int h = out.shape().size(0);
        int w = out.shape().size(1);
        for (int plane = 0; plane < (separate ? bands : 1); plane++) {
            int p = plane;
            if (separate && Arrays.stream(chosen).noneMatch(b -> b == p)) {
                continue;
            }
            for (int cy = y / chunkHeight; cy * (long) chunkHeight < y + h; cy++) {
                for (int cx = x / chunkWidth; cx * (long) chunkWidth < x + w; cx++) {
                    fill(cx, cy, plane, out, x, y, chosen);
                }
            }
        }
    }

    /** Fills the part of a window at (x, y) that lies in the strip or tile of a column and row. */
    private void fill(int cx, int cy, int plane, HostTensor out, int x, int y, int[] chosen) {
        int across = Math.ceilDiv(width, chunkWidth);
        int i = (plane * Math.ceilDiv(height, chunkHeight) + cy) * across + cx;
        // The last strip is shorter, tiles are not.
        int rows = tiled ? chunkHeight : Math.min(chunkHeight, height - cy * chunkHeight);
        var copy = new TiffCopy(cx * (long) chunkWidth, cy * (long) chunkHeight, Math.min(width - cx * chunkWidth, chunkWidth),
                Math.min(height - cy * chunkHeight, chunkHeight), chunks.rowBytes(), separate ? 1 : bands, bits, type,
                chunks.little());
        if (chunks.isEmpty(i)) {
            if ((long) chunkWidth * chunkHeight > MOST_LEFT_OUT) {
                throw bad("damaged: a strip or tile of " + chunkWidth + "x" + chunkHeight + " pixels is left out");
            }
            copy.fill(empty(), out, x, y, separate ? plane : -1, chosen);
            return;
        }
        MemorySegment from = chunks.plain(i, Math.min(rows, height - cy * chunkHeight));
        if (from == null) {
            from = MemorySegment.ofArray(
                    owner == null ? chunks.unpack(i, rows) : owner.cache().get(this, i, () -> chunks.unpack(i, rows)));
        }
        copy.copy(from, out, x, y, separate ? plane : -1, chosen);
    }

    /** What pixels are that the file leaves out. */
    private double empty() {
        try {
            String said = tags.text(NO_DATA).strip();
            return said.isEmpty() ? 0 : said.equalsIgnoreCase("nan") ? Double.NaN : Double.parseDouble(said);
        } catch (NumberFormatException e) {
            // As good as not being there.
            return 0;
        }
    }

    BadFileException bad(String what) {
        return new BadFileException(name + ": TIFF: " + what);
    }
}
