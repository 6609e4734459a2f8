package dev.kerf.metrics;

import dev.kerf.error.BadInputException;
import dev.kerf.mask.CocoDataset;
import dev.kerf.mask.Instances;
import dev.kerf.mask.Instances.Instance;
import dev.kerf.mask.Rectangle;
import dev.kerf.mask.RunLength;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

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
    /**
     * A true object, as detections are compared with it.
     *
     * @param category its class
     * @param area     in pixels, by which it is small, medium or large: COCO's files give it apart from box and mask
     * @param crowd    whether it is a region of many objects: detections in it count neither for nor against
     * @param box      around it; none if only masks are compared
     * @param mask     its pixels; none if only boxes are compared
     */
    public record GroundTruth(int category, double area, boolean crowd, @Nullable Rectangle box, @Nullable RunLength mask) {
        /** One object of which the mask is known, not a crowd. */
        public static GroundTruth of(int category, RunLength mask) {
            return new GroundTruth(category, mask.area(), false, Rectangle.of(mask.bounds()), mask);
        }

        /** One object of which only the box is known, not a crowd; its area is the box's. */
        public static GroundTruth of(int category, Rectangle box) {
            return new GroundTruth(category, box.area(), false, box, null);
        }

        /**
         * An annotation with its box and mask.
         *
         * @throws dev.kerf.error.BadFileException if it lacks one of them or they are malformed
         */
        public static GroundTruth of(CocoDataset.Annotation a) {
            return new GroundTruth(a.category(), a.area(), a.crowd(), a.box(), a.mask());
        }
    }

    /**
     * A detected object, as it is compared with the truth.
     *
     * @param category its class
     * @param score    the greater, the surer
     * @param area     in pixels, by which an unmatched one is small, medium or large
     * @param box      around it; none if only masks are compared
     * @param mask     its pixels; none if only boxes are compared
     */
    public record Detection(int category, double score, double area, @Nullable Rectangle box, @Nullable RunLength mask) {
        /** Checks the score. */
        public Detection {
            if (!Double.isFinite(score)) {
                throw new BadInputException("a detection of category " + category + " with score " + score);
            }
        }

        /** An instance; its area is the box's, as pycocotools takes it of results that have boxes. */
        public static Detection of(Instance instance) {
            return new Detection(instance.category(), instance.score(), instance.box().area(), instance.box(),
                    instance.mask());
        }

        /** What is known by its box; its area is the box's. */
        public static Detection of(int category, double score, Rectangle box) {
            return new Detection(category, score, box.area(), box, null);
        }

        /** What is known by its mask; its area is the mask's. */
        public static Detection of(int category, double score, RunLength mask) {
            return new Detection(category, score, mask.area(), Rectangle.of(mask.bounds()), mask);
        }

        /**
         * A result with its box and mask.
         *
         * @throws dev.kerf.error.BadFileException if they are malformed
         */
        public static Detection of(CocoDataset.Results.Result r) {
            return new Detection(r.category(), r.score(), r.area(), r.box(), r.mask());
        }
    }

    /**
     * What average precision is measured over.
     *
     * @param ious   IoU from which on a detection matches, ascending; 1 to 64 of them
     * @param limits how many detections count of an image and class, ascending
     * @param areas  sizes that are measured apart; the first stands for all
     */
    public record Protocol(List<Double> ious, List<Integer> limits, List<AreaRange> areas) implements Serializable {
        private static final int IOUS = 10;
        private static final int MOST_IOUS = 64;

        /**
         * COCO's: IoU 0.50 to 0.95 in steps of 0.05; 1, 10 and 100 detections; all, small, medium and large. The IoUs are
         * those of NumPy's linspace, as pycocotools has them: the ninth is the double below 0.9.
         */
        public static final Protocol COCO = new Protocol(
                IntStream.range(0, IOUS).mapToObj(i -> i == IOUS - 1 ? 0.95 : i * ((0.95 - 0.5) / (IOUS - 1)) + 0.5)
                        .toList(),
                List.of(1, 10, 100),
                List.of(new AreaRange("all", 0, 1e10), new AreaRange("small", 0, 32 * 32),
                        new AreaRange("medium", 32 * 32, 96 * 96), new AreaRange("large", 96 * 96, 1e10)));

        /**
         * Objects of some sizes.
         *
         * @param name for people, such as {@code small}
         * @param from least area in pixels, itself included
         * @param to   greatest area, itself included
         */
        public record AreaRange(String name, double from, double to) implements Serializable {
            /**
             * Figures are named by it.
             *
             * @throws BadInputException if the name is empty or no area is in the range
             */
            public AreaRange {
                if (name.isEmpty() || !(from <= to)) {
                    throw new BadInputException("a range of areas has a name and goes from a number to one that is as large or "
                            + "larger, not '" + name + "' from " + from + " to " + to);
                }
            }

            boolean contains(double area) {
                return area >= from && area <= to;
            }
        }

        /** Checks and copies the lists. */
        public Protocol {
            ious = List.copyOf(ious);
            limits = List.copyOf(limits);
            areas = List.copyOf(areas);
            if (ious.isEmpty() || ious.size() > MOST_IOUS || limits.isEmpty() || areas.isEmpty()
                    || !ious.equals(ious.stream().sorted().distinct().toList())
                    || !limits.equals(limits.stream().sorted().distinct().toList()) || limits.getFirst() < 1
                    || !(ious.getFirst() > 0 && ious.getLast() <= 1)) {
                throw new BadInputException("average precision takes 1 to " + MOST_IOUS + " IoUs from 0 to 1 and limits "
                        + "from 1 on, both ascending, and areas, not IoUs " + ious + ", limits " + limits + ", areas "
                        + areas);
            }
        }

        /** The most detections that count of an image and class. */
        int limit() {
            return limits.getLast();
        }
    }

    /**
     * What detections are compared by. Tallies merge where it is the same.
     *
     * <pre>{@code
     * Tally<AveragePrecision.Matches> all = Tally.detections(AveragePrecision.Measure.MASKS);
     * }</pre>
     *
     * @param boxes    whether it is boxes rather than masks
     * @param ratio    of the image's diagonal, to which masks' boundaries reach; 0 of boxes and of whole masks
     * @param classes  whether a detection has to be of the object's class
     * @param protocol what is measured over
     */
    public record Measure(boolean boxes, double ratio, boolean classes, Protocol protocol) implements Serializable {
        /** Boxes by COCO's protocol. */
        public static final Measure BOXES = new Measure(true, 0, true, Protocol.COCO);
        /** Masks by COCO's protocol. */
        public static final Measure MASKS = new Measure(false, 0, true, Protocol.COCO);

        /**
         * Checks the ratio.
         *
         * @throws BadInputException if it is negative or more than 1, or boxes have one
         */
        public Measure {
            if (!(ratio >= 0 && ratio <= (boxes ? 0 : 1))) {
                throw new BadInputException(
                        "boundaries reach a share of the diagonal, at most 1, those of boxes 0, not " + ratio);
            }
        }

        /** Such as {@code masks of any class by Protocol[…]}. */
        @Override
        public String toString() {
            return (boxes ? "boxes" : ratio > 0 ? "masks and boundaries of " + ratio + " of the diagonal" : "masks")
                    + (classes ? "" : " of any class") + " by " + protocol;
        }
    }

    private final Measure measure;
    private final PairIou pairs;
    private final Tally<Matches> tally;

    /** Which detections of an image match, by class: what a {@link Tally} keeps of it. */
    public static final class Matches {
        private final Measure measure;
        private final Map<Integer, ImageMatches> byCategory;

        /** @param byCategory ascending */
        Matches(Measure measure, Map<Integer, ImageMatches> byCategory) {
            this.measure = measure;
            this.byCategory = byCategory;
        }

        Measure measure() {
            return measure;
        }

        Map<Integer, ImageMatches> byCategory() {
            return byCategory;
        }
    }

    /** IoU of every detection of one image and class with every true object, [detection][object]. */
    @FunctionalInterface
    private interface PairIou {
        double[][] of(List<Detection> detections, List<GroundTruth> truth);
    }

    private AveragePrecision(Measure measure, PairIou pairs) {
        this.measure = measure;
        this.pairs = pairs;
        this.tally = Tally.detections(measure);
    }

    /** Of boxes, by COCO's protocol. Boxes are compared in float64 on the host. */
    public static AveragePrecision boxes() {
        return boxes(Protocol.COCO);
    }

    /** Of boxes. */
    public static AveragePrecision boxes(Protocol protocol) {
        return new AveragePrecision(new Measure(true, 0, true, protocol), AveragePrecision::boxIou);
    }

    /** Of masks, by COCO's protocol. */
    public static AveragePrecision masks(Overlaps overlaps) {
        return masks(overlaps, Protocol.COCO);
    }

    /**
     * Of masks.
     *
     * @param overlaps counts pixels on its device, and must outlive this
     */
    public static AveragePrecision masks(Overlaps overlaps, Protocol protocol) {
        MaskPairs counts = new MaskPairs(overlaps);
        return new AveragePrecision(new Measure(false, 0, true, protocol), (found, truth) -> iou(found, truth,
                counts.measure(each(found, Detection::mask), each(truth, GroundTruth::mask))));
    }

    /** Of masks by the smaller of their IoU and Boundary IoU, by COCO's protocol and {@link BoundaryIou#RATIO}. */
    public static AveragePrecision boundaries(Overlaps overlaps) {
        return boundaries(overlaps, BoundaryIou.RATIO, Protocol.COCO);
    }

    /**
     * Of masks by the smaller of their IoU and Boundary IoU (Cheng et al. 2021, section 6), crowds by the former alone.
     *
     * @param overlaps counts pixels on its device, and must outlive this
     * @param ratio    of the image's diagonal, to which boundaries reach
     */
    public static AveragePrecision boundaries(Overlaps overlaps, double ratio, Protocol protocol) {
        // Refused here rather than with the first pair.
        Boundary.distance(1, 1, ratio);
        MaskPairs counts = new MaskPairs(overlaps);
        return new AveragePrecision(new Measure(false, ratio, true, protocol), (found, truth) -> {
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
        return new AveragePrecision(new Measure(measure.boxes, measure.ratio, false, measure.protocol), pairs);
    }

    private static List<RunLength> boundaries(List<RunLength> masks, double ratio) {
        return masks.stream().map(m -> Boundary.of(m, Boundary.distance(m.width(), m.height(), ratio))).toList();
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
        String name = Long.toString(image);
        if (tally.images().contains(name)) {
            throw new BadInputException("image " + image + " was added before");
        }
        tally.add(name, match(truth, detections));
    }

    /**
     * Which detections of an image match, for a {@link Tally#detections}; adds nothing here. Equal scores stay in the order given.
     *
     * @param truth      what is in it
     * @param detections what was found in it
     * @throws BadInputException if a box or mask that is to be compared is missing
     */
    public Matches match(List<GroundTruth> truth, List<Detection> detections) {
        Map<Integer, List<GroundTruth>> objects = byCategory(truth, GroundTruth::category);
        Map<Integer, List<Detection>> found = byCategory(detections, Detection::category);
        Set<Integer> categories = new TreeSet<>(objects.keySet());
        categories.addAll(found.keySet());
        Map<Integer, ImageMatches> matches = new TreeMap<>();
        for (int category : categories) {
            List<GroundTruth> here = objects.getOrDefault(category, List.of());
            // Adding 0 makes -0.0 equal to 0.0, as numbers are.
            List<Detection> surest = found.getOrDefault(category, List.of()).stream()
                    .sorted(Comparator.comparingDouble((Detection d) -> d.score() + 0.0).reversed())
                    .limit(measure.protocol.limit()).toList();
            double[][] ious = here.isEmpty() || surest.isEmpty()
                    ? new double[surest.size()][here.size()]
                    : pairs.of(surest, here);
            matches.put(category, ImageMatches.of(here, surest, ious, measure.protocol));
        }
        return new Matches(measure, matches);
    }

    private <T> Map<Integer, List<T>> byCategory(List<T> items, ToIntFunction<T> category) {
        if (measure.classes) {
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
    public void add(CocoDataset truth, long image, CocoDataset.Results results) {
        if (!truth.images().containsKey(image)) {
            throw new BadInputException("the data set has no image " + image);
        }
        List<CocoDataset.Annotation> objects = truth.annotations(image);
        Set<Integer> occurring = objects.stream().map(CocoDataset.Annotation::category).collect(Collectors.toSet());
        // Of a class without truth only the number of results counts, not what they look like.
        add(image, truths(objects), results.of(image).stream().map(r -> new Detection(r.category(), r.score(),
                r.area(), measure.boxes ? r.box() : null,
                measure.boxes || measure.classes && !occurring.contains(r.category()) ? null : r.mask())).toList());
    }

    /** Adds all images of a data set, as the method for one does. */
    public void add(CocoDataset truth, CocoDataset.Results results) {
        truth.images().keySet().forEach(image -> add(truth, image, results));
    }

    private List<GroundTruth> truths(List<CocoDataset.Annotation> annotations) {
        return annotations.stream().map(a -> new GroundTruth(a.category(), a.area(), a.crowd(),
                measure.boxes ? a.box() : null, measure.boxes ? null : a.mask())).toList();
    }

    /** What was counted of the images so far; images that others counted may be merged into it. */
    public Tally<Matches> tally() {
        return tally;
    }

    /** The scores of what has been added so far. */
    public ApScores scores() {
        return ApScores.of(tally);
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
    private static double[][] iou(List<Detection> found, List<GroundTruth> truth, Overlaps.Matrix counts) {
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
