package dev.kerf.backend.cpu;

import dev.kerf.backend.cpu.dense.DenseKernels;
import dev.kerf.backend.cpu.kernel.KernelFamily;
import dev.kerf.backend.cpu.light.LightKernels;
import java.util.List;

/** All kernels of the CPU back end, the preferred first. */
final class Families {
    private Families() {}

    static List<KernelFamily> all() {
        // The dense kernels are nothing but vectors: without the module their classes must not even load.
        return Vectors.present()
                ? List.of(new DenseKernels(), new LightKernels(true))
                : List.of(new LightKernels(false));
    }
}
