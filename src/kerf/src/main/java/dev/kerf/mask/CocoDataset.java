package dev.kerf.mask;

import dev.kerf.error.BadFileException;
import dev.kerf.json.Json;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The truth of a data set in COCO's instance format: its images, categories and annotations, as pycocotools loads them.
 *
 * <pre>{@code
 * CocoDataset truth = CocoDataset.read(Path.of("instances_val2017.json"));
 * truth.categories().get(18).name();                       // dog
 * for (CocoDataset.Annotation a : truth.annotations(139)) a.mask().area();
 * }</pre>
 *
 * <p>Masks stay in the form of the file until {@link Annotation#mask} asks for one.
 */
public final class CocoDataset {
    private final Map<Long, Picture> images = new LinkedHashMap<>();
    private final Map<Integer, Category> categories = new LinkedHashMap<>();
    private final Map<Long, List<Annotation>> annotations = new LinkedHashMap<>();
    private final ImageNumbers numbers;
    private int size;
    private int polygonsLeftOut;

    /**
     * An image of the set.
     *
     * @param id     by which annotations and results name it; where ids are strings, its place in their order from 1
     * @param file   its {@code file_name}; empty if the file gives none
     * @param width  in pixels; 0 if the file gives none: such an image has boxes alone
     * @param height in pixels; 0 if the file gives none
     */
    public record Picture(long id, String file, int width, int height) {
        static Picture of(Json json, long id) {
            boolean sized = json.find("width").isPresent() || json.find("height").isPresent();
            int width = sized ? json.at("width").asInt() : 0;
            int height = sized ? json.at("height").asInt() : 0;
            if (sized && (width < 1 || height < 1 || (long) width * height > Integer.MAX_VALUE)) {
                throw json.error("an image of " + width + "x" + height + " pixels");
            }
            return new Picture(id, json.find("file_name").map(Json::asString).orElse(""), width, height);
        }

        /** The pixels that a {@code segmentation} in this image means. */
        RunLength mask(Json segmentation) {
            if (width == 0) {
                throw segmentation.error("the file gives no width and height of the image; only boxes can be compared");
            }
            return Coco.mask(segmentation, width, height);
        }
    }

    /**
     * A class.
     *
     * @param id    by which annotations and results name it
     * @param name  for people
     * @param thing whether it is of countable things; true where the file doesn't say
     */
    public record Category(int id, String name, boolean thing) implements Serializable {
        static Category of(Json json) {
            int id = json.at("id").asInt();
            return new Category(id, json.find("name").map(Json::asString).orElse("category " + id),
                    json.find("isthing").map(CocoDataset::flag).orElse(true));
        }
    }

    /**
     * A true object.
     *
     * @param id       its number
     * @param image    in which it is
     * @param category its class's id
     * @param area     the file's {@code area}, in pixels
     * @param crowd    whether it is a region of many objects
     * @param json     the whole record
     */
    public record Annotation(long id, Picture image, int category, double area, boolean crowd, Json json) {
        /**
         * Its box.
         *
         * @throws BadFileException if the file gives none
         */
        public Rectangle box() {
            return CocoDataset.box(json.at("bbox"));
        }

        /**
         * Its pixels, decoded at each call.
         *
         * @throws BadFileException if the file gives none, they don't fit the image, or its size isn't known
         */
        public RunLength mask() {
            return image.mask(json.at("segmentation"));
        }
    }

    private CocoDataset(Json json) {
        numbers = ImageNumbers.of(json.at("images").items().stream().map(i -> i.at("id")).toList());
        for (Json image : json.at("images").items()) {
            Picture p = Picture.of(image, numbers.of(image.at("id")));
            if (images.put(p.id, p) != null) {
                throw image.error("another image has the id " + image.at("id"));
            }
        }
        readCategories(json.at("categories"), categories);
        Map<Long, Json> seen = new LinkedHashMap<>();
        for (Json a : json.at("annotations").items()) {
            Annotation annotation = annotation(a);
            Json other = seen.put(annotation.id, a);
            if (other != null) {
                throw a.error("has the id " + annotation.id + " of " + other.path());
            }
            annotations.computeIfAbsent(annotation.image.id, k -> new ArrayList<>()).add(annotation);
            polygonsLeftOut += Coco.polygonsLeftOut(a);
            size++;
        }
    }

    private Annotation annotation(Json a) {
        Picture image = image(a.at("image_id"));
        if (image == null) {
            throw a.at("image_id").error("no image has the id " + a.at("image_id"));
        }
        int category = a.at("category_id").asInt();
        if (!categories.containsKey(category)) {
            throw a.at("category_id").error("no category has the id " + category);
        }
        if (a.find("segments_info").isPresent()) {
            throw a.error("has segments_info: this is a panoptic file, not one of instances");
        }
        return new Annotation(a.at("id").asLong(), image, category, a.at("area").asDouble(),
                a.find("iscrowd").map(CocoDataset::flag).orElse(false), a);
    }

    /** The image of an id as a file gives it, if there is one. */
    @Nullable
    Picture image(Json id) {
        return images.get(numbers.of(id));
    }

    static void readCategories(Json list, Map<Integer, Category> into) {
        for (Json category : list.items()) {
            Category c = Category.of(category);
            if (c.id < 0) {
                throw category.error("ids of categories are 0 or more");
            } else if (into.put(c.id, c) != null) {
                throw category.error("another category has the id " + c.id);
            }
        }
    }

    /** COCO writes 0 and 1, others true and false. */
    static boolean flag(Json json) {
        return json.isBoolean() ? json.asBoolean() : json.asLong() != 0;
    }

    /** Reads x, y, width and height. */
    static Rectangle box(Json json) {
        double[] b = json.asDoubles();
        if (b.length != 4 || !(b[2] >= 0) || !(b[3] >= 0)) {
            throw json.error("a box is x, y, width and height, the last two not negative");
        }
        return new Rectangle(b[0], b[1], b[2], b[3]);
    }

    /**
     * Reads an annotation file.
     *
     * @throws BadFileException if it can't be read or isn't of this format; the message names the record
     */
    public static CocoDataset read(Path file) {
        return of(Json.read(file));
    }

    /**
     * The data set that a document describes.
     *
     * @throws BadFileException as {@link #read}
     */
    public static CocoDataset of(Json json) {
        return new CocoDataset(json);
    }

    /** Images by id, in the file's order. */
    public Map<Long, Picture> images() {
        return Collections.unmodifiableMap(images);
    }

    /** Categories by id, in the file's order. */
    public Map<Integer, Category> categories() {
        return Collections.unmodifiableMap(categories);
    }

    /** An image's annotations in the file's order; none if there is no such image. */
    public List<Annotation> annotations(long image) {
        return List.copyOf(annotations.getOrDefault(image, List.of()));
    }

    /** Polygons that aren't any, having fewer than three corners, and are left out of masks that have others. */
    public int polygonsLeftOut() {
        return polygonsLeftOut;
    }

    /** Number of annotations. */
    public int size() {
        return size;
    }

    /**
     * Detections in COCO's result format: an array of records with {@code image_id}, {@code category_id}, {@code score}, and
     * {@code bbox}, {@code segmentation} or both, as pycocotools' loadRes takes them.
     *
     * <pre>{@code
     * CocoDataset truth = CocoDataset.read(Path.of("instances_val2017.json"));
     * Results found = Results.read(Path.of("results.json"), truth);
     * found.of(139).getFirst().mask();
     * }</pre>
     *
     * <p>As in pycocotools the first record decides for all: if it has a box, every record must, a detection's area is its
     * box's, and one without a mask has its box for one; otherwise the masks give area and box.
     */
    public static final class Results {
        private final Map<Long, List<Result>> results = new LinkedHashMap<>();
        private final Map<Integer, Integer> unknown = new TreeMap<>();
        private int size;
        private int polygonsLeftOut;

        /**
         * A detection.
         *
         * @param image    in which it is
         * @param category its class's id
         * @param score    the greater, the surer
         * @param boxed    whether the file's boxes count
         * @param json     the whole record
         */
        public record Result(CocoDataset.Picture image, int category, double score, boolean boxed, Json json) {
            /** Its box: the file's, or the smallest around the mask. */
            public Rectangle box() {
                return boxed || json.find("bbox").isPresent()
                        ? CocoDataset.box(json.at("bbox"))
                        : Rectangle.of(mask().bounds());
            }

            /** The box's area or, where the file has no boxes, the mask's, in pixels. */
            public double area() {
                return boxed ? box().area() : mask().area();
            }

            /**
             * Its pixels, decoded at each call.
             *
             * @throws BadFileException if they don't fit the image
             */
            public RunLength mask() {
                if (boxed && json.find("segmentation").isEmpty() && image.width() > 0) {
                    Rectangle b = box();
                    double right = b.x() + b.width();
                    double bottom = b.y() + b.height();
                    return RunLength.ofPolygons(image.width(), image.height(),
                            List.of(new double[] {b.x(), b.y(), b.x(), bottom, right, bottom, right, b.y()}));
                }
                return image.mask(json.at("segmentation"));
            }
        }

        private Results(Json json, CocoDataset truth) {
            if (json.isObject() && json.find("annotations").isPresent()) {
                throw json.error("expected an array of results, found a data set; results are what a detector gives, as "
                        + "[{\"image_id\": …, \"category_id\": …, \"bbox\": […], \"score\": …}, …]");
            }
            List<Json> records = json.items();
            boolean boxed = !records.isEmpty() && records.getFirst().find("bbox").filter(b -> b.size() > 0).isPresent();
            for (Json r : records) {
                CocoDataset.Picture image = truth.image(r.at("image_id"));
                if (image == null) {
                    throw r.at("image_id").error("the truth has no image " + r.at("image_id"));
                }
                if (r.at(boxed ? "bbox" : "segmentation").isNull()) {
                    throw r.error("has neither box nor mask");
                }
                int category = r.at("category_id").asInt();
                if (!truth.categories().containsKey(category)) {
                    unknown.merge(category, 1, Integer::sum);
                }
                double score = r.at("score").asDouble();
                if (!Double.isFinite(score)) {
                    throw r.at("score").error("a score of " + score);
                }
                results.computeIfAbsent(image.id(), k -> new ArrayList<>()).add(new Result(image, category, score, boxed, r));
                polygonsLeftOut += Coco.polygonsLeftOut(r);
                size++;
            }
        }

        /**
         * Reads a result file.
         *
         * @param truth whose images the results are of
         * @throws BadFileException if it can't be read, isn't of this format, or names an image that the truth lacks; the
         *                          message names the record
         */
        public static Results read(Path file, CocoDataset truth) {
            return of(Json.read(file), truth);
        }

        /**
         * The results that a document holds.
         *
         * @throws BadFileException as {@link #read}
         */
        public static Results of(Json json, CocoDataset truth) {
            return new Results(json, truth);
        }

        /** An image's detections in the file's order. */
        public List<Result> of(long image) {
            return List.copyOf(results.getOrDefault(image, List.of()));
        }

        /** Categories that the truth doesn't list, with how many results are of each: likely another numbering. */
        public Map<Integer, Integer> unknownCategories() {
            return Collections.unmodifiableMap(unknown);
        }

        /** Polygons that aren't any, as {@link CocoDataset#polygonsLeftOut}. */
        public int polygonsLeftOut() {
            return polygonsLeftOut;
        }

        /** Number of results. */
        public int size() {
            return size;
        }
    }
}
