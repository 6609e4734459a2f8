package dev.kerf.backend.gpu.kernel;

/** The language that a kernel's source is written in, and that a driver's compiler reads. */
public enum Dialect {
    /** OpenCL C 1.2 alone: {@code kernels/NAME.cl}. */
    OPENCL("OpenCL C"),
    /** CUDA C++ alone: {@code kernels/cuda/NAME.cu}. */
    CUDA("CUDA C++"),
    /** Both at once, by {@code dialect.h}: {@code kernels/NAME.cl}. */
    BOTH("both");

    private final String text;

    Dialect(String text) {
        this.text = text;
    }

    /** Whether a compiler of another dialect reads it. */
    public boolean readBy(Dialect compiler) {
        return this == BOTH || this == compiler;
    }

    /** The file of a kernel under {@code kernels/}. */
    public String file(String kernel) {
        return this == CUDA ? "cuda/" + kernel + ".cu" : kernel + ".cl";
    }

    /** As manifests name it. */
    @Override
    public String toString() {
        return text;
    }
}
