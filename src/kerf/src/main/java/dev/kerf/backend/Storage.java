package dev.kerf.backend;

import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;

/**
 * How the float32 numbers of a graph are stored on a device: activations and weights. Kernels see {@link #code} as
 * {@code KERF_STORAGE} and hide the rest behind {@code real}, {@code LOAD} and {@code STORE} (kernels/dialect.h).
 */
public enum Storage {
    /** IEEE 754 binary32. */
    F32(0, DType.F32, 24, -149),
    /** IEEE 754 binary16. */
    F16(1, DType.F16, 11, -24),
    /** The upper half of a binary32. */
    BF16(2, DType.BF16, 8, -133);

    private final int code;
    private final DType dtype;
    private final int digits;
    private final int least;

    Storage(int code, DType dtype, int digits, int least) {
        this.code = code;
        this.dtype = dtype;
        this.digits = digits;
        this.least = least;
    }

    /** The number by which kernels know it; never another for the same storage. */
    public int code() {
        return code;
    }

    /** The dtype of its elements. */
    public DType dtype() {
        return dtype;
    }

    /** What values of a dtype of the graph are stored as: all but float32 as they are. */
    public DType of(DType inGraph) {
        return inGraph == DType.F32 ? dtype : inGraph;
    }

    /** Bytes of a stored float32 number. */
    public int bytes() {
        return dtype.bytes();
    }

    /** The most that storing a normal number changes it by, relative to it: half a unit in the last place. */
    public double rounding() {
        return Math.scalb(1.0, -digits);
    }

    /** The most that storing a subnormal number changes it by. */
    public double tiny() {
        return Math.scalb(0.5, least);
    }

    /** The nearest number that it holds, ties to even. */
    public float nearest(float v) {
        return switch (this) {
            case F32 -> v;
            case F16 -> Float.float16ToFloat(Float.floatToFloat16(v));
            case BF16 -> Float.intBitsToFloat(HostTensor.toBFloat16(v) << 16);
        };
    }
}
