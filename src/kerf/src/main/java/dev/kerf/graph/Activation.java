package dev.kerf.graph;

/** A function of one number that is fused into the op that makes the number. */
public enum Activation {
    /** x. */
    NONE(0),
    /** max(x, 0). */
    RELU(1),
    /** x · Φ(x) by the error function: {@code torch.nn.GELU()}. */
    GELU_ERF(2),
    /** GELU by the tanh approximation: {@code torch.nn.GELU(approximate="tanh")}. */
    GELU_TANH(3),
    /** 1 / (1 + e^−x). */
    SIGMOID(4),
    /** x / (1 + e^−x). */
    SILU(5),
    /** tanh x. */
    TANH(6);

    private final int code;

    Activation(int code) {
        this.code = code;
    }

    /** The number by which kernels know it; never another for the same constant. */
    public int code() {
        return code;
    }
}
