package dev.kerf.mask;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.file.AtomicFile;
import dev.kerf.json.Json;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;

/**
 * Annotations in COCO's JSON format: {@code images}, {@code annotations} and {@code categories}, as pycocotools loads
 * them. A category's id is its class number; annotations are numbered from 1.
 *
 * <pre>{@code
 * Coco coco = new Coco(List.of("background", "cat"));
 * int image = coco.addImage("cat.jpg", labels.width(), labels.height());
 * coco.addLabels(image, labels, 0);                                   // one annotation for each class but 0
 * coco.write(Path.of("cat.json"), Coco.Form.RUN_LENGTH);
 * }</pre>
 */
public final class Coco {
    /** How a mask is written. */
    public enum Form {
        /** {@code {"size": [height, width], "counts": "…"}}: compressed run lengths, exact. */
        RUN_LENGTH,
        /** Lists of corners as {@link Mask#polygons()} makes them, exact; holes are reached by cuts. */
        POLYGONS
    }

    /** A mask with its class; the score is that of a detection. */
    private record Annotation(int image, int category, RunLength mask, OptionalDouble score) {
    }

    private record Picture(String file, int width, int height) {
    }

    private final List<String> categories;
    private final List<Picture> pictures = new ArrayList<>();
    private final List<Annotation> annotations = new ArrayList<>();

    /** Without images; the names are those of classes 0, 1, …. */
    public Coco(List<String> categories) {
        this.categories = List.copyOf(categories);
    }

    /** Adds an image and returns its id: 1 for the first. */
    public int addImage(String file, int width, int height) {
        pictures.add(new Picture(file, width, height));
        return pictures.size();
    }

    /** Adds one annotation for each class that occurs, except the background; -1 for no background. */
    public void addLabels(int image, LabelMap labels, int background) {
        long[] counts = labels.counts(labels.max() + 1);
        for (int label = 0; label < counts.length; label++) {
            if (counts[label] > 0 && label != background) {
                add(image, label, RunLength.encode(labels.mask(label)), OptionalDouble.empty());
            }
        }
    }

    /**
     * Adds an annotation.
     *
     * @param image id from {@link #addImage}
     * @param score of a detection, 0 to 1
     * @throws BadInputException if there is no such image or the mask is of another size than it
     */
    public void add(int image, int category, RunLength mask, OptionalDouble score) {
        if (image < 1 || image > pictures.size()) {
            throw new BadInputException("there is no image " + image + " to annotate; ids go from 1 to "
                    + pictures.size());
        }
        Picture p = pictures.get(image - 1);
        if (mask.width() != p.width || mask.height() != p.height) {
            throw new BadInputException("a mask of " + mask.width() + "x" + mask.height() + " pixels doesn't fit "
                    + p.file
                    + " of " + p.width + "x" + p.height);
        }
        annotations.add(new Annotation(image, category, mask, score));
    }

    /** The whole document. */
    public Json toJson(Form form) {
        Json images = Json.array();
        for (int i = 0; i < pictures.size(); i++) {
            Picture p = pictures.get(i);
            images.add(Json.object().put("id", i + 1).put("file_name", p.file)
                    .put("width", p.width).put("height", p.height));
        }
        Json list = Json.array();
        int most = categories.size() - 1;
        for (int i = 0; i < annotations.size(); i++) {
            list.add(json(i + 1, annotations.get(i), form));
            most = Math.max(most, annotations.get(i).category);
        }
        Json kinds = Json.array();
        for (int i = 0; i <= most; i++) {
            if (i < categories.size() || isUsed(i)) {
                String name = i < categories.size() ? categories.get(i) : "class " + i;
                kinds.add(Json.object().put("id", i).put("name", name));
            }
        }
        return Json.object().put("images", images).put("annotations", list).put("categories", kinds);
    }

    private boolean isUsed(int category) {
        return annotations.stream().anyMatch(a -> a.category == category);
    }

    private static Json json(int id, Annotation a, Form form) {
        Box box = a.mask.bounds();
        Json json = Json.object().put("id", id).put("image_id", a.image).put("category_id", a.category)
                .put("segmentation", segmentation(a.mask, form)).put("area", a.mask.area())
                .put("bbox", new int[] {box.x(), box.y(), box.width(), box.height()}).put("iscrowd", 0);
        if (a.score.isPresent()) {
            json.put("score", a.score.getAsDouble());
        }
        return json;
    }

    /** One mask as the value of COCO's {@code segmentation}. */
    public static Json segmentation(RunLength mask, Form form) {
        if (form == Form.RUN_LENGTH) {
            return Json.object().put("size", new int[] {mask.height(), mask.width()})
                    .put("counts", mask.toCocoString());
        }
        Json polygons = Json.array();
        for (double[] p : mask.decode().polygons()) {
            // Corners of pixels are whole numbers.
            polygons.add(Arrays.stream(p).mapToInt(v -> (int) v).toArray());
        }
        return polygons;
    }

    /**
     * Reads a {@code segmentation}: polygons, or run lengths compressed or not. Among polygons those of fewer than three
     * corners are left out, which in pycocotools cover nothing.
     *
     * @param width  of the image; run lengths must be of its size
     * @param height of the image
     * @throws BadFileException if it is none of these or makes no mask of that size
     */
    public static RunLength mask(Json segmentation, int width, int height) {
        try {
            if (segmentation.isArray()) {
                List<Json> polygons = segmentation.items().stream().filter(Coco::isPolygon).toList();
                return RunLength.ofPolygons(width, height, (polygons.isEmpty() ? segmentation.items() : polygons).stream()
                        .map(Json::asDoubles).toList());
            }
            long[] size = segmentation.at("size").asLongs();
            if (size.length != 2 || size[0] != height || size[1] != width) {
                throw segmentation.error("is of size " + Arrays.toString(size) + ", the image of [" + height + ", "
                        + width + "]");
            }
            Json counts = segmentation.at("counts");
            return counts.isString()
                    ? RunLength.ofCocoString(width, height, counts.asString())
                    : RunLength.of(width, height, lengths(counts));
        } catch (BadInputException e) {
            throw segmentation.error(e.getMessage());
        }
    }

    private static boolean isPolygon(Json polygon) {
        return polygon.size() >= 6 && polygon.size() % 2 == 0;
    }

    /** How many polygons of a record {@link #mask} leaves out. */
    static int polygonsLeftOut(Json annotation) {
        List<Json> all = annotation.find("segmentation").filter(Json::isArray).map(Json::items).orElse(List.of());
        long good = all.stream().filter(p -> !p.isArray() || isPolygon(p)).count();
        return good == 0 ? 0 : (int) (all.size() - good);
    }

    private static int[] lengths(Json counts) {
        long[] runs = counts.asLongs();
        int[] lengths = new int[runs.length];
        for (int i = 0; i < runs.length; i++) {
            if (runs[i] < 0 || runs[i] > Integer.MAX_VALUE) {
                throw counts.at(i).error("is no run length");
            }
            lengths[i] = (int) runs[i];
        }
        return lengths;
    }

    /**
     * Writes the document, whole or not at all.
     *
     * @throws BadFileException if it can't be written there
     */
    public void write(Path file, Form form) {
        AtomicFile.write(file, (toJson(form) + "\n").getBytes(StandardCharsets.UTF_8));
    }
}
