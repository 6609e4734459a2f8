package dev.kerf.backend.gpu.cuda;

import dev.kerf.backend.gpu.kernel.Dialect;
import dev.kerf.backend.gpu.kernel.KernelSource;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;

/** Images for the stand-in: the portable kernels' own sources, and those of a test. */
public final class SourceImages implements KernelImages {
    private final Map<String, String> others;

    /** The shipped kernels. */
    public SourceImages() {
        this(Map.of());
    }

    /** The shipped kernels and others: entry → source. */
    SourceImages(Map<String, String> others) {
        this.others = Map.copyOf(others);
    }

    @Override
    public Image find(String kernel, Map<String, String> definitions, Chip chip) {
        StringBuilder text = new StringBuilder("// kerf stand-in\n// definitions:");
        new TreeMap<>(definitions).forEach((name, value) -> text.append(" -D").append(name).append('=').append(value));
        text.append('\n').append(others.containsKey(kernel) ? others.get(kernel) : KernelSource.of(kernel, Dialect.OPENCL));
        return new Image(text.toString().getBytes(StandardCharsets.UTF_8), kernel + ".cl");
    }
}
