package dev.kerf.check.ptx.machine;

/** A fundamental type of PTX. */
enum Type {
    PRED, B8, B16, B32, B64, U8, U16, U32, U64, S8, S16, S32, S64, F16, BF16, F16X2, BF16X2, TF32, F32, F64;

    /** Where registers of a kind are kept. */
    enum Bank {
        PREDICATE, INT, FLOAT, LONG
    }

    /** A type by its name in an opcode, without the dot; null if it is none. */
    static Type of(String name) {
        for (Type t : values()) {
            if (t.name().equalsIgnoreCase(name)) {
                return t;
            }
        }
        return null;
    }

    /** Its size in memory. */
    int bytes() {
        return switch (this) {
            case PRED, B8, U8, S8 -> 1;
            case B16, U16, S16, F16, BF16 -> 2;
            case B32, U32, S32, F32, F16X2, BF16X2, TF32 -> 4;
            case B64, U64, S64, F64 -> 8;
        };
    }

    /** Which bank its registers are in: float32 apart from bits, everything narrower than 64 bits as an int. */
    Bank bank() {
        return switch (this) {
            case PRED -> Bank.PREDICATE;
            case F32 -> Bank.FLOAT;
            case B64, U64, S64, F64 -> Bank.LONG;
            default -> Bank.INT;
        };
    }

    boolean signed() {
        return this == S8 || this == S16 || this == S32 || this == S64;
    }

    /** Whether it is an integer or bits, of any width. */
    boolean integer() {
        return ordinal() >= B8.ordinal() && ordinal() <= S64.ordinal();
    }

    /** A number of at most 32 bits as this type has it, in an int: sign or zeros in the bits that it lacks. */
    int fit(int v) {
        return switch (this) {
            case S8 -> (byte) v;
            case S16 -> (short) v;
            case B8, U8 -> v & 0xFF;
            case B16, U16, F16, BF16 -> v & 0xFFFF;
            default -> v;
        };
    }
}
