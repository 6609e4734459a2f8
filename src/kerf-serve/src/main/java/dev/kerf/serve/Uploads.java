package dev.kerf.serve;

import dev.kerf.image.video.FrameSource;
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
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Pictures and videos that clients send, kept as files. None is overwritten: one of a name that there is gets a number, and the same
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

    /** Looks at what was sent: what it is, or why it isn't taken. */
    private interface Checked<T> {
        T of(String id, Path file, String name) throws IOException;
    }

    /**
     * Keeps what a client sends.
     *
     * @param asked the name that the client gives it; anything
     * @throws Refusal 413 of too many bytes or pixels, 422 if it is no picture, 507 if the disk's share is full
     */
    Original take(InputStream in, String asked) throws IOException {
        return take(in, asked, uploadBytes, (id, part, name) -> {
            Original o = Original.of(id, part, name, true, pixels);
            Path file = keep(part, id, name, o.type().endings());
            return new Original(id, file.toRealPath(), file.getFileName().toString(), o.type(), o.width(), o.height(), true);
        });
    }

    /** {@link #take} of a video, which may be as large as what the disk has left. */
    Clip takeVideo(InputStream in, String asked) throws IOException {
        return take(in, asked, disk, (id, part, name) -> {
            Clip c = Clip.of(id, part, name, true, pixels);
            String ending = Clip.ending(name);
            Path file = keep(part, id, name,
                    List.of(FrameSource.ENDINGS.contains(ending) || ending.equals("gif") ? ending : "mp4"));
            return new Clip(id, file.toRealPath(), file.getFileName().toString(), c.width(), c.height(), c.frames(), c.rate(),
                    true);
        });
    }

    private <T> T take(InputStream in, String asked, long most, Checked<T> checked) throws IOException {
        Files.createDirectories(directory);
        Path part = Files.createTempFile(directory, PART, "");
        try {
            String id;
            try (OutputStream out = Files.newOutputStream(part)) {
                id = Original.id(in, out, most);
            }
            return checked.of(id, part, cleaned(asked));
        } finally {
            Files.deleteIfExists(part);
        }
    }

    /** One at a time, so that what the disk has left is counted right. */
    private synchronized Path keep(Path part, String id, String name, List<String> endings) throws IOException {
        if (taken() > disk) {
            throw new Refusal(507,
                    "pictures and videos that were sent take " + (disk >> 20) + " MiB, which is all they may; remove"
                            + " some of them from the folder of uploads");
        }
        String stem = name;
        for (String known : endings) {
            if (stem.toLowerCase(Locale.ROOT).endsWith("." + known)) {
                stem = stem.substring(0, stem.length() - known.length() - 1);
            }
        }
        for (int i = 1;; i++) {
            Path file = directory.resolve(stem + (i == 1 ? "" : "-" + i) + "." + endings.getFirst());
            try {
                // Fails if there is one, in one step.
                Files.createLink(file, part);
                return file;
            } catch (FileAlreadyExistsException e) {
                if (Original.id(file).equals(id)) {
                    return file;
                }
            } catch (UnsupportedOperationException e) {
                Files.copy(part, file);
                return file;
            }
        }
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
        return all(name -> !FrameSource.ENDINGS.contains(Clip.ending(name)));
    }

    /** Names of the videos that there are, in order. */
    List<String> videos() {
        return all(name -> Clip.isNamedSo(directory.resolve(name)));
    }

    private List<String> all(Predicate<String> which) {
        List<String> found = new ArrayList<>();
        if (Files.isDirectory(directory)) {
            try (Stream<Path> all = Files.list(directory)) {
                all.map(f -> f.getFileName().toString()).filter(n -> !n.startsWith(".") && which.test(n)).limit(MOST_FILES)
                        .forEach(found::add);
            } catch (IOException e) {
                throw new Refusal(500, "the folder of uploads can't be read");
            }
        }
        found.sort(null);
        return found;
    }

    /** @throws Refusal 404 if there is none of this name */
    Path file(String name) {
        if (!files().contains(name) && !videos().contains(name)) {
            throw new Refusal(404, "no picture of this name was sent");
        }
        return directory.resolve(name);
    }
}
