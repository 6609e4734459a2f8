package dev.kerf.backend.cpu;

import dev.kerf.tensor.DType;
import java.lang.foreign.MemorySegment;

/** The Java arrays that hold tensors: one sort for each size and kind of element. */
enum ArrayKind {
    FLOATS(4), INTS(4), LONGS(8), SHORTS(2), BYTES(1), DOUBLES(8);

    /** Arrays are some elements shorter than the largest index on every JVM. */
    static final int MOST_ELEMENTS = Integer.MAX_VALUE - 8;

    private final int elementBytes;

    ArrayKind(int elementBytes) {
        this.elementBytes = elementBytes;
    }

    static ArrayKind of(DType dtype) {
        return switch (dtype) {
            case F32 -> FLOATS;
            case I32, U32 -> INTS;
            case I64, U64 -> LONGS;
            case I16, U16, F16, BF16 -> SHORTS;
            case I8, U8, BOOL -> BYTES;
            case F64 -> DOUBLES;
        };
    }

    int elementBytes() {
        return elementBytes;
    }

    Object allocate(int elements) {
        return switch (this) {
            case FLOATS -> new float[elements];
            case INTS -> new int[elements];
            case LONGS -> new long[elements];
            case SHORTS -> new short[elements];
            case BYTES -> new byte[elements];
            case DOUBLES -> new double[elements];
        };
    }

    static MemorySegment segment(Object array) {
        return switch (array) {
            case float[] a -> MemorySegment.ofArray(a);
            case int[] a -> MemorySegment.ofArray(a);
            case long[] a -> MemorySegment.ofArray(a);
            case short[] a -> MemorySegment.ofArray(a);
            case byte[] a -> MemorySegment.ofArray(a);
            case double[] a -> MemorySegment.ofArray(a);
            default -> throw new IllegalArgumentException(array.getClass().getName());
        };
    }
}
