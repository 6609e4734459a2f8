package dev.kerf.backend.cpu;

import dev.kerf.backend.cpu.kernel.KernelFamily;
import dev.kerf.backend.cpu.light.LightKernels;
import java.util.List;

/** All kernels of the CPU back end, the preferred first. */
final class Families {
    private Families() {}

    static List<KernelFamily> all() {
        return List.of(new LightKernels(Vectors.present()));
    }
}
