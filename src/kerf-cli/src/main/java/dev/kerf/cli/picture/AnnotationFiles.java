package dev.kerf.cli.picture;

import dev.kerf.cli.option.Claims;
import dev.kerf.formats.AnnotationFormat;
import dev.kerf.formats.AnnotationWriter;
import dev.kerf.formats.Annotations;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

/** The files of {@code --annotations}, of all the formats that are asked for. Used by one thread at a time. */
final class AnnotationFiles implements AutoCloseable {
    private final Path directory;
    private final Set<AnnotationFormat> formats;
    private final List<AnnotationWriter> writers = new ArrayList<>();

    AnnotationFiles(Path directory, Set<AnnotationFormat> formats) {
        this.directory = directory;
        this.formats = formats;
    }

    /** Begins the files, so that a place where none can be written is told of before the work; the directory must exist. */
    AnnotationFiles begin(List<String> labels) {
        if (writers.isEmpty()) {
            formats.forEach(f -> writers.add(f.writer(directory, labels)));
        }
        return this;
    }

    /** Whether there is anything to do. */
    boolean wanted() {
        return !formats.isEmpty();
    }

    /** The files of one picture. */
    List<Path> of(String stem) {
        return formats.stream().flatMap(f -> f.files(directory, stem).stream()).toList();
    }

    /** Takes the files of all pictures. */
    void claim(Claims claims) {
        formats.forEach(f -> claims.take("all images", f.shared(directory), "--out"));
    }

    /** Writes a picture's annotations, which are made only if any are wanted, and says which files are its own. */
    List<Path> add(Supplier<Annotations> picture, String stem) {
        if (formats.isEmpty()) {
            return List.of();
        }
        Annotations made = picture.get();
        writers.forEach(w -> w.add(made, stem));
        return of(stem);
    }

    /** Completes the files of all pictures, and says which they are. */
    List<Path> finish() {
        writers.forEach(AnnotationWriter::finish);
        return writers.isEmpty() ? List.of() : formats.stream().flatMap(f -> f.shared(directory).stream()).toList();
    }

    @Override
    public void close() {
        writers.forEach(AnnotationWriter::close);
    }
}
