package dev.kerf.image.video;

import dev.kerf.error.BadFileException;
import dev.kerf.image.Image;
import dev.kerf.image.ImageInfo.FileType;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A folder's images, in natural order of their names. Hidden files aren't frames. */
final class FolderSource implements FrameDecoder {
    /** Frames in a second. */
    static final int RATE = 25;

    private static final List<String> ENDINGS = Stream.of(FileType.values())
            .flatMap(type -> type.endings().stream()).sorted().toList();

    private final List<Path> files;
    /** Names of the frames; none where two files differ in their endings only. */
    private final List<String> names;
    private int next;

    /**
     * @throws BadFileException if there are no images in it
     */
    FolderSource(Path folder) {
        List<Path> found = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
            for (Path entry : entries) {
                String name = entry.getFileName().toString();
                String ending = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
                if (FileType.knows(ending) && !name.startsWith(".") && Files.isRegularFile(entry)) {
                    found.add(entry);
                }
            }
        } catch (IOException e) {
            throw new BadFileException(folder + ": can't be listed (" + e + ")", e);
        }
        if (found.isEmpty()) {
            throw new BadFileException(folder + ": no images in it (looked for "
                    + String.join(", ", ENDINGS) + ")");
        }
        found.sort(Comparator.comparing(f -> f.getFileName().toString(), new NaturalOrder()));
        files = List.copyOf(found);
        List<String> stems = files.stream().map(FolderSource::stem).distinct().toList();
        names = stems.size() == files.size() ? stems : List.of();
    }

    private static String stem(Path file) {
        String name = file.getFileName().toString();
        return name.substring(0, name.lastIndexOf('.'));
    }

    @Override
    public String frameName(int index) {
        return names.isEmpty() ? FrameDecoder.super.frameName(index) : names.get(index);
    }

    @Override
    public FrameSource.Rate rate() {
        return new FrameSource.Rate(RATE, 1);
    }

    @Override
    public OptionalInt count() {
        return OptionalInt.of(files.size());
    }

    @Override
    public @Nullable Image read() {
        return next == files.size() ? null : Image.read(files.get(next++));
    }

    @Override
    public void close() {
        // Each file was closed when it had been read.
        next = files.size();
    }
}
