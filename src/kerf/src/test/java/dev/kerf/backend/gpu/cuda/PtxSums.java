package dev.kerf.backend.gpu.cuda;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;

/**
 * Hashes of the PTX that is checked in, as {@link PtxBuild} writes it and {@code sha256sum -c} reads it: code that was changed by hand, or
 * merged in part, is found without nvcc.
 */
final class PtxSums {
    /** Where they are in {@code kernels/ptx}. */
    static final String FILE = "SHA256SUMS";
    private static final String BETWEEN = "  ";

    private PtxSums() {}

    /** By file, relative to the folder. */
    static Map<Path, String> read(Path file) throws IOException {
        Map<Path, String> all = new TreeMap<>();
        for (String line : Files.readAllLines(file)) {
            String[] parts = line.split(BETWEEN, 2);
            all.put(Path.of(parts[1]), parts[0]);
        }
        return all;
    }

    /** What {@link #read} reads. */
    static String text(Map<Path, String> all) {
        StringBuilder text = new StringBuilder();
        new TreeMap<>(all).forEach((file, sum) -> text.append(sum).append(BETWEEN)
                .append(file.toString().replace(File.separatorChar, '/')).append('\n'));
        return text.toString();
    }

    /** The hash of a file's text. */
    static String of(String text) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }
}
