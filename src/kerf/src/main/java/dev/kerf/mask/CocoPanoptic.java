package dev.kerf.mask;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.image.Image;
import dev.kerf.json.Json;
import dev.kerf.mask.Panoptic.Segment;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

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
    private final ImageNumbers numbers;

    private CocoPanoptic(Json json, Path directory, @Nullable CocoPanoptic truth) {
        this.directory = directory;
        if (json.isObject() && json.find("categories").isPresent()) {
            CocoDataset.readCategories(json.at("categories"), categories);
        }
        List<Json> ids = json.at("annotations").items().stream().map(a -> a.at("image_id")).toList();
        numbers = truth == null ? ImageNumbers.of(ids) : truth.numbers.and(ids);
        for (Json a : json.at("annotations").items()) {
            if (a.find("segments_info").isEmpty()) {
                throw a.error("has no segments_info: this is no panoptic file");
            }
            if (annotations.put(numbers.of(a.at("image_id")), a) != null) {
                throw a.error("another annotation is of image " + a.at("image_id"));
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
        return of(json, directory, null);
    }

    /**
     * The prediction that a document describes.
     *
     * @param truth by whose numbers its images are known, which matters where ids are strings
     * @throws BadFileException as {@link #read}
     */
    public static CocoPanoptic of(Json json, Path directory, @Nullable CocoPanoptic truth) {
        if (!Files.isDirectory(directory)) {
            throw new BadFileException(directory + ": no such directory; it should hold the panoptic PNG files");
        }
        return new CocoPanoptic(json, directory, truth);
    }

    /** Categories by id, in the file's order; none if the file lists none. */
    public Map<Integer, CocoDataset.Category> categories() {
        return Collections.unmodifiableMap(categories);
    }

    /** Ids of the images, in the file's order; where the file has strings, their places among them in order, from 1. */
    public List<Long> images() {
        return List.copyOf(annotations.keySet());
    }

    /** Whether the file has an image. */
    public boolean has(long image) {
        return annotations.containsKey(image);
    }

    /**
     * The file of an image's picture.
     *
     * @throws BadFileException  if its name leads out of the directory
     * @throws BadInputException if there is no such image
     */
    public Path file(long image) {
        Json name = annotation(image).at("file_name");
        return within(directory, name.asString()).orElseThrow(() -> name.error("is no name of a file in " + directory));
    }

    /** A file of that name in the directory, if it is one that a file can have. */
    static Optional<Path> within(Path directory, String name) {
        try {
            Path file = Path.of(name);
            return file.getNameCount() == 1 && file.toString().equals(name) && !file.isAbsolute()
                    && !Set.of("", ".", "..").contains(name) ? Optional.of(directory.resolve(file)) : Optional.empty();
        } catch (InvalidPathException e) {
            return Optional.empty();
        }
    }

    /** An image's id as the file has it. */
    public String id(long image) {
        Json id = annotation(image).at("image_id");
        return id.isString() ? id.asString() : id.toString();
    }

    private Json annotation(long image) {
        Json a = annotations.get(image);
        if (a == null) {
            throw new BadInputException("there is no image " + image);
        }
        return a;
    }

    /**
     * Reads an image's picture. Where the file lists a segment with the id 0, which is void elsewhere, that segment gets the
     * least id that is free.
     *
     * @throws BadFileException  if it can't be read, isn't in colour of 8 bits, or has a pixel whose id no segment has
     * @throws BadInputException if there is no such image
     */
    public Panoptic picture(long image) {
        Json infos = annotation(image).at("segments_info");
        Path file = file(image);
        Image rgb = Panoptic.readPng(file);
        int[] ids = Panoptic.ids(rgb);
        Map<Integer, Json> segments = new LinkedHashMap<>();
        for (Json s : infos.items()) {
            int id = s.at("id").asInt();
            if (id < 0 || id > Segment.MOST_ID) {
                throw s.at("id").error("ids of segments are 0 to 2^24 - 1");
            }
            if (segments.put(id, s) != null) {
                throw s.error("another segment has the id " + id);
            }
        }
        if (segments.containsKey(0)) {
            int free = IntStream.rangeClosed(1, Segment.MOST_ID).filter(id -> !segments.containsKey(id)).findFirst()
                    .orElseThrow(() -> infos.error("every id is taken"));
            segments.put(free, segments.remove(0));
            for (int i = 0; i < ids.length; i++) {
                if (ids[i] == free) {
                    throw new BadFileException(file + ": pixel (" + i % rgb.width() + ", " + i / rgb.width() + ") has the id "
                            + free + ", which no segment has");
                }
                ids[i] = ids[i] == 0 ? free : ids[i];
            }
        }
        Map<Integer, Integer> classes = new LinkedHashMap<>();
        segments.forEach((id, s) -> classes.put(id, s.at("category_id").asInt()));
        try {
            Panoptic counted = Panoptic.of(rgb.width(), rgb.height(), ids, classes);
            return Panoptic.of(rgb.width(), rgb.height(), ids, described(counted, segments));
        } catch (BadInputException e) {
            throw new BadFileException(file + ": " + e.getMessage() + "; " + infos.path() + " describes "
                    + infos.size(), e);
        }
    }

    /** The segments in the file's order, with the file's areas and crowds. */
    private static List<Segment> described(Panoptic counted, Map<Integer, Json> infos) {
        Map<Integer, Segment> seen = new LinkedHashMap<>();
        counted.segments().forEach(s -> seen.put(s.id(), s));
        List<Segment> segments = new ArrayList<>();
        infos.forEach((id, s) -> {
            Segment c = seen.get(id);
            long area = s.find("area").map(Json::asLong).orElse(c == null ? 0 : c.area());
            segments.add(new Segment(id, s.at("category_id").asInt(),
                    s.find("iscrowd").map(CocoDataset::flag).orElse(false), area, c == null ? Box.EMPTY : c.box()));
        });
        return segments;
    }
}
