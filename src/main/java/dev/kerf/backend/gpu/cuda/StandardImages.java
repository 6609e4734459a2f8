package dev.kerf.backend.gpu.cuda;

import dev.kerf.error.BackendUnavailableException;
import java.util.Map;

/** Shipped code. */
final class StandardImages implements KernelImages {
    @Override
    public Image find(String kernel, Map<String, String> definitions, Chip chip) {
        return ShippedImages.find(kernel, definitions, chip)
                .orElseThrow(() -> new BackendUnavailableException("cuda: no code of kernel " + kernel + " with "
                        + ShippedImages.key(definitions) + " for " + chip.architecture() + " is shipped"));
    }
}
