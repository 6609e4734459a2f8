package dev.kerf.metrics;

import dev.kerf.backend.Device;
import dev.kerf.error.BadInputException;
import dev.kerf.mask.CocoDataset;
import dev.kerf.mask.LabelMap;
import dev.kerf.mask.Mask;
import dev.kerf.mask.Panoptic;
import dev.kerf.mask.Panoptic.Segment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Panoptic Quality, image by image (Kirillov et al. 2019, "Panoptic segmentation"); pixels are counted on a device, those
 * of pictures of more than a thousand segments on the host. Used by one thread at a time.
 *
 * <pre>{@code
 * try (Device device = Backends.open("cpu");
 *         PanopticQuality quality = new PanopticQuality(device, truth.categories().values())) {
 *     for (long image : truth.images()) quality.add(truth.picture(image), predicted.picture(image));
 *     quality.scores().all().pq();
 * }
 * }</pre>
 *
 * <p>As panopticapi has it: segments of one class match if their IoU is more than 0.5, where the union leaves out what of
 * the prediction lies on void; crowds match nothing; a predicted segment that matches nothing counts as wrong unless
 * more than half of it lies on void and on a crowd of its class (the last one listed). Areas of true segments are those
 * that the truth states.
 */
public final class PanopticQuality implements AutoCloseable {
    /**
     * Panoptic Quality of each class and means over them. Immutable.
     *
     * <pre>{@code
     * scores.all().pq();
     * scores.things().sq();
     * scores.of(3).rq();
     * }</pre>
     *
     * @param classes all that were asked for, whether they occur or not
     */
    public record Scores(List<ClassScore> classes) {
        /** Copies the list. */
        public Scores {
            classes = List.copyOf(classes);
        }

        /**
         * What was counted of one class, and its scores (Kirillov et al. 2019, section 4): PQ = SQ · RQ. All are 0 of a class
         * that never occurs; means leave it out.
         *
         * @param category       the class
         * @param truePositives  matched segments
         * @param falsePositives predicted segments that match none
         * @param falseNegatives true segments that none matches
         * @param iouSum         sum of the matched segments' IoU
         */
        public record ClassScore(CocoDataset.Category category, long truePositives, long falsePositives,
                long falseNegatives, double iouSum) {
            /** Whether the class occurs in the truth or in the prediction. */
            public boolean occurs() {
                return truePositives + falsePositives + falseNegatives > 0;
            }

            /** Panoptic quality: Σ IoU / (TP + FP / 2 + FN / 2). */
            public double pq() {
                return occurs() ? iouSum / weight() : 0;
            }

            /** Segmentation quality: the mean IoU of what matches; 0 if nothing does. */
            public double sq() {
                return truePositives > 0 ? iouSum / truePositives : 0;
            }

            /** Recognition quality: TP / (TP + FP / 2 + FN / 2), the F1 score. */
            public double rq() {
                return occurs() ? truePositives / weight() : 0;
            }

            private double weight() {
                return truePositives + 0.5 * falsePositives + 0.5 * falseNegatives;
            }
        }

        /**
         * Means over classes.
         *
         * @param pq      panoptic quality; NaN over no classes, as are the others
         * @param sq      segmentation quality
         * @param rq      recognition quality
         * @param classes how many occur
         */
        public record Mean(double pq, double sq, double rq, int classes) {
        }

        /** Over all classes that occur. */
        public Mean all() {
            return mean(c -> true);
        }

        /** Over the classes of things that occur. */
        public Mean things() {
            return mean(c -> c.category.thing());
        }

        /** Over the classes of stuff that occur. */
        public Mean stuff() {
            return mean(c -> !c.category.thing());
        }

        /**
         * One class.
         *
         * @throws BadInputException if it isn't among the classes
         */
        public ClassScore of(int category) {
            return classes.stream().filter(c -> c.category.id() == category).findFirst()
                    .orElseThrow(() -> new BadInputException("there is no category " + category));
        }

        private Mean mean(Predicate<ClassScore> which) {
            List<ClassScore> here = classes.stream().filter(which).filter(ClassScore::occurs).toList();
            return new Mean(average(here.stream().map(ClassScore::pq)), average(here.stream().map(ClassScore::sq)),
                    average(here.stream().map(ClassScore::rq)), here.size());
        }

