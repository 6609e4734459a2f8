package dev.kerf.image;

import dev.kerf.error.BadFileException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.zip.DataFormatException;
import org.jspecify.annotations.Nullable;

/**
 * The strips or tiles of a page, unpacked one at a time. Where they lie is looked up in the file each time, so that any number of them takes
 * no memory; those that lie nowhere (place and size 0, as GDAL leaves them out) have no bytes.
 */
final class TiffChunks {
    private static final int JPEG_TABLES = 347;
    /** How often the bytes of the file may be read, where strips or tiles are alike and lie at one place. */
    private static final int SHARED = 16;
    private static final ValueLayout.OfByte U8 = ValueLayout.JAVA_BYTE;

    private final String name;
    private final TiffDirectory tags;
    private final long shift;
    private final TiffCodec codec;
    private final TiffPredictor predictor;
    private final int width;
    private final long rowBytes;
    private final int number;
    private final int placeTag;
    private final int sizeTag;
    /** Of the only one, where the tag is missing; -1 otherwise. */
    private final long onlySize;
    private final byte[] tables;
    private final boolean reversed;

    /**
     * Finds where they are.
     *
     * @param name   for messages
     * @param tags   of the page
     * @param shift  bytes to add to all places
     * @param codec  how they are packed
     * @param how    what is undone then
     * @param width  columns of each
     * @param rows   of each, but that the last may have fewer
     * @param number how many there are to be
     */
    TiffChunks(String name, TiffDirectory tags, long shift, TiffCodec codec, TiffPredictor how, int width, int rows,
            long number) {
        this.name = name;
        this.tags = tags;
        this.shift = shift;
        this.codec = codec;
        this.predictor = how;
        this.width = width;
        rowBytes = ((long) width * how.bands() * how.bits() + 7) / 8;
        boolean tiles = tags.count(322) > 0;
        placeTag = tiles && tags.count(324) > 0 ? 324 : 273;
        sizeTag = tiles && tags.count(325) > 0 ? 325 : 279;
        int places = tags.count(placeTag);
        int sizes = tags.count(sizeTag);
        onlySize = sizes > 0 || places != 1 || number != 1
                ? -1
                : codec == TiffCodec.NONE ? rowBytes * rows : file().byteSize() - tags.number(placeTag, 0);
        long there = Math.min(places, onlySize >= 0 ? 1 : sizes);
        if (width < 1 || rows < 1 || there < number) {
            throw bad("truncated or damaged: it has " + there + " of " + number + " strips or tiles");
        }
        this.number = (int) number;
        tables = codec == TiffCodec.JPEG ? tags.bytes(JPEG_TABLES) : new byte[0];
        reversed = tags.first(266, 1) == 2 && codec != TiffCodec.JPEG;
        double stored = 0;
        for (int i = 0; i < number; i++) {
            stored += size(i) + (isEmpty(i) ? 0 : tables.length);
        }
        if (stored > (double) SHARED * file().byteSize()) {
            throw bad("damaged: its strips or tiles have " + (long) stored + " bytes, the file has " + file().byteSize());
        }
    }

    private MemorySegment file() {
        return tags.file();
    }

    /** Bytes of a row of one. */
    long rowBytes() {
        return rowBytes;
    }

    private long place(int i) {
        return tags.number(placeTag, i) + shift;
    }

    private long size(int i) {
        return onlySize >= 0 ? onlySize : tags.number(sizeTag, i);
    }

    /** Whether one lies nowhere. */
    boolean isEmpty(int i) {
        return size(i) == 0 && place(i) == shift;
    }

    /** Whether they lie in order without gaps between them. */
    boolean follow() {
        for (int i = 1; i < number; i++) {
            if (place(i) != place(i - 1) + size(i - 1)) {
                return false;
            }
        }
        return true;
    }

    /** Where the rows of one are as they are, so that they needn't be unpacked; null if they aren't stored so. */
    @Nullable
    MemorySegment plain(int i, int rows) {
        if (codec != TiffCodec.NONE || reversed || predictor.bits() % 8 != 0) {
            return null;
        }
        MemorySegment packed = packed(i);
        if (packed.byteSize() < rowBytes * rows) {
            throw bad("truncated or damaged: " + where(i) + " ends after " + packed.byteSize() + " of " + rowBytes * rows
                    + " bytes");
        }
        return packed;
    }

    private String where(int i) {
        return "strip or tile " + i + " of " + number;
    }

    private MemorySegment packed(int i) {
        if (size(i) < 0 || place(i) < 0 || place(i) > file().byteSize() - size(i)) {
            throw bad("truncated: " + where(i) + " at byte " + place(i) + " has " + size(i) + " bytes, the file ends at "
                    + file().byteSize());
        }
        return file().asSlice(place(i), size(i));
    }

    /** Unpacks so many rows of one. */
    byte[] unpack(int i, int rows) {
        long bytes = rowBytes * rows;
        MemorySegment stored = packed(i);
        if (bytes > Image.MAX_BYTES) {
            throw bad(where(i) + " takes " + bytes + " bytes when unpacked; at most " + Image.MAX_BYTES
                    + " can be. Store it in smaller ones");
        } else if (bytes > stored.byteSize() * codec.best(rowBytes) && codec != TiffCodec.JPEG) {
            throw bad("truncated or damaged: " + where(i) + " has " + stored.byteSize() + " bytes for " + bytes);
        }
        ImageInfo.checkMemory(name + ": decoding a strip or tile of " + bytes + " bytes", 2 * bytes);
        byte[] packed = stored.toArray(U8);
        if (codec == TiffCodec.JPEG) {
            return jpeg(packed, rows);
        }
        if (reversed) {
            for (int k = 0; k < packed.length; k++) {
                packed[k] = (byte) (Integer.reverse(packed[k]) >>> 24);
            }
        }
        byte[] out = new byte[(int) bytes];
        try {
            if (codec.isFax()) {
                TiffFax.decode(packed, out, width, rows, (int) tags.first(259, 1), (tags.first(292, 0) & 1) == 1);
                return out;
            }
            int n = codec.decode(packed, out);
            if (n < out.length) {
                throw bad("truncated or damaged: " + where(i) + " ends after " + n + " of " + out.length + " bytes");
            }
        } catch (DataFormatException e) {
            throw bad("damaged: " + where(i) + ": " + e.getMessage());
        }
        for (int row = 0; row < rows && predictor.number() > 1; row++) {
            predictor.undo(out, (int) (row * rowBytes), (int) rowBytes);
        }
        return out;
    }

    /** One that is a JPEG picture, whose tables may stand in the directory. */
    private byte[] jpeg(byte[] packed, int rows) {
        byte[] whole = packed;
        if (tables.length > 4 && packed.length > 2) {
            // Both begin with a start marker and the tables end with an end marker.
            whole = new byte[tables.length - 2 + packed.length - 2];
            System.arraycopy(tables, 0, whole, 0, tables.length - 2);
            System.arraycopy(packed, 2, whole, tables.length - 2, packed.length - 2);
        }
        JpegDecoder decoder = new JpegDecoder(name, whole);
        return decoder.samples(tags.first(262, 1) == 6, width, rows, predictor.bands());
    }

    /** Whether the numbers' bytes stand lowest first. */
    boolean little() {
        return tags.order() == ByteOrder.LITTLE_ENDIAN;
    }

    private BadFileException bad(String what) {
        return new BadFileException(name + ": TIFF: " + what);
    }
}
