package dev.kerf.tensor;

/** Element types, by the names that safetensors gives them. All are little-endian in memory and in files. */
public enum DType {
    /** IEEE 754 binary64. */
    F64(8, true),
    /** IEEE 754 binary32. */
    F32(4, true),
    /** IEEE 754 binary16. */
    F16(2, true),
    /** The upper half of a binary32. */
    BF16(2, true),
    /** Signed 64-bit. */
    I64(8, false),
    /** Signed 32-bit. */
    I32(4, false),
    /** Signed 16-bit. */
    I16(2, false),
    /** Signed 8-bit. */
    I8(1, false),
    /** Unsigned 64-bit. */
    U64(8, false),
    /** Unsigned 32-bit. */
    U32(4, false),
    /** Unsigned 16-bit. */
    U16(2, false),
    /** Unsigned 8-bit. */
    U8(1, false),
    /** One byte, 0 or 1. */
    BOOL(1, false);

    private final int bytes;
    private final boolean floating;

    DType(int bytes, boolean floating) {
        this.bytes = bytes;
        this.floating = floating;
    }

    /** Size of one element in bytes. */
    public int bytes() {
        return bytes;
    }

    /** Whether elements are floating-point numbers. */
    public boolean floating() {
        return floating;
    }
}
