package dev.kerf.metrics;

import dev.kerf.error.BadInputException;
import dev.kerf.mask.CocoDataset;
import dev.kerf.mask.CocoResults;
import dev.kerf.mask.Instances;
import dev.kerf.mask.RunLength;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;

/**
 * COCO's average precision and recall of detected boxes or masks, image by image. Used by one thread at a time.
 *
 * <pre>{@code
 * CocoDataset truth = CocoDataset.read(Path.of("instances_val2017.json"));
 * try (Device device = Backends.open("cpu"); Overlaps overlaps = new Overlaps(device)) {
 *     AveragePrecision ap = AveragePrecision.masks(overlaps);
 *     for (long image : truth.images().keySet()) ap.add(truth, image, detect(image));
 *     ap.scores().ap();             // mean over IoU 0.50 to 0.95 and all classes
 *     ap.scores().apAt(0.5);
 *     ap.scores().of(18).ap();      // one class
 * }
 * }</pre>
 *
 * <p>As pycocotools has it (Lin et al. 2014, "Microsoft COCO: Common objects in context", and cocoeval.py): precision at
 * 101 recalls; a match needs an IoU of at least the threshold; of a crowd the IoU is intersection over the detection's
 * area and any number may match it; equal scores stay in order, across images in ascending order of their ids. Classes
 * are those that occur; one without truth has score −1 and is left out of means. Unlike there, an annotation whose id
 * is 0 is like any other.
 */
public final class AveragePrecision {
    private final ApProtocol protocol;
    private final boolean boxes;
    private final boolean classes;
    private final PairIou pairs;
    private final Map<Integer, List<ImageMatches>> matches = new TreeMap<>();
    private final Set<Long> images = new HashSet<>();

    /** IoU of every detection of one image and class with every true object, [detection][object]. */
    @FunctionalInterface
    private interface PairIou {
        double[][] of(List<Detection> detections, List<GroundTruth> truth);
    }

    private AveragePrecision(ApProtocol protocol, boolean boxes, boolean classes, PairIou pairs) {
        this.protocol = protocol;
        this.boxes = boxes;
        this.classes = classes;
        this.pairs = pairs;
    }

    /** Of boxes, by COCO's protocol. Boxes are compared in float64 on the host. */
    public static AveragePrecision boxes() {
        return boxes(ApProtocol.COCO);
    }

    /** Of boxes. */
    public static AveragePrecision boxes(ApProtocol protocol) {
        return new AveragePrecision(protocol, true, true, AveragePrecision::boxIou);
    }

    /** Of masks, by COCO's protocol. */
    public static AveragePrecision masks(Overlaps overlaps) {
        return masks(overlaps, ApProtocol.COCO);
    }

    /**
     * Of masks.
     *
     * @param overlaps counts pixels on its device, and must outlive this
     */
    public static AveragePrecision masks(Overlaps overlaps, ApProtocol protocol) {
        MaskPairs counts = new MaskPairs(overlaps);
        return new AveragePrecision(protocol, false, true, (found, truth) -> iou(found, truth,
                counts.measure(each(found, Detection::mask), each(truth, GroundTruth::mask))));
    }

    /** Of masks by the smaller of their IoU and Boundary IoU, by COCO's protocol and {@link BoundaryIou#RATIO}. */
    public static AveragePrecision boundaries(Overlaps overlaps) {
        return boundaries(overlaps, BoundaryIou.RATIO, ApProtocol.COCO);
    }

    /**
     * Of masks by the smaller of their IoU and Boundary IoU (Cheng et al. 2021, section 6), crowds by the former alone.
     *
     * @param overlaps counts pixels on its device, and must outlive this
     * @param ratio    of the image's diagonal, to which boundaries reach
     */
    public static AveragePrecision boundaries(Overlaps overlaps, double ratio, ApProtocol protocol) {
        // Refused here rather than with the first pair.
        Boundary.distance(1, 1, ratio);
        MaskPairs counts = new MaskPairs(overlaps);
        return new AveragePrecision(protocol, false, true, (found, truth) -> {
            List<RunLength> a = each(found, Detection::mask);
            List<RunLength> b = each(truth, GroundTruth::mask);
            double[][] out = iou(found, truth, counts.measure(a, b));
            double[][] near = iou(found, truth, counts.measure(boundaries(a, ratio), boundaries(b, ratio)));
            for (int g = 0; g < truth.size(); g++) {
                for (int d = 0; d < out.length && !truth.get(g).crowd(); d++) {
                    out[d][g] = Math.min(out[d][g], near[d][g]);
                }
            }
            return out;
        });
    }

    /**
     * The same measure of whether things are found, whatever they are taken for: all are of class 0. What pycocotools
     * does with {@code useCats = 0}; equal scores then come in the order of their classes.
     *
     * @return empty, whatever was added to this
     */
    public AveragePrecision classAgnostic() {
        return new AveragePrecision(protocol, boxes, false, pairs);
    }

    private static List<RunLength> boundaries(List<RunLength> masks, double ratio) {
        return masks.stream().map(m -> RunLength.encode(Boundary.of(m.decode(), ratio))).toList();
    }

