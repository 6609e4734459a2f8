package dev.kerf.backend.gpu.cuda;

import dev.kerf.backend.Precision;
import dev.kerf.error.BackendUnavailableException;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Where the code of kernels for NVIDIA GPUs comes from: shipped PTX, a cache on disk, a compiler. Whatever drives libcuda
 * asks it for each kernel that it loads, once for each set of definitions; answers aren't cached by the one who asks.
 * Implementations are thread-safe.
 *
 * <pre>{@code
 * KernelImages.Image image = KernelImages.standard().find("softmax", Map.of("GROUP", "128"), new Chip(9, 0, 12060, "…"));
 * }</pre>
 */
public interface KernelImages {
    /** What there is code in for every kernel. */
    List<Precision> PRECISIONS = List.of(Precision.FLOAT32, Precision.FLOAT16, Precision.BFLOAT16);

    /**
     * What a device can be asked for: from sm_80 on tensor cores have forms of their own for float32's products.
     *
     * @param sm its architecture, 90 for sm_90
     */
    static List<Precision> precisions(int sm) {
        return sm < 80 ? PRECISIONS : Stream.concat(PRECISIONS.stream(), Stream.of(Precision.TF32)).toList();
    }

    /**
     * What code is to run on.
     *
     * @param major  compute capability, before the point
     * @param minor  compute capability, after the point
     * @param driver CUDA version of the driver as {@code cuDriverGetVersion} says it: 12060 for 12.6. It bounds the PTX
     *               version that the driver takes
     * @param name   the device as its driver names it
     */
    record Chip(int major, int minor, int driver, String name) {
        /** The architecture, such as {@code sm_90}. */
        public String architecture() {
            return "sm_" + major + minor;
        }
    }

    /**
     * Code of one kernel.
     *
     * @param bytes PTX text in ASCII without a 0 at its end, or a cubin or fatbin; not to be changed
     * @param origin where it comes from, for messages: a file, the cache, a compiler with its version
     */
    record Image(byte[] bytes, String origin) {
        /** Whether it is PTX, which the driver compiles, rather than machine code. */
        public boolean ptx() {
            return bytes.length < 4 || bytes[0] != 0x7F && bytes[0] != 0x50; // ELF, or the fatbin's 0xBA55ED50
        }
    }

    /**
     * Code of a kernel.
     *
     * @param kernel      its entry
     * @param definitions all preprocessor definitions: parameters and attributes
     * @param chip        what it is to run on
     * @throws dev.kerf.error.BackendUnavailableException if there is none and none can be made; says what was looked for,
     *         where, and what would help
     * @throws dev.kerf.error.DeviceException if a compiler refuses it, with its log
     */
    Image find(String kernel, Map<String, String> definitions, Chip chip);

    /**
     * All code of a kernel that there is, in the order in which a driver is to try it: it may refuse what its version and
     * its device seem to allow. Each is looked for when it is asked for, and may not be found like that of {@link #find}.
     */
    default Stream<Image> all(String kernel, Map<String, String> definitions, Chip chip) {
        return Stream.of(find(kernel, definitions, chip));
    }

    /**
     * Machine code of PTX: what was kept of an earlier time, or else what the driver's compiler makes of it now.
     *
     * @param image     PTX
     * @param assembler makes a cubin of it; throws if the driver refuses the PTX
     * @return {@code image} where nothing is kept: the driver compiles it when it loads it
     */
    default Image assembled(String kernel, Image image, Chip chip, Supplier<byte[]> assembler) {
        return image;
    }

    /** Forgets what is kept of PTX, which a driver has refused. */
    default void forget(String kernel, Image image, Chip chip) {}

    /** What Kerf ships, and nothing that a compiler has made here. */
    static KernelImages shipped() {
        return (kernel, definitions, chip) -> ShippedImages.find(kernel, definitions, chip)
                .orElseThrow(() -> new BackendUnavailableException("kernel " + kernel + " with "
                        + ShippedImages.key(definitions) + " isn't shipped for " + chip.architecture()));
    }

    /** Whether there is a compiler for what doesn't ship. */
    static boolean compiles() {
        return NvrtcLibrary.find().nvrtc() != null;
    }

    /** What Kerf ships and what it can compile here. */
    static KernelImages standard() {
        return new StandardImages(ImageCache.ofUser(), NvrtcLibrary::find);
    }
}
