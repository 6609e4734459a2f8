package dev.kerf.cli.picture;

import dev.kerf.cli.option.Claims;
import dev.kerf.formats.AnnotationFormat;
import dev.kerf.formats.AnnotationWriter;
import dev.kerf.formats.Annotations;
import dev.kerf.formats.Annotations.Item;
import dev.kerf.formats.Annotations.Kind;
import dev.kerf.json.Json;
import dev.kerf.mask.RunLength;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.Supplier;

/**
 * The files of {@code --annotations}, of all the formats that are asked for. Used by one thread at a
 * time, but for what is kept of a picture.
 */
final class AnnotationFiles implements AutoCloseable {
    private static final String KEPT = "annotations";

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

    /** Keeps a picture's annotations, which are made only if any are wanted, for {@link #collect}; by any thread. */
    void keep(Json kept, Supplier<Annotations> picture) {
        if (!formats.isEmpty()) {
            kept.put(KEPT, json(picture.get()));
        }
    }

    /** Writes what was kept of a picture. */
    void collect(Json kept, String stem) {
        if (!formats.isEmpty()) {
            kept.find(KEPT).map(AnnotationFiles::annotations).ifPresent(a -> writers.forEach(w -> w.add(a, stem)));
        }
    }

    private static Json json(Annotations a) {
        Json items = Json.array();
        for (Item i : a.items()) {
            Json item = Json.object().put("label", i.label()).put("kind", i.kind().name()).put("mask", i.mask().toCocoString())
                    .put("group", i.group());
            items.add(i.score().isEmpty() ? item : item.put("score", i.score().getAsDouble()));
        }
        return Json.object().put("file", a.file()).put("width", a.width()).put("height", a.height()).put("items", items);
    }

    private static Annotations annotations(Json json) {
        int width = json.at("width").asInt();
        int height = json.at("height").asInt();
        List<Item> items = new ArrayList<>();
        for (Json i : json.at("items").items()) {
            items.add(new Item(i.at("label").asString(), Kind.valueOf(i.at("kind").asString()),
                    RunLength.ofCocoString(width, height, i.at("mask").asString()),
                    i.find("score").map(s -> OptionalDouble.of(s.asDouble())).orElse(OptionalDouble.empty()),
                    i.at("group").asInt()));
        }
        return new Annotations(json.at("file").asString(), width, height, items);
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
