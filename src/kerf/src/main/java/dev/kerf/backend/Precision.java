package dev.kerf.backend;

import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import java.util.Locale;

/**
 * How exact a compiled graph is: how its numbers are stored, and how they are multiplied. Sums, statistics, coordinates and
 * final logits are float32 in any case. A device lists what it has in {@link Device.Info#precisions}.
 */
public enum Precision {
    /** 32-bit storage and arithmetic. */
    FLOAT32(Storage.F32, Arithmetic.PLAIN),
    /** 32-bit storage; products of factors rounded to TF32. */
    TF32(Storage.F32, Arithmetic.TF32),
    /**
     * 32-bit storage; products by tensor cores at float32's accuracy. Every device takes it: where a kernel has no such form, it
     * is float32.
     */
    TF32X3(Storage.F32, Arithmetic.TF32X3),
    /** 16-bit storage, 32-bit accumulation. */
    FLOAT16(Storage.F16, Arithmetic.PLAIN),
    /** 16-bit storage with float32's range, 32-bit accumulation. */
    BFLOAT16(Storage.BF16, Arithmetic.PLAIN);

    /**
     * How the factors of matrix products and convolutions are multiplied. Sums are float32 in any case. Formulas of manifests
     * see {@link #code} as {@code tf32}, and kernels that ask for it as {@code KERF_ARITHMETIC}.
     */
    public enum Arithmetic {
        /** In float32, whatever they are stored as. */
        PLAIN(0),
        /**
         * Rounded to TF32 first, 11 significant bits, as the tensor cores of NVIDIA GPUs from Ampere on take them. Kernels
         * without such a form multiply in float32; a device that has none at all refuses it.
         */
        TF32(1),
        /**
         * Each factor as a TF32 number and the TF32 number nearest to what that leaves of it; three of the four products are
         * added, and the one left out is below float32's own rounding.
         */
        TF32X3(3);

        private final int code;

        Arithmetic(int code) {
            this.code = code;
        }

        /** The TF32 products that one product takes, by which kernels know it; never another for the same arithmetic. */
        public int code() {
            return code;
        }
    }

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

    private final Storage storage;
    private final Arithmetic arithmetic;

    Precision(Storage storage, Arithmetic arithmetic) {
        this.storage = storage;
        this.arithmetic = arithmetic;
    }

    /** How float32 numbers of the graph are stored. */
    public Storage storage() {
        return storage;
    }

    /** How they are multiplied. */
    public Arithmetic arithmetic() {
        return arithmetic;
    }

    /** In lower case: {@code float32}, {@code tf32}, {@code tf32x3}, {@code float16}, {@code bfloat16}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
