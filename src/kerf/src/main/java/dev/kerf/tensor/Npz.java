package dev.kerf.tensor;

import dev.kerf.error.BadFileException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/** NumPy's archives ({@code numpy.savez} and {@code savez_compressed}): a zip file with a {@code .npy} for each array. */
final class Npz {
    /** An array may unpack to this, or to a multiple of the file; arrays of few values compress well. */
    private static final long FREE = 256L << 20;

    private static final int HIGHEST_RATIO = 64;
    private static final int NAMES_IN_ERRORS = 3;
    private static final int LONGEST_NAME = 100;

    private Npz() {}

    /** The {@code .npy} file in an archive of one array, of at most a number of bytes. */
    static byte[] only(Path file, int most) throws IOException {
        try (ZipFile zip = new ZipFile(file.toFile())) {
            List<? extends ZipEntry> entries = Collections.list(zip.entries());
            if (entries.size() != 1) {
                throw new BadFileException(file + ": holds " + entries.size() + " arrays (" + entries.stream()
                        .limit(NAMES_IN_ERRORS).map(e -> printable(e.getName())).collect(Collectors.joining(", "))
                        + (entries.size() > NAMES_IN_ERRORS ? " …" : "") + "), expected one; save the one by itself");
            }
            ZipEntry entry = entries.getFirst();
            long length = entry.getSize();
            if (length > most || length > FREE && length / HIGHEST_RATIO > Files.size(file)) {
                throw new BadFileException(file + ": " + printable(entry.getName()) + " claims to unpack to " + length
                        + " bytes from a file of " + Files.size(file) + ": refused");
            }
            try (InputStream in = zip.getInputStream(entry)) {
                byte[] array = in.readNBytes((int) length);
                if (array.length != length || in.read() >= 0) {
                    throw new BadFileException(file + ": " + printable(entry.getName()) + " hasn't the " + length
                            + " bytes that the archive says");
                }
                return array;
            }
        } catch (ZipException e) {
            throw new BadFileException(file + ": is a damaged .npz archive (" + e.getMessage() + ")", e);
        }
    }

    private static String printable(String name) {
        return (name.length() > LONGEST_NAME ? name.substring(0, LONGEST_NAME) + "…" : name).replaceAll("\\p{Cntrl}", "?");
    }
}
