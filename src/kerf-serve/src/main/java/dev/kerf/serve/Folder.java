package dev.kerf.serve;

import dev.kerf.error.BadFileException;
import dev.kerf.image.ImageInfo.FileType;
import java.io.IOException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The folder whose pictures may be opened: nothing outside of it, and nothing hidden. */
final class Folder {
    /** Folders within folders that are looked into. */
    private static final int DEPTH = 6;
    private static final int MOST_FILES = 10_000;
    private static final Set<String> ENDINGS = Stream.of(FileType.values()).flatMap(t -> t.endings().stream())
            .collect(Collectors.toUnmodifiableSet());

    private final Path root;

    /** @throws BadFileException if there is no such folder */
    Folder(Path folder) {
        try {
            root = folder.toRealPath();
        } catch (IOException e) {
            throw new BadFileException(folder + ": there is no such folder to serve", e);
        }
        if (!Files.isDirectory(root)) {
            throw new BadFileException(folder + ": is no folder; give the one that the pictures lie in");
        }
    }

    /** What it is called. */
    String name() {
        Path last = root.getFileName();
        return last == null ? "/" : last.toString();
    }

    /**
     * The file at a path in the folder.
     *
     * @throws Refusal 404 if none is there, or if it isn't in the folder: which of them isn't said
     */
    Path file(String path) {
        try {
            Path relative = Path.of(path);
            boolean hidden = false;
            for (Path step : relative) {
                hidden |= step.toString().startsWith(".");
            }
            if (!relative.isAbsolute() && !hidden) {
                Path real = root.resolve(relative).toRealPath();
                if (real.startsWith(root) && Files.isRegularFile(real, LinkOption.NOFOLLOW_LINKS)) {
                    return real;
                }
            }
        } catch (InvalidPathException | IOException e) {
            // As one that isn't there.
        }
        throw new Refusal(404, "there is no such picture in the folder");
    }

    /** Paths of what is called like a picture, in their order. */
    List<String> files() {
        List<String> found = new ArrayList<>();
        try {
            Files.walkFileTree(root, EnumSet.noneOf(FileVisitOption.class), DEPTH, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes a) {
                    return directory.equals(root) || !hidden(directory)
                            ? FileVisitResult.CONTINUE
                            : FileVisitResult.SKIP_SUBTREE;
                }

                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes a) {
                    String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
                    if (a.isRegularFile() && !hidden(file) && ENDINGS.contains(name.substring(name.lastIndexOf('.') + 1))) {
                        found.add(root.relativize(file).toString());
                    }
                    return found.size() < MOST_FILES ? FileVisitResult.CONTINUE : FileVisitResult.TERMINATE;
                }

                @Override
                public FileVisitResult visitFileFailed(Path file, IOException e) {
                    // A folder that may not be read shows nothing.
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (IOException e) {
            throw new Refusal(500, "the folder can't be read");
        }
        found.sort(null);
        return found;
    }

    private static boolean hidden(Path file) {
        return file.getFileName().toString().startsWith(".");
    }
}
