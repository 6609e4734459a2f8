package dev.kerf.backend.gpu.cuda;

import dev.kerf.backend.Precision.Storage;
import dev.kerf.backend.gpu.kernel.KernelSource;
import dev.kerf.backend.gpu.kernel.Manifest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * The kernels' code as it is shipped: {@code kernels/ptx/ARCHITECTURE/NAME.ptx}, of the architectures that the device
 * runs the one nearest to it first; what is of a later PTX version than the driver takes is passed over. A file holds
 * PTX modules and an index of them ({@link PtxFile}).
 */
final class ShippedImages {
    private static final String FOLDER = "/dev/kerf/kernels/ptx/";
    private static final Map<String, PtxFile> FILES = new ConcurrentHashMap<>();

    private ShippedImages() {}

    /** Definitions as files and messages name them: by name, {@code A=1 B=2}. */
    static String key(Map<String, String> definitions) {
        List<String> words = new ArrayList<>();
        new TreeMap<>(definitions).forEach((name, value) -> words.add(name + "=" + value));
        return String.join(" ", words);
    }

    /** Code of a kernel with exactly these definitions that the driver loads; empty if none is shipped. */
    static Optional<KernelImages.Image> find(String kernel, Map<String, String> definitions, KernelImages.Chip chip) {
        return all(kernel, definitions, chip).findFirst();
    }

    /** All of it, that for the nearest architecture first; read when it is asked for. */
    static Stream<KernelImages.Image> all(String kernel, Map<String, String> definitions, KernelImages.Chip chip) {
        return KernelSource.own(kernel) ? Stream.empty() : all(kernel, definitions, chip, ShippedImages::file);
    }

    /** The same of other files than {@code ARCHITECTURE/NAME.ptx}. */
    static Stream<KernelImages.Image> all(String kernel, Map<String, String> definitions, KernelImages.Chip chip,
            Function<String, PtxFile> files) {
        String key = key(definitions);
        String half = derived(kernel, definitions)
                ? key.replace(KernelSource.STORAGE + "=" + Storage.BF16.code(), KernelSource.STORAGE + "=" + Storage.F16.code())
                : key;
        return architectures(chip).stream().flatMap(architecture -> {
            String file = architecture + "/" + kernel + ".ptx";
            byte[] module = files.apply(file).module(half);
            return module == null || PtxVersion.of(module) > PtxVersion.ofDriver(chip.driver())
                    ? Stream.empty()
                    : Stream.of(new KernelImages.Image(half.equals(key) ? module : Bfloat16.of(module), "kernels/ptx/" + file));
        });
    }

    /** Whether code is made of float16's. */
    static boolean derived(String kernel, Map<String, String> definitions) {
        return String.valueOf(Storage.BF16.code()).equals(definitions.get(KernelSource.STORAGE))
                && Manifest.known(kernel) && Manifest.of(kernel).storages().contains(Storage.BF16);
    }

    /** Code for {@code a} runs on its own architecture alone, other code on all later ones too. */
    private static List<String> architectures(KernelImages.Chip chip) {
        List<String> all = new ArrayList<>();
        if (chip.major() == 9 && chip.minor() == 0) {
            all.add("sm_90a");
        }
        if (chip.major() >= 8) {
            all.add("sm_80");
        }
        if (chip.major() > 7 || chip.major() == 7 && chip.minor() >= 5) {
            all.add("sm_75");
        }
        return all;
    }

    private static PtxFile file(String name) {
        return FILES.computeIfAbsent(name, n -> new PtxFile("kernels/ptx/" + n,
                () -> ShippedImages.class.getResourceAsStream(FOLDER + n)));
    }
}