        private static double average(Stream<Double> scores) {
            return scores.mapToDouble(d -> d).average().orElse(Double.NaN);
        }
    }

    private static final int FEWEST_CLASSES = 16;
    private static final int FEWEST_PIXELS = 4096;
    /** Past it labels don't fit a byte with room for one that counts nowhere. */
    private static final int MOST_BYTES = 128;
    /** Past it a matrix of all pairs would be larger than most pictures. */
    private static final int MOST_CLASSES = 1024;

    private final Device device;
    /** Of the diagonal, to which boundaries reach; 0 where the whole of segments is compared. */
    private final double ratio;
    private final Map<Integer, Tally> tallies = new LinkedHashMap<>();
    /** By number of labels, which is rounded up: a plan is compiled for each. */
    private final Map<Integer, Confusions> counters = new HashMap<>();

    /** What is counted of a class. */
    private static final class Tally {
        private final CocoDataset.Category category;
        private long truePositives;
        private long falsePositives;
        private long falseNegatives;
        private double iouSum;

        Tally(CocoDataset.Category category) {
            this.category = category;
        }

        Scores.ClassScore score() {
            return new Scores.ClassScore(category, truePositives, falsePositives, falseNegatives, iouSum);
        }
    }

    /**
     * Takes no memory on the device until something is measured.
     *
     * @param device     must outlive this
     * @param categories all classes that may occur
     */
    public PanopticQuality(Device device, Collection<CocoDataset.Category> categories) {
        this(device, categories, 0);
    }

    /**
     * Boundary PQ (Cheng et al. 2021): the smaller of the IoU of two segments and that of their boundaries counts, so that a ragged
     * outline isn't hidden behind a large inside. Boundaries leave out what of the prediction's lies on void.
     *
     * @param ratio of the image's diagonal, to which boundaries reach, more than 0 and at most 1; {@link BoundaryIou#RATIO} for COCO's
     * @throws BadInputException if the ratio is out of range
     */
    public static PanopticQuality ofBoundaries(Device device, Collection<CocoDataset.Category> categories, double ratio) {
        // Refused here rather than with the first picture.
        Boundary.distance(1, 1, ratio);
        return new PanopticQuality(device, categories, ratio);
    }

    private PanopticQuality(Device device, Collection<CocoDataset.Category> categories, double ratio) {
        this.device = device;
        this.ratio = ratio;
        categories.forEach(c -> tallies.put(c.id(), new Tally(c)));
    }

    /**
     * Adds an image.
     *
     * @throws BadInputException if the sizes differ, a segment's class isn't among the categories, or a predicted
     *                           segment has no pixels
     */
    public void add(Panoptic truth, Panoptic predicted) {
        if (truth.width() != predicted.width() || truth.height() != predicted.height()) {
            throw new BadInputException("the truth is " + truth.width() + "x" + truth.height() + ", the prediction "
                    + predicted.width() + "x" + predicted.height());
        }
        // In order of their ids, as panopticapi adds the IoUs up.
        List<Segment> real = sorted(truth, "true");
        List<Segment> found = sorted(predicted, "predicted");
        Map<Integer, Integer> places = places(real);
        SharedPixels shared = count(truth, places, predicted, places(found));
        long[] pixels = new long[found.size() + 1];
        for (int i = 0; i < shared.size(); i++) {
            pixels[shared.predicted(i)] += shared.count(i);
        }
        for (int p = 1; p <= found.size(); p++) {
            if (pixels[p] == 0) {
                throw new BadInputException("the predicted segment " + found.get(p - 1).id() + " has no pixels");
            }
        }
        Set<Integer> right = new HashSet<>();
        Set<Integer> hit = new HashSet<>();
        for (int i = 0; i < shared.size(); i++) {
            int t = shared.truth(i);
            int p = shared.predicted(i);
            if (t > 0 && p > 0 && matches(truth, real.get(t - 1), predicted, found.get(p - 1), shared.count(i),
                    pixels[p] - shared.shared(0, p))) {
                hit.add(t);
                right.add(p);
            }
        }
        Map<Integer, Integer> crowds = new HashMap<>();
        for (Segment s : truth.segments()) {
            if (s.crowd()) {
                crowds.put(s.category(), places.get(s.id()));
            } else if (!hit.contains(places.get(s.id()))) {
                tallies.get(s.category()).falseNegatives++;
            }
        }
        for (int p = 1; p <= found.size(); p++) {
            int category = found.get(p - 1).category();
            long excused = shared.shared(0, p)
                    + (crowds.containsKey(category) ? shared.shared(crowds.get(category), p) : 0);
            if (!right.contains(p) && 2 * excused <= pixels[p]) {
                tallies.get(category).falsePositives++;
            }
        }
    }

