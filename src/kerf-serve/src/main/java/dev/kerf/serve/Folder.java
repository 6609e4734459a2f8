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
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/** The folder whose pictures may be opened: nothing outside of it, and nothing hidden. */
final class Folder {
    /** Folders within folders that are looked into. */
    private static final int DEPTH = 6;
    private static final int MOST_FILES = 10_000;

    /** What a GIF was when it was read, and whether it moves. */
    private record Gif(String state, boolean moves) {}

    private final Path root;
    private final Map<Path, Gif> gifs = new ConcurrentHashMap<>();

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
        return within(path).filter(f -> Files.isRegularFile(f, LinkOption.NOFOLLOW_LINKS))
                .orElseThrow(() -> new Refusal(404, "there is no such picture in the folder"));
    }

    /**
     * The video at a path in the folder: a file, or a folder whose pictures all lie in it.
     *
     * @throws Refusal 404 likewise
     */
    Path video(String path) {
        Path found = within(path).orElseThrow(() -> new Refusal(404, "there is no such video in the folder"));
        if (Files.isDirectory(found)) {
            try (Stream<Path> all = Files.list(found)) {
                for (Path file : (Iterable<Path>) all::iterator) {
                    if (Files.isSymbolicLink(file) && !file.toRealPath().startsWith(root)) {
                        throw new Refusal(404, "there is no such video in the folder");
                    }
                }
            } catch (IOException e) {
                throw new Refusal(404, "there is no such video in the folder");
            }
        }
        return found;
    }

    /** The real path of what isn't hidden and lies in the folder. */
    private Optional<Path> within(String path) {
        try {
            Path relative = Path.of(path);
            boolean hidden = false;
            for (Path step : relative) {
                hidden |= step.toString().startsWith(".") && !step.toString().equals(".");
            }
            if (!relative.isAbsolute() && !hidden) {
                Path real = root.resolve(relative).toRealPath();
                return real.startsWith(root) ? Optional.of(real) : Optional.empty();
            }
        } catch (InvalidPathException | IOException e) {
            // As one that isn't there.
        }
        return Optional.empty();
    }

    /** Paths of what is called like a picture, in their order. */
    List<String> files() {
        List<String> found = new ArrayList<>();
        walk((file, name) -> {
            if (FileType.knows(Clip.ending(name))) {
                found.add(name);
            }
            return found.size() < MOST_FILES;
        });
        found.sort(null);
        return found;
    }

    /**
     * Paths of videos, in their order: what is called like one, GIFs that move, and folders of two pictures or more, which end with
     * a slash.
     */
    List<String> videos() {
        Set<String> found = new TreeSet<>();
        Map<Path, Integer> pictures = new HashMap<>();
        walk((file, name) -> {
            if (FileType.knows(Clip.ending(name)) && pictures.merge(file.getParent(), 1, Integer::sum) == 2) {
                found.add(root.relativize(file.getParent()) + "/");
            }
            if (moves(file)) {
                found.add(name);
            }
            return found.size() < MOST_FILES;
        });
        // The folder itself has no name in itself.
        return found.stream().map(n -> n.equals("/") ? "./" : n).toList();
    }

    /** A GIF has to be read to know: once, while it stays as it is. */
    private boolean moves(Path file) {
        if (!Clip.ending(file.getFileName().toString()).equals("gif")) {
            return Clip.isNamedSo(file);
        }
        try {
            String state = Files.size(file) + " " + Files.getLastModifiedTime(file);
            Gif known = gifs.get(file);
            if (known == null || !known.state.equals(state)) {
                known = new Gif(state, Clip.isNamedSo(file));
                gifs.put(file, known);
            }
            return known.moves;
        } catch (IOException e) {
            return false;
        }
    }

    /** Goes on with the next file, given with its path in the folder, or not. */
    private interface Visitor {
        boolean visit(Path file, String name);
    }

    private void walk(Visitor each) {
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
                    return !a.isRegularFile() || hidden(file) || each.visit(file, root.relativize(file).toString())
                            ? FileVisitResult.CONTINUE
                            : FileVisitResult.TERMINATE;
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
    }

    private static boolean hidden(Path file) {
        return file.getFileName().toString().startsWith(".");
    }
}
