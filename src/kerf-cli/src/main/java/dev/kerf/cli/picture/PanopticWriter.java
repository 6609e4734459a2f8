package dev.kerf.cli.picture;

import dev.kerf.error.BadInputException;
import dev.kerf.file.AtomicFile;
import dev.kerf.json.Json;
import dev.kerf.mask.Box;
import dev.kerf.mask.CocoDataset;
import dev.kerf.mask.Panoptic;
import dev.kerf.mask.Panoptic.Segment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Writes panoptic pictures in COCO's format: PNG files as they come, then the JSON file that describes them. Used by
 * one thread at a time.
 *
 * <pre>{@code
 * PanopticWriter out = new PanopticWriter(Path.of("panoptic"), categories);
 * out.add(139, "street.jpg", "street.png", picture);   // panoptic/street.png
 * out.write(Path.of("panoptic.json"));
 * }</pre>
 */
public final class PanopticWriter {
    private final Path directory;
    private final Json categories = Json.array();
    private final Json images = Json.array();
    private final Json annotations = Json.array();
    private final Set<Long> ids = new HashSet<>();
    private final Set<String> names = new HashSet<>();

    /**
     * Writes nothing yet.
     *
     * @param directory  of the PNG files; must exist
     * @param categories that the JSON file is to list
     */
    public PanopticWriter(Path directory, List<CocoDataset.Category> categories) {
        this.directory = directory;
        for (CocoDataset.Category c : categories) {
            this.categories.add(Json.object().put("id", c.id()).put("name", c.name())
                    .put("isthing", c.thing() ? 1 : 0));
        }
    }

    /**
     * Writes an image's PNG and takes it up into the JSON file.
     *
     * @param image by which others name it
     * @param file  name of the image
     * @param name  of the PNG
     * @return the PNG
     * @throws BadInputException if an image of that id, or one whose PNG has that name, was added before
     * @throws dev.kerf.error.BadFileException if it can't be written there
     */
    public Path add(long image, String file, String name, Panoptic picture) {
        if (!ids.add(image) || !names.add(name)) {
            throw new BadInputException("image " + image + ", " + name + ": an image of that id or name was added "
                    + "before");
        }
        Path png = directory.resolve(name);
        picture.writePng(png);
        collect(describe(image, file, name, picture));
        return png;
    }

    /** Takes a description up into the JSON file; the PNG is there. */
    void collect(Json described) {
        images.add(described.at("image"));
        annotations.add(described.at("annotation"));
    }

    /** What the JSON file says of an image: as {@code image} and as {@code annotation}. */
    static Json describe(long image, String file, String name, Panoptic picture) {
        Json infos = Json.array();
        for (Segment s : picture.segments()) {
            Box b = s.box();
            infos.add(Json.object().put("id", s.id()).put("category_id", s.category()).put("area", s.area())
                    .put("bbox", new int[] {b.x(), b.y(), b.width(), b.height()}).put("iscrowd", s.crowd() ? 1 : 0));
        }
        return Json.object()
                .put("image", Json.object().put("id", image).put("file_name", file).put("width", picture.width())
                        .put("height", picture.height()))
                .put("annotation", Json.object().put("image_id", image).put("file_name", name).put("segments_info", infos));
    }

    /**
     * Writes the JSON file, whole or not at all.
     *
     * @throws dev.kerf.error.BadFileException if it can't be written there
     */
    public void write(Path file) {
        AtomicFile.write(file, (Json.object().put("images", images).put("annotations", annotations)
                .put("categories", categories) + "\n").getBytes(StandardCharsets.UTF_8));
    }
}
