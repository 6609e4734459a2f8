package dev.kerf.backend.gpu.cuda;

import dev.kerf.error.BackendUnavailableException;
import java.util.Map;
import java.util.TreeMap;

/** The kernels' code as it is shipped. */
final class ShippedImages implements KernelImages {
    @Override
    public Image find(String kernel, Map<String, String> definitions, Chip chip) {
        throw new BackendUnavailableException("cuda: no code of kernel " + kernel + " with " + new TreeMap<>(definitions)
                + " for " + chip.architecture() + " is shipped");
    }
}
