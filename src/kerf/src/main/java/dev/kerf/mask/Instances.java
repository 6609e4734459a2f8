package dev.kerf.mask;

import dev.kerf.error.BadInputException;
import dev.kerf.file.AtomicFile;
import dev.kerf.json.Json;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.IntFunction;

/**
 * What was found in one image; perhaps nothing.
 *
 * <pre>{@code
 * Instances found = Instances.of(640, 480, classes, scores, corners, masks);
 * found.atLeast(0.5).writePngs(Path.of("out"), "street", names);                // street-001-car.png, …
 * Instances.writeCocoResults(Path.of("results.json"), Map.of(139L, found));
 * }</pre>
 *
 * @param width  of the image
 * @param height of the image
 * @param items  in any order; detectors give the surest first
 */
public record Instances(int width, int height, List<Instance> items) {
    /**
     * One object that was found in an image.
     *
     * @param category number of its class, 0 or more: in COCO files the category's id
     * @param score    how sure the detector is, usually 0 to 1; the greater, the surer
     * @param box      around it, as the detector gives it, which needn't be the mask's own
     * @param mask     its pixels, of the image's size; may be empty
     */
    public record Instance(int category, double score, Rectangle box, RunLength mask) {
        /** Checks category and score. */
        public Instance {
            if (category < 0 || !Double.isFinite(score)) {
                throw new BadInputException("an instance of category " + category + " with score " + score
                        + "; categories are 0 or more, scores finite");
            }
            Objects.requireNonNull(box);
            Objects.requireNonNull(mask);
        }

        /** An instance whose box is the smallest around its mask. */
        public Instance(int category, double score, RunLength mask) {
            this(category, score, Rectangle.of(mask.bounds()), mask);
        }
    }

    /** Checks that all masks are of the image's size; copies the list. */
    public Instances {
        if (width < 1 || height < 1) {
            throw new BadInputException("instances of an image of " + width + "x" + height + " pixels");
        }
        items = List.copyOf(items);
        for (Instance i : items) {
            if (i.mask().width() != width || i.mask().height() != height) {
                throw new BadInputException("a mask of " + i.mask().width() + "x" + i.mask().height()
                        + " pixels doesn't fit an image of " + width + "x" + height);
            }
        }
    }

    /**
     * Instances from a detector's arrays, one element or row for each.
     *
     * @param categories N class numbers
     * @param scores     N
     * @param corners    4 N: left, top, right and bottom edge, in pixels of the image
     * @param masks      U8 (N, height, width), not 0 belongs; the first N of them if there are more
     * @throws BadInputException if the arrays don't fit each other
     */
    public static Instances of(int width, int height, int[] categories, float[] scores, float[] corners,
            HostTensor masks) {
        int n = categories.length;
        var s = masks.shape();
        if (scores.length != n || corners.length != 4 * n || masks.dtype() != DType.U8 || s.rank() != 3
                || s.dim(0) < n || s.dim(1) != height || s.dim(2) != width) {
            throw new BadInputException(n + " categories, " + scores.length + " scores, " + corners.length
                    + " coordinates and masks " + masks + " for an image of " + width + "x" + height
                    + " pixels; expected as many scores, four times as many coordinates, and U8 (N, height, width)");
        }
        List<Instance> items = new ArrayList<>();
        long area = (long) width * height;
        for (int i = 0; i < n; i++) {
            byte[] pixels = new byte[Math.toIntExact(area)];
            MemorySegment.copy(masks.data(), ValueLayout.JAVA_BYTE, i * area, pixels, 0, pixels.length);
            items.add(new Instance(categories[i], scores[i],
                    Rectangle.ofCorners(corners[4 * i], corners[4 * i + 1], corners[4 * i + 2], corners[4 * i + 3]),
                    RunLength.encode(Mask.of(width, height, pixels))));
        }
        return new Instances(width, height, items);
    }

    /** How many. */
    public int size() {
        return items.size();
    }

    /** Those of at least that score. */
    public Instances atLeast(double score) {
        return new Instances(width, height, items.stream().filter(i -> i.score() >= score).toList());
    }

    /** The surest first; equal scores stay in order. */
    public Instances byScore() {
        return new Instances(width, height,
                items.stream().sorted(Comparator.comparingDouble(Instance::score).reversed()).toList());
    }

    /**
     * COCO's result format: an array of {@code image_id}, {@code category_id}, {@code bbox}, {@code score} and
     * {@code segmentation} (compressed run lengths), as pycocotools' loadRes takes it.
     */
    public Json toCocoResults(long imageId) {
        Json out = Json.array();
        for (Instance i : items) {
            out.add(Json.object().put("image_id", imageId).put("category_id", i.category())
                    .put("bbox", i.box().toArray()).put("score", i.score())
                    .put("segmentation", Coco.segmentation(i.mask(), Coco.Form.RUN_LENGTH)));
        }
        return out;
    }

    /**
     * Likewise of a video's frame: {@code image_id} is the frame, the categories are the objects' numbers, and each element has
     * {@code time} and {@code area} besides.
     *
     * @param frame counted from 0
     * @param time  seconds from the first frame
     */
    public Json toCocoResults(int frame, double time) {
        Json out = Json.array();
        for (Instance i : items) {
            out.add(Json.object().put("image_id", frame).put("category_id", i.category()).put("time", time)
                    .put("score", i.score()).put("area", i.mask().area()).put("bbox", i.box().toArray())
                    .put("segmentation", Coco.segmentation(i.mask(), Coco.Form.RUN_LENGTH)));
        }
        return out;
    }

    /**
     * Writes a COCO result file, whole or not at all.
     *
     * @param images what was found, by the image's id; in the map's order
     * @throws dev.kerf.error.BadFileException if it can't be written there
     */
    public static void writeCocoResults(Path file, Map<Long, Instances> images) {
        Json all = Json.array();
        images.forEach((id, found) -> found.toCocoResults(id).items().forEach(all::add));
        AtomicFile.write(file, (all + "\n").getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Writes each mask as a grey PNG of the image's size, 255 inside and 0 outside.
     *
     * @return {@link #pngs}
     * @throws dev.kerf.error.BadFileException if one can't be written there
     */
    public List<Path> writePngs(Path directory, String stem, IntFunction<String> names) {
        List<Path> files = pngs(directory, stem, names);
        for (int i = 0; i < files.size(); i++) {
            AtomicFile.write(files.get(i), items.get(i).mask().decode().toImage().toPng());
        }
        return files;
    }

    /**
     * The files of {@link #writePngs}, called STEM-001-CLASS.png and so on, in the order of the instances.
     *
     * @param names of categories; what a file name can't hold becomes an underscore
     */
    public List<Path> pngs(Path directory, String stem, IntFunction<String> names) {
        List<Path> files = new ArrayList<>();
        for (Instance i : items) {
            String name = names.apply(i.category()).replaceAll("[^\\p{L}\\p{N}.]+", "_");
            String number = String.format(Locale.ROOT, "%03d", files.size() + 1);
            files.add(directory.resolve(stem + "-" + number + "-" + name + ".png"));
        }
        return files;
    }
}
