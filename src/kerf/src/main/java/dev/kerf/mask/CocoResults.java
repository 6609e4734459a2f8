package dev.kerf.mask;

import dev.kerf.error.BadFileException;
import dev.kerf.json.Json;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Detections in COCO's result format: an array of records with {@code image_id}, {@code category_id}, {@code score}, and
 * {@code bbox}, {@code segmentation} or both, as pycocotools' loadRes takes them.
 *
 * <pre>{@code
 * CocoDataset truth = CocoDataset.read(Path.of("instances_val2017.json"));
 * CocoResults found = CocoResults.read(Path.of("results.json"), truth);
 * found.of(139).getFirst().mask();
 * }</pre>
 *
 * <p>As in pycocotools the first record decides for all: if it has a box, every record must, a detection's area is its
 * box's, and one without a mask has its box for one; otherwise the masks give area and box.
 */
public final class CocoResults {
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
            return boxed || json.find("bbox").isPresent() ? CocoDataset.box(json.at("bbox")) : Rectangle.of(mask().bounds());
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

    private CocoResults(Json json, CocoDataset truth) {
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
    public static CocoResults read(Path file, CocoDataset truth) {
        return of(Json.read(file), truth);
    }

    /**
     * The results that a document holds.
     *
     * @throws BadFileException as {@link #read}
     */
    public static CocoResults of(Json json, CocoDataset truth) {
        return new CocoResults(json, truth);
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
