package dev.kerf.backend.gpu.cuda;

import dev.kerf.backend.gpu.kernel.Dialect;
import dev.kerf.backend.gpu.kernel.KernelSource;
import dev.kerf.error.BackendUnavailableException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Shipped code where there is any for exactly these definitions, machine code before PTX; else from the user's cache; else
 * compiled by NVRTC. What a driver makes of PTX is kept in the cache, too.
 */
final class StandardImages implements KernelImages {
    private final ImageCache cache;
    private final Supplier<NvrtcLibrary.Found> search;
    private NvrtcLibrary.Found found;

    /**
     * @param cache  where compiled code is kept
     * @param search finds the compiler, once, when the first kernel needs it
     */
    StandardImages(ImageCache cache, Supplier<NvrtcLibrary.Found> search) {
        this.cache = cache;
        this.search = search;
    }

    @Override
    public Image find(String kernel, Map<String, String> definitions, Chip chip) {
        return ShippedImages.find(kernel, definitions, chip).orElseGet(() -> compiled(kernel, definitions, chip));
    }

    @Override
    public Stream<Image> all(String kernel, Map<String, String> definitions, Chip chip) {
        return Stream.concat(
                ShippedImages.all(kernel, definitions, chip)
                        .flatMap(ptx -> Stream.concat(ShippedCubins.of(ptx, chip), Stream.of(ptx))),
                Stream.of(kernel).map(k -> compiled(k, definitions, chip)));
    }

    @Override
    public Image assembled(String kernel, Image image, Chip chip, Supplier<byte[]> assembler) {
        return cache.assembled(kernel, image, chip, assembler);
    }

    @Override
    public void forget(String kernel, Image image, Chip chip) {
        cache.forget(kernel, image, chip);
    }

    private Image compiled(String kernel, Map<String, String> definitions, Chip chip) {
        Nvrtc nvrtc = compiler(kernel, definitions, chip);
        String architecture = nvrtc.architecture(chip);
        if (architecture == null) {
            throw new BackendUnavailableException("cuda: " + nvrtc.name() + " compiles for no architecture that "
                    + chip.name() + " (" + chip.architecture() + ") runs; install an NVRTC of its time");
        }
        List<String> options = new ArrayList<>(List.of("--gpu-architecture=" + architecture, "--fmad=false"));
        new TreeMap<>(definitions).forEach((name, value) -> options.add("-D" + name + "=" + value));
        String source = KernelSource.of(kernel, Dialect.CUDA);
        String driver = "driver " + chip.driver();
        Path file = cache.file(kernel, "ptx", List.of(source, String.join(" ", options), driver, "nvrtc " + nvrtc.version()));
        Optional<byte[]> kept = cache.read(file);
        if (kept.isPresent()) {
            return new Image(kept.get(), file.toString());
        }
        String ptx = nvrtc.compile(source, "kernel " + kernel + " with " + ShippedImages.key(definitions), options);
        byte[] image = PtxVersion.lowered(PtxVersion.plain(ptx), chip.driver()).getBytes(StandardCharsets.UTF_8);
        cache.write(file, image);
        return new Image(image, nvrtc.name());
    }

    private synchronized Nvrtc compiler(String kernel, Map<String, String> definitions, Chip chip) {
        if (found == null) {
            found = search.get();
        }
        if (found.nvrtc() == null) {
            throw new BackendUnavailableException("cuda: kernel " + kernel + " with " + ShippedImages.key(definitions)
                    + " isn't shipped for " + chip.architecture() + ", and NVRTC, which would compile it, isn't "
                    + "found: install NVIDIA's CUDA toolkit or Python's nvidia-cuda-nvrtc, or name libnvrtc.so by -D"
                    + NvrtcLibrary.PROPERTY + "=FILE; tried " + found.looked());
        }
        return found.nvrtc();
    }
}
