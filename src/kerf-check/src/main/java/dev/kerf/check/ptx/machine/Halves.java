package dev.kerf.check.ptx.machine;

/** Numbers of fewer bits than float32's, as tensor cores take them. */
final class Halves {
    private Halves() {}

    /** float32 → bfloat16, to the nearest, to the even one of two. */
    static int bfloat16(float a) {
        int bits = Float.floatToRawIntBits(a);
        if (a != a) {
            return 0x7FFF;
        }
        return bits + 0x7FFF + (bits >>> 16 & 1) >>> 16;
    }

    /** float32 → TF32 (10 bits of fraction), to the nearest, away from 0 of two. */
    static int tf32(float a) {
        int bits = Float.floatToRawIntBits(a);
        return Float.isFinite(a) ? bits + 0x1000 & 0xFFFFE000 : bits;
    }
}