    /** @param area of the predicted segment, without what lies on void */
    private boolean matches(Panoptic truths, Segment truth, Panoptic predictions, Segment predicted, long both, long area) {
        if (truth.crowd() || truth.category() != predicted.category()) {
            return false;
        }
        double iou = (double) both / (area + truth.area() - both);
        if (iou > 0.5 && ratio > 0) {
            iou = Math.min(iou, near(truths, truth.id(), predictions, predicted.id()));
        }
        if (iou > 0.5) {
            Tally tally = tallies.get(truth.category());
            tally.truePositives++;
            tally.iouSum += iou;
        }
        return iou > 0.5;
    }

    /** IoU of the boundaries of two segments. */
    private double near(Panoptic truths, int truth, Panoptic predictions, int predicted) {
        int distance = Boundary.distance(truths.width(), truths.height(), ratio);
        Mask own = Boundary.of(truths.mask(truth), distance);
        Mask other = Boundary.of(predictions.mask(predicted), distance);
        long both = own.and(other).area();
        return (double) both / (own.area() + other.andNot(truths.mask(0)).area() - both);
    }

    private List<Segment> sorted(Panoptic picture, String side) {
        for (Segment s : picture.segments()) {
            if (!tallies.containsKey(s.category())) {
                throw new BadInputException("the " + side + " segment " + s.id() + " is of category " + s.category()
                        + ", which the truth doesn't list");
            }
        }
        return picture.segments().stream().sorted(Comparator.comparingInt(Segment::id)).toList();
    }

    /** By id the places of segments from 1; 0, void, has the place 0. */
    private static Map<Integer, Integer> places(List<Segment> segments) {
        Map<Integer, Integer> places = new HashMap<>();
        places.put(0, 0);
        segments.forEach(s -> places.put(s.id(), places.size()));
        return places;
    }

    private SharedPixels count(Panoptic truth, Map<Integer, Integer> real, Panoptic predicted, Map<Integer, Integer> found) {
        int classes = FEWEST_CLASSES;
        while (classes < Math.max(real.size(), found.size())) {
            classes *= 2;
        }
        if (classes > MOST_CLASSES) {
            int pixels = truth.width() * truth.height();
            return SharedPixels.of(labels(truth, real, 0, pixels), labels(predicted, found, 0, pixels));
        }
        long all = Math.max(FEWEST_PIXELS, (long) truth.width() * truth.height());
        int pixels = (int) Math.min(Integer.MAX_VALUE, MaskPairs.atLeast(all));
        Confusions confusions = counters.computeIfAbsent(classes,
                k -> new Confusions(device, k, Confusions.NO_IGNORE));
        return SharedPixels.of(confusions.measure(map(labels(truth, real, classes, pixels), classes),
                map(labels(predicted, found, classes, pixels), classes)));
    }

    /** The places of the pixels' segments, then labels that count nowhere. */
    private static int[] labels(Panoptic picture, Map<Integer, Integer> places, int none, int pixels) {
        int[] ids = picture.ids();
        int[] labels = new int[pixels];
        Arrays.fill(labels, ids.length, pixels, none);
        for (int i = 0; i < ids.length; i++) {
            labels[i] = i > 0 && ids[i] == ids[i - 1] ? labels[i - 1] : places.get(ids[i]);
        }
        return labels;
    }

    private static LabelMap map(int[] labels, int classes) {
        if (classes > MOST_BYTES) {
            return LabelMap.of(labels.length, 1, labels);
        }
        byte[] bytes = new byte[labels.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) labels[i];
        }
        return LabelMap.of(bytes.length, 1, bytes);
    }

    /** The scores of what has been added so far. */
    public Scores scores() {
        List<Scores.ClassScore> scores = new ArrayList<>();
        tallies.values().forEach(t -> scores.add(t.score()));
        return new Scores(scores);
    }

    /** Frees the plans. */
    @Override
    public void close() {
        counters.values().forEach(Confusions::close);
        counters.clear();
    }
}
