package dev.kerf.tornado;

import dev.kerf.error.UnsupportedOpException;
import dev.kerf.tensor.DType;
import java.lang.foreign.MemorySegment;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.LongArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * What a buffer holds. TornadoVM's memory is typed: an array of one element type can't be read as another's, not even
 * its bits, so that each buffer has one from the start.
 */
public enum Element {
    /** float32. */
    FLOAT(4),
    /** 32-bit integers, signed or not. */
    INT(4),
    /** Bytes, signed or not, and booleans. */
    BYTE(1),
    /** 16-bit integers, signed or not. */
    SHORT(2),
    /** 64-bit integers. */
    LONG(8);

    private final int bytes;

    Element(int bytes) {
        this.bytes = bytes;
    }

    /** Bytes of one. */
    public int bytes() {
        return bytes;
    }

    /**
     * How a dtype is stored.
     *
     * @throws UnsupportedOpException for float16 and float64
     */
    static Element of(DType dtype) {
        return switch (dtype) {
            case F32 -> FLOAT;
            case I32, U32 -> INT;
            case U8, I8, BOOL -> BYTE;
            case U16, I16 -> SHORT;
            case I64, U64 -> LONG;
            case F16, BF16, F64 -> throw new UnsupportedOpException("tornado can't store elements of dtype " + dtype);
        };
    }

    /** TornadoVM's array over memory that begins with its header. */
    TornadoNativeArray array(MemorySegment memory) {
        return switch (this) {
            case FLOAT -> FloatArray.fromSegmentShallow(memory);
            case INT -> IntArray.fromSegmentShallow(memory);
            case BYTE -> ByteArray.fromSegmentShallow(memory);
            case SHORT -> ShortArray.fromSegmentShallow(memory);
            case LONG -> LongArray.fromSegmentShallow(memory);
        };
    }
}
