package dev.kerf.backend;

/** How activations and weights are stored. Sums, statistics, coordinates and final logits are float32 in any case. */
public enum Precision {
    /** 32-bit storage and arithmetic. */
    FLOAT32,
    /** 16-bit storage, 32-bit accumulation. */
    FLOAT16
}
