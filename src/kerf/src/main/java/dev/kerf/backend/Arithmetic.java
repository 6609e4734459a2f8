package dev.kerf.backend;

/** How the factors of matrix products and convolutions are multiplied. Sums are float32 in any case. */
public enum Arithmetic {
    /** In float32, whatever they are stored as. */
    PLAIN,
    /** Rounded to TF32 first, 11 significant bits, as the tensor cores of NVIDIA GPUs from Ampere on take them. */
    TF32
}
