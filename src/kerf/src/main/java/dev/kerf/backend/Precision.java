package dev.kerf.backend;

import java.util.Locale;

/**
 * How exact a compiled graph is: how its numbers are stored, and how they are multiplied. Sums, statistics, coordinates and
 * final logits are float32 in any case. A device lists what it has in {@link DeviceInfo#precisions}.
 */
public enum Precision {
    /** 32-bit storage and arithmetic. */
    FLOAT32(Storage.F32, Arithmetic.PLAIN),
    /** 32-bit storage; products of factors rounded to TF32. */
    TF32(Storage.F32, Arithmetic.TF32),
    /** 16-bit storage, 32-bit accumulation. */
    FLOAT16(Storage.F16, Arithmetic.PLAIN),
    /** 16-bit storage with float32's range, 32-bit accumulation. */
    BFLOAT16(Storage.BF16, Arithmetic.PLAIN);

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

    /** In lower case: {@code float32}, {@code tf32}, {@code float16}, {@code bfloat16}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
