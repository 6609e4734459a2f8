package dev.kerf.medical.nifti;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** How NIfTI stores a real number: its code, bytes and what they mean. */
enum NiftiType {
    UINT8(2, 1), INT16(4, 2), INT32(8, 4), FLOAT32(16, 4), FLOAT64(64, 8), INT8(256, 1), UINT16(512, 2), UINT32(768, 4), INT64(
            1024,
            8), UINT64(1280, 8);

    private final int code;
    private final int bytes;

    NiftiType(int code, int bytes) {
        this.code = code;
        this.bytes = bytes;
    }

    int code() {
        return code;
    }

    int bytes() {
        return bytes;
    }

    /** The type of a code; null for those that are no real numbers of 8 to 64 bits. */
    static NiftiType of(int code) {
        for (NiftiType t : values()) {
            if (t.code == code) {
                return t;
            }
        }
        return null;
    }

    /** What a code that isn't read means, for messages. */
    static String name(int code) {
        return switch (code) {
            case 1 -> "1 (bits)";
            case 32 -> "32 (complex)";
            case 128 -> "128 (RGB)";
            case 1536 -> "1536 (128-bit float)";
            case 1792 -> "1792 (complex)";
            case 2048 -> "2048 (complex)";
            case 2304 -> "2304 (RGBA)";
            default -> Integer.toString(code);
        };
    }

    /** The number at a byte. */
    double get(MemorySegment from, long at, ByteOrder order) {
        return switch (this) {
            case UINT8 -> Byte.toUnsignedInt(from.get(ValueLayout.JAVA_BYTE, at));
            case INT8 -> from.get(ValueLayout.JAVA_BYTE, at);
            case INT16 -> from.get(ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(order), at);
            case UINT16 -> Short.toUnsignedInt(from.get(ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(order), at));
            case INT32 -> from.get(ValueLayout.JAVA_INT_UNALIGNED.withOrder(order), at);
            case UINT32 -> Integer.toUnsignedLong(from.get(ValueLayout.JAVA_INT_UNALIGNED.withOrder(order), at));
            case FLOAT32 -> from.get(ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(order), at);
            case FLOAT64 -> from.get(ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(order), at);
            case INT64 -> from.get(ValueLayout.JAVA_LONG_UNALIGNED.withOrder(order), at);
            case UINT64 -> unsigned(from.get(ValueLayout.JAVA_LONG_UNALIGNED.withOrder(order), at));
        };
    }

    private static double unsigned(long v) {
        // Halved with the lost bit kept, so that it is rounded once.
        return v >= 0 ? v : ((v >>> 1) | (v & 1)) * 2.0;
    }
}
