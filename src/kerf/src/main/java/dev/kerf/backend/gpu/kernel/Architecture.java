package dev.kerf.backend.gpu.kernel;

import java.util.Locale;

/**
 * The NVIDIA architectures that code is made for: the oldest that is served, and those whose instructions a variant can ask for in
 * its manifest. Code runs on the architecture that it was made for and on all later ones; what Hopper alone has, on Hopper alone.
 */
public enum Architecture {
    /** Turing: what every kernel is made for that asks for nothing else. */
    SM_75(75, 63),
    /** Ampere: asynchronous copies, bfloat16 and TF32 on tensor cores. */
    SM_80(80, 70),
    /** Hopper, with what no later architecture has: products of four warps (wgmma). */
    SM_90A(90, 80);

    private final int sm;
    private final int isa;

    Architecture(int sm, int isa) {
        this.sm = sm;
        this.isa = isa;
    }

    /** Ten times the first PTX version that knows it (PTX ISA, release notes). */
    public int isa() {
        return isa;
    }

    /**
     * Whether a device runs its code.
     *
     * @param sm  the device's architecture, 90 for sm_90; 0 if it isn't NVIDIA's
     * @param isa ten times the latest PTX version that its driver takes
     */
    public boolean runs(int sm, int isa) {
        return (this == SM_90A ? sm == this.sm : sm >= this.sm) && isa >= this.isa;
    }

    /** As nvcc's {@code -arch} names it to make PTX: {@code compute_80}. */
    public String compute() {
        return toString().replace("sm_", "compute_");
    }

    /** As manifests and folders of code name it: {@code sm_80}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