    /**
     * Adds an image, in any order of images.
     *
     * @param image      its id
     * @param truth      what is in it
     * @param detections what was found in it, in any order
     * @throws BadInputException if it was added before, or a box or mask that is to be compared is missing
     */
    public void add(long image, List<GroundTruth> truth, List<Detection> detections) {
        if (!images.add(image)) {
            throw new BadInputException("image " + image + " was added before");
        }
        Map<Integer, List<GroundTruth>> objects = byCategory(truth, GroundTruth::category);
        Map<Integer, List<Detection>> found = byCategory(detections, Detection::category);
        Set<Integer> categories = new TreeSet<>(objects.keySet());
        categories.addAll(found.keySet());
        for (int category : categories) {
            List<GroundTruth> here = objects.getOrDefault(category, List.of());
            // Adding 0 makes -0.0 equal to 0.0, as numbers are.
            List<Detection> surest = found.getOrDefault(category, List.of()).stream()
                    .sorted(Comparator.comparingDouble((Detection d) -> d.score() + 0.0).reversed())
                    .limit(protocol.limit()).toList();
            double[][] ious = here.isEmpty() || surest.isEmpty()
                    ? new double[surest.size()][here.size()]
                    : pairs.of(surest, here);
            matches.computeIfAbsent(category, k -> new ArrayList<>())
                    .add(ImageMatches.of(image, here, surest, ious, protocol));
        }
    }

    private <T> Map<Integer, List<T>> byCategory(List<T> items, ToIntFunction<T> category) {
        if (classes) {
            return items.stream().collect(Collectors.groupingBy(category::applyAsInt));
        }
        return items.isEmpty() ? Map.of() : Map.of(0, items.stream().sorted(Comparator.comparingInt(category)).toList());
    }

    /**
     * Adds an image of a data set, with what a detector found in it.
     *
     * @throws BadInputException if the data set has no such image or it was added before
     * @throws dev.kerf.error.BadFileException if an annotation lacks the box or mask that is to be compared
     */
    public void add(CocoDataset truth, long image, Instances found) {
        if (!truth.images().containsKey(image)) {
            throw new BadInputException("the data set has no image " + image);
        }
        add(image, truths(truth.annotations(image)), found.items().stream().map(Detection::of).toList());
    }

    /**
     * Adds an image of a data set, with the results of a file.
     *
     * @throws BadInputException if the data set has no such image or it was added before
     * @throws dev.kerf.error.BadFileException if a record lacks the box or mask that is to be compared, or it is no such
     */
    public void add(CocoDataset truth, long image, CocoResults results) {
        if (!truth.images().containsKey(image)) {
            throw new BadInputException("the data set has no image " + image);
        }
        List<CocoDataset.Annotation> objects = truth.annotations(image);
        Set<Integer> occurring = objects.stream().map(CocoDataset.Annotation::category).collect(Collectors.toSet());
        // Of a class without truth only the number of results counts, not what they look like.
        add(image, truths(objects), results.of(image).stream().map(r -> new Detection(r.category(), r.score(),
                r.area(), boxes ? r.box() : null,
                boxes || classes && !occurring.contains(r.category()) ? null : r.mask())).toList());
    }

    /** Adds all images of a data set, as the method for one does. */
    public void add(CocoDataset truth, CocoResults results) {
        truth.images().keySet().forEach(image -> add(truth, image, results));
    }

    private List<GroundTruth> truths(List<CocoDataset.Annotation> annotations) {
        return annotations.stream().map(a -> new GroundTruth(a.category(), a.area(), a.crowd(),
                boxes ? a.box() : null, boxes ? null : a.mask())).toList();
    }

    /** The scores of what has been added so far. */
    public ApScores scores() {
        matches.values().forEach(m -> m.sort(Comparator.comparingLong(ImageMatches::image)));
        return ApScores.of(protocol, matches);
    }

    private static double[][] boxIou(List<Detection> found, List<GroundTruth> truth) {
        double[][] out = new double[found.size()][truth.size()];
        for (int d = 0; d < out.length; d++) {
            for (int g = 0; g < truth.size(); g++) {
                if (found.get(d).box() == null || truth.get(g).box() == null) {
                    throw new BadInputException("boxes are compared, but "
                            + (found.get(d).box() == null ? found.get(d) : truth.get(g)) + " has none");
                }
                out[d][g] = found.get(d).box().iou(truth.get(g).box(), truth.get(g).crowd());
            }
        }
        return out;
    }

    /** As pycocotools: 0 where the masks don't meet, also of empty ones. */
    private static double[][] iou(List<Detection> found, List<GroundTruth> truth, OverlapMatrix counts) {
        double[][] out = new double[found.size()][truth.size()];
        for (int d = 0; d < out.length; d++) {
            for (int g = 0; g < truth.size(); g++) {
                Overlap o = counts.get(d, g);
                long whole = truth.get(g).crowd() ? o.areaA() : o.union();
                out[d][g] = o.intersection() == 0 ? 0 : (double) o.intersection() / whole;
            }
        }
        return out;
    }

    private static <T> List<RunLength> each(List<T> items, Function<T, RunLength> mask) {
        List<RunLength> out = new ArrayList<>();
        for (T item : items) {
            RunLength m = mask.apply(item);
            if (m == null) {
                throw new BadInputException("masks are compared, but " + item + " has none");
            }
            out.add(m);
        }
        return out;
    }
}
