package dev.kerf.graph;

/** A function of one number that is fused into the op that makes the number. */
public enum Activation {
    /** x. */
    NONE,
    /** max(x, 0). */
    RELU,
    /** x · Φ(x) by the error function: {@code torch.nn.GELU()}. */
    GELU_ERF,
    /** GELU by the tanh approximation: {@code torch.nn.GELU(approximate="tanh")}. */
    GELU_TANH,
    /** 1 / (1 + e^−x). */
    SIGMOID,
    /** x / (1 + e^−x). */
    SILU,
    /** tanh x. */
    TANH
}
