package dev.kerf.backend.gpu.cuda;

import dev.kerf.error.BadFileException;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Machine code of the shipped PTX, if the jar with it is there: {@code META-INF/kerf/cubin/ARCHITECTURE/HASH.cubin}, by the
 * hash of the PTX that it was made of, so that code of other PTX is never found.
 */
final class ShippedCubins {
    /** Where the jar has them. */
    static final String FOLDER = "META-INF/kerf/cubin/";

    private ShippedCubins() {}

    /** The name that machine code of a module has within its architecture's folder. */
    static String name(byte[] ptx) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(ptx), 0, 16) + ".cubin";
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    /** Machine code that a chip runs: that for its own architecture, or for an earlier one with the same major number. */
    static Stream<KernelImages.Image> of(KernelImages.Image ptx, KernelImages.Chip chip) {
        return of(ptx, chip, ShippedCubins.class.getClassLoader()::getResourceAsStream);
    }

    /** The same of other resources. */
    static Stream<KernelImages.Image> of(KernelImages.Image ptx, KernelImages.Chip chip,
            Function<String, InputStream> resources) {
        String name = name(ptx.bytes());
        for (int minor = chip.minor(); minor >= 0; minor--) {
            String file = FOLDER + "sm_" + chip.major() + minor + "/" + name;
            try (InputStream in = resources.apply(file)) {
                if (in != null) {
                    return Stream.of(new KernelImages.Image(in.readAllBytes(), file));
                }
            } catch (IOException e) {
                throw new BadFileException(file + " can't be read (" + e + ")", e);
            }
        }
        return Stream.empty();
    }
}
