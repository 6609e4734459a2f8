package dev.kerf.serve;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * Pictures that clients send, kept as files. None is overwritten: one of a name that there is gets a number, and the same
 * content isn't kept twice under the same name.
 */
final class Uploads {
    private static final int LONGEST_NAME = 60;
    private static final int MOST_FILES = 10_000;
    private static final String PART = ".part-";
    private static final String NAMELESS = "picture";

    private final Path directory;
    private final long uploadBytes;
    private final long pixels;
    private final long disk;

    Uploads(Path work, ServeOptions.Limits limits) {
        this.directory = work.resolve("uploads");
        this.uploadBytes = limits.uploadBytes();
        this.pixels = limits.pixels();
        this.disk = limits.disk();
    }

    /**
     * Keeps what a client sends.
     *
     * @param asked the name that the client gives it; anything
     * @throws Refusal 413 of too many bytes or pixels, 422 if it is no picture, 507 if the disk's share is full
     */
    Original take(InputStream in, String asked) throws IOException {
        Files.createDirectories(directory);
        Path part = Files.createTempFile(directory, PART, "");
        try {
            String id;
            try (OutputStream out = Files.newOutputStream(part)) {
                id = Original.id(in, out, uploadBytes);
            }
            Original checked = Original.of(id, part, cleaned(asked), true, pixels);
            return keep(part, checked);
        } finally {
            Files.deleteIfExists(part);
        }
    }

    /** One at a time, so that what the disk has left is counted right. */
    private synchronized Original keep(Path part, Original checked) throws IOException {
        if (taken() > disk) {
            throw new Refusal(507, "pictures that were sent take " + (disk >> 20) + " MiB, which is all they may; remove some"
                    + " of them from the folder of uploads");
        }
        String ending = "." + checked.type().endings().getFirst();
        String stem = checked.name();
        for (String known : checked.type().endings()) {
            if (stem.toLowerCase(Locale.ROOT).endsWith("." + known)) {
                stem = stem.substring(0, stem.length() - known.length() - 1);
            }
        }
        for (int i = 1;; i++) {
            String name = stem + (i == 1 ? "" : "-" + i) + ending;
            Path file = directory.resolve(name);
            try {
                // Fails if there is one, in one step.
                Files.createLink(file, part);
                return named(checked, file, name);
            } catch (FileAlreadyExistsException e) {
                if (Original.id(file).equals(checked.id())) {
                    return named(checked, file, name);
                }
            } catch (UnsupportedOperationException e) {
                Files.copy(part, file);
                return named(checked, file, name);
            }
        }
    }

    private static Original named(Original o, Path file, String name) throws IOException {
        return new Original(o.id(), file.toRealPath(), name, o.type(), o.width(), o.height(), true);
    }

    /** Of all files, those that are on the way too. */
    private long taken() throws IOException {
        long sum = 0;
        try (Stream<Path> all = Files.list(directory)) {
            for (Path file : (Iterable<Path>) all::iterator) {
                sum += Files.size(file);
            }
        }
        return sum;
    }

    /** Letters, digits and what is harmless among them; never empty, hidden or long. */
    static String cleaned(String asked) {
        String last = asked.substring(Math.max(asked.lastIndexOf('/'), asked.lastIndexOf('\\')) + 1);
        String plain = last.replaceAll("[^\\p{L}\\p{N} ._()-]", "_").replaceFirst("^[. ]+", "").strip();
        int end = Math.min(plain.length(), LONGEST_NAME);
        // Not between the two halves of a character.
        end -= end > 0 && end < plain.length() && Character.isHighSurrogate(plain.charAt(end - 1)) ? 1 : 0;
        String name = plain.substring(0, end);
        try {
            // Where the locale has no such characters, files can't be called so.
            return Path.of(name).toString().isEmpty() ? NAMELESS : name;
        } catch (InvalidPathException e) {
            return NAMELESS;
        }
    }

    /** Names of the pictures that there are, in order. */
    List<String> files() {
        List<String> found = new ArrayList<>();
        if (Files.isDirectory(directory)) {
            try (Stream<Path> all = Files.list(directory)) {
                all.map(f -> f.getFileName().toString()).filter(n -> !n.startsWith(".")).limit(MOST_FILES).forEach(found::add);
            } catch (IOException e) {
                throw new Refusal(500, "the folder of uploads can't be read");
            }
        }
        found.sort(null);
        return found;
    }

    /** @throws Refusal 404 if there is none of this name */
    Path file(String name) {
        if (!files().contains(name)) {
            throw new Refusal(404, "no picture of this name was sent");
        }
        return directory.resolve(name);
    }
}
