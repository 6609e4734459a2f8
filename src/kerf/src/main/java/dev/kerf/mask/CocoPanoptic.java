package dev.kerf.mask;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.image.Image;
import dev.kerf.json.Json;
import dev.kerf.mask.Panoptic.Segment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Panoptic pictures in COCO's format: a JSON file that describes their segments, and a directory of PNG files whose
 * pixels are the segments' ids, R + 256 G + 65536 B. Truths list their categories, predictions needn't.
 *
 * <pre>{@code
 * CocoPanoptic truth = CocoPanoptic.read(Path.of("panoptic_val2017.json"), Path.of("panoptic_val2017"));
 * for (long image : truth.images()) truth.picture(image).segments();
 * }</pre>
 *
 * <p>Pictures stay in their files until {@link #picture} asks for one.
 */
public final class CocoPanoptic {
    private final Path directory;
    private final Map<Integer, CocoDataset.Category> categories = new LinkedHashMap<>();
    private final Map<Long, Json> annotations = new LinkedHashMap<>();

    private CocoPanoptic(Json json, Path directory) {
        this.directory = directory;
        if (json.isObject() && json.find("categories").isPresent()) {
            CocoDataset.readCategories(json.at("categories"), categories);
        }
        for (Json a : json.at("annotations").items()) {
            long image = a.at("image_id").asLong();
            if (a.find("segments_info").isEmpty()) {
                throw a.error("has no segments_info: this is no panoptic file");
            }
            if (annotations.put(image, a) != null) {
                throw a.error("another annotation is of image " + image);
            }
        }
    }

    /**
     * Reads a panoptic file.
     *
     * @param directory of its PNG files; panopticapi's default for {@code x.json} is {@code x}
     * @throws BadFileException if it can't be read or isn't of this format, or there is no such directory; the message
     *                          names the record
     */
    public static CocoPanoptic read(Path file, Path directory) {
        return of(Json.read(file), directory);
    }

    /**
     * What a document describes.
     *
     * @throws BadFileException as {@link #read}
     */
    public static CocoPanoptic of(Json json, Path directory) {
        if (!Files.isDirectory(directory)) {
            throw new BadFileException(directory + ": no such directory; it should hold the panoptic PNG files");
        }
        return new CocoPanoptic(json, directory);
    }

    /** Categories by id, in the file's order; none if the file lists none. */
    public Map<Integer, CocoDataset.Category> categories() {
        return Collections.unmodifiableMap(categories);
    }

    /** Ids of the images, in the file's order. */
    public List<Long> images() {
        return List.copyOf(annotations.keySet());
    }

    /** Whether the file has an image. */
    public boolean has(long image) {
        return annotations.containsKey(image);
    }

    /** The file of an image's picture. */
    public Path file(long image) {
        Json a = annotations.get(image);
        if (a == null) {
            throw new BadInputException("there is no image " + image);
        }
        Json name = a.at("file_name");
        if (name.asString().isEmpty() || !Path.of(name.asString()).getFileName().toString().equals(name.asString())) {
            throw name.error("is no name of a file in " + directory);
        }
        return directory.resolve(name.asString());
    }

    /**
     * Reads an image's picture.
     *
     * @throws BadFileException  if it can't be read, isn't in colour of 8 bits, or has a pixel whose id no segment has
     * @throws BadInputException if there is no such image
     */
    public Panoptic picture(long image) {
        Path file = file(image);
        Image rgb = Panoptic.readPng(file);
        int[] ids = Panoptic.ids(rgb);
        Json infos = annotations.get(image).at("segments_info");
        Map<Integer, Integer> classes = new LinkedHashMap<>();
        for (Json s : infos.items()) {
            int id = s.at("id").asInt();
            if (id < 1 || id > Segment.MOST_ID) {
                throw s.at("id").error("ids of segments are 1 to 2^24 - 1; 0 is void");
            }
            if (classes.put(id, s.at("category_id").asInt()) != null) {
                throw s.error("another segment has the id " + id);
            }
        }
        try {
            return Panoptic.of(rgb.width(), rgb.height(), ids, described(Panoptic.of(rgb.width(), rgb.height(), ids,
                    classes), infos));
        } catch (BadInputException e) {
            throw new BadFileException(file + ": " + e.getMessage() + "; " + infos.path() + " describes "
                    + infos.size(), e);
        }
    }

    /** The segments in the file's order, with the file's areas and crowds. */
    private static List<Segment> described(Panoptic counted, Json infos) {
        Map<Integer, Segment> seen = new LinkedHashMap<>();
        counted.segments().forEach(s -> seen.put(s.id(), s));
        List<Segment> segments = new ArrayList<>();
        for (Json s : infos.items()) {
            int id = s.at("id").asInt();
            Segment c = seen.get(id);
            long area = s.find("area").map(Json::asLong).orElse(c == null ? 0 : c.area());
            segments.add(new Segment(id, s.at("category_id").asInt(),
                    s.find("iscrowd").map(CocoDataset::flag).orElse(false), area, c == null ? Box.EMPTY : c.box()));
        }
        return segments;
    }
}
