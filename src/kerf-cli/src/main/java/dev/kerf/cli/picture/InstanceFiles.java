package dev.kerf.cli.picture;

import dev.kerf.cli.option.Claims;
import dev.kerf.cli.picture.DetectCommand.Format;
import dev.kerf.cli.picture.ImageInputs.Input;
import dev.kerf.file.AtomicFile;
import dev.kerf.formats.Annotations;
import dev.kerf.image.Image;
import dev.kerf.json.Json;
import dev.kerf.mask.Instances;
import dev.kerf.mask.Instances.Instance;
import dev.kerf.mask.Overlay;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntFunction;
import java.util.regex.Pattern;

/** The files that are made of the instances of each image. */
final class InstanceFiles {
    private static final String RESULTS = "-instances.json";
    private static final String KEPT = "results";
    private static final String OVERLAY = "-overlay.png";

    private final Path directory;
    private final Set<Format> formats;
    private final boolean overlay;
    private final boolean legend;
    private final IntFunction<String> names;
    private final ImageIds ids;
    private final AnnotationFiles annotations;
    private final Json results = Json.array();

    InstanceFiles(Path directory, Set<Format> formats, boolean overlay, boolean legend, IntFunction<String> names,
            ImageIds ids, AnnotationFiles annotations) {
        this.directory = directory;
        this.formats = formats;
        this.overlay = overlay;
        this.legend = legend;
        this.names = names;
        this.ids = ids;
        this.annotations = annotations;
    }

    /** What is made of an image; of masks those that may be and have the name of an input. */
    List<Path> of(Input input, List<Input> inputs) {
        List<Path> files = new ArrayList<>();
        if (formats.contains(Format.RLE)) {
            files.add(file(input, RESULTS));
        }
        if (overlay && !input.joined()) {
            files.add(file(input, OVERLAY));
        }
        files.addAll(annotations.of(input.name()));
        if (formats.contains(Format.MASKS)) {
            inputs.stream().map(i -> i.file().getFileName().toString())
                    .filter(n -> n.matches(Pattern.quote(input.name()) + "-\\d{3,}-.+\\.png"))
                    .forEach(n -> files.add(directory.resolve(n)));
        }
        return files;
    }

    private Path file(Input input, String ending) {
        return directory.resolve(input.name() + ending);
    }

    /** Takes the files of masks, which only the result tells. */
    void claim(Input input, Instances found, Claims claims) {
        if (formats.contains(Format.MASKS)) {
            List<Path> masks = found.pngs(directory, input.name(), names);
            if (input.isLive()) {
                claims.check(input.title(), masks, "--out");
            } else {
                claims.take(input.title(), masks, "--out");
            }
        }
    }

    /** What results are called; COCO's number of the image is in them. */
    String called(Input input) {
        return input.name() + " " + ids.of(input);
    }

    /** Writes the files of one image; {@code kept} takes what goes on. */
    ImageRun.Written write(Input input, Image image, Instances found, Json kept) {
        List<Path> files = new ArrayList<>();
        long id = ids.of(input);
        if (ids.shared()) {
            kept.put(KEPT, found.toCocoResults(id));
        }
        if (formats.contains(Format.RLE)) {
            Instances.writeCocoResults(file(input, RESULTS), Map.of(id, found));
            files.add(file(input, RESULTS));
        }
        if (formats.contains(Format.MASKS)) {
            files.addAll(found.writePngs(directory, input.name(), names));
        }
        if (overlay) {
            Overlay colours = Overlay.of(names);
            input.draw((legend ? colours : colours.withoutText()).draw(image, found), file(input, OVERLAY));
            if (!input.joined()) {
                files.add(file(input, OVERLAY));
            }
        }
        annotations.keep(kept, () -> Annotations.of(input.picture(), found, names));
        files.addAll(annotations.of(input.name()));
        return new ImageRun.Written(image.width(), image.height(), line(found, names), details(id, found, names), files, kept);
    }

    /** Takes what was kept of an image. */
    void collect(Input input, Json kept) {
        kept.find(KEPT).ifPresent(own -> own.items().forEach(results::add));
        annotations.collect(kept, input.name());
    }

    /** Writes what was found in all images. */
    void writeResults(Path file) {
        AtomicFile.write(file, (results + "\n").getBytes(StandardCharsets.UTF_8));
    }

    /** Classes by how many there are, in order of the surest of each. */
    static String line(Instances found, IntFunction<String> names) {
        Map<String, Integer> counts = new LinkedHashMap<>();
        found.items().forEach(i -> counts.merge(names.apply(i.category()), 1, Integer::sum));
        List<String> parts = new ArrayList<>();
        counts.forEach((name, n) -> parts.add(n == 1 ? name : name + " ×" + n));
        return parts.isEmpty() ? "nothing found" : String.join(", ", parts);
    }

    /** What was found in an image, as JSON. */
    static Json details(long id, Instances found, IntFunction<String> names) {
        Json items = Json.array();
        for (Instance i : found.items()) {
            items.add(Json.object().put("name", names.apply(i.category())).put("category_id", i.category())
                    .put("score", i.score()).put("bbox", i.box().toArray()).put("pixels", i.mask().area()));
        }
        return Json.object().put("image_id", id).put("instances", items);
    }
}
