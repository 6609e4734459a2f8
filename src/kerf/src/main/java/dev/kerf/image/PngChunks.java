package dev.kerf.image;

import dev.kerf.error.BadFileException;
import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.Inflater;

/** The chunks of a PNG file in order, one of them the current one; what matters has its check sum verified. */
final class PngChunks {
    static final int IHDR = 0x49484452;
    static final int PLTE = 0x504C5445;
    static final int TRNS = 0x74524E53;
    static final int IDAT = 0x49444154;
    static final int IEND = 0x49454E44;
    static final int EXIF = 0x65584966;
    /** Length, type and check sum. */
    private static final int FRAME = 12;

    private final String name;
    private final byte[] file;
    private final boolean pixels;
    /** Behind the signature. */
    private long next = 8;
    private int start;
    private int length;

    /** @param pixels whether the chunks of pixel data are wanted; without, the file may be cut off there */
    PngChunks(String name, byte[] file, boolean pixels) {
        this.name = name;
        this.file = file;
        this.pixels = pixels;
    }

    /** Moves to the next chunk, checks its bounds and, where it matters, its check sum; returns its type. */
    int next() {
        long at = next;
        if (at > file.length - FRAME) {
            throw bad("truncated after " + file.length + " bytes");
        }
        start = (int) at + 8;
        length = int32(-8);
        next = start + length + 4L;
        int type = int32(-4);
        if (!pixels && type == IDAT) {
            return type;
        }
        if (length < 0 || length > file.length - start - 4) {
            throw bad("truncated: the chunk at byte " + at + " needs " + Integer.toUnsignedString(length)
                    + " bytes, the file ends at " + file.length);
        }
        boolean critical = (type >> 24 & 0x20) == 0;
        if ((critical || type == TRNS) && !intact()) {
            throw bad("damaged: the check sum of the chunk at byte " + at + " is wrong");
        }
        if (critical && type != IHDR && type != PLTE && type != IDAT && type != IEND) {
            throw bad("the chunk at byte " + at + " is of an unknown kind that can't be left out");
        }
        return type;
    }

    /** Whether the current chunk ends in the file, and another may follow. */
    boolean more() {
        return length >= 0 && next <= file.length - FRAME;
    }

    /** Whether the current chunk's check sum is right. */
    boolean intact() {
        CRC32 crc = new CRC32();
        crc.update(file, start - 4, length + 4);
        return (int) crc.getValue() == int32(length);
    }

    /** Bytes of the current chunk's data. */
    int length() {
        return length;
    }

    /** A byte of the current chunk's data. */
    int int8(int at) {
        return file[start + at] & 0xFF;
    }

    /** Four bytes of it, the high one first. */
    int int32(int at) {
        return int8(at) << 24 | int8(at + 1) << 16 | int8(at + 2) << 8 | int8(at + 3);
    }

    byte[] bytes() {
        return Arrays.copyOfRange(file, start, start + length);
    }

    void feed(Inflater inflater) {
        inflater.setInput(file, start, length);
    }

    /** {@link Orientation#fromExif} of the current chunk's data; JPEG's prefix may have been left in it. */
    int orientation() {
        boolean prefixed = length > 6 && int32(0) == 0x45786966;
        return Orientation.fromExif(file, start + (prefixed ? 6 : 0), start + length);
    }

    private BadFileException bad(String what) {
        return new BadFileException(name + ": PNG: " + what);
    }
}
