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
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Panoptic Quality, image by image (Kirillov et al. 2019, "Panoptic segmentation"); pixels are counted on a device, those
 * of pictures of more than a thousand segments on the host. Used by one thread at a time.
 *
 * <pre>{@code
 * try (Device device = Backends.open("cpu");
 *         PanopticQuality quality = new PanopticQuality(device, truth.categories().values())) {
 *     for (long image : truth.images()) quality.add(image, truth.picture(image), predicted.picture(image));
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

        /** Of what was counted; IoUs are added up in the order of the images' names, then of the true segments' ids. */
        public static Scores of(Tally<Matches> tally) {
            List<CocoDataset.Category> categories = tally.form(TallyForm.OfPanoptic.class).categories();
            Map<Integer, Sum> sums = new LinkedHashMap<>();
            categories.forEach(c -> sums.put(c.id(), new Sum()));
            tally.forEach((_, image) -> image.byCategory().forEach((category, m) -> sums.get(category).add(m)));
            return new Scores(categories.stream().map(c -> sums.get(c.id()).score(c)).toList());
        }

        /** Of a class in all images. */
        private static final class Sum {
            private long truePositives;
            private long falsePositives;
            private long falseNegatives;
            private double iouSum;

            void add(Matches.OfClass m) {
                truePositives += m.pairs().size();
                falsePositives += m.wrong();
                falseNegatives += m.missed();
                for (Matches.Pair pair : m.pairs()) {
                    iouSum += pair.iou();
                }
            }

            ClassScore score(CocoDataset.Category category) {
                return new ClassScore(category, truePositives, falsePositives, falseNegatives, iouSum);
            }
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
    private final Set<Integer> categories = new HashSet<>();
    private final Tally<Matches> tally;
    /** By number of labels, which is rounded up: a plan is compiled for each. */
    private final Map<Integer, Confusions> counters = new HashMap<>();

    /** Which segments of an image match, by class: what a {@link Tally} keeps of it. */
    public static final class Matches {
        private final double ratio;
        private final Map<Integer, OfClass> byCategory;

        /**
         * @param ratio      to which boundaries reach; 0 of whole segments
         * @param byCategory ascending; classes that occur
         */
        Matches(double ratio, Map<Integer, OfClass> byCategory) {
            this.ratio = ratio;
            this.byCategory = byCategory;
        }

        double ratio() {
            return ratio;
        }

        /** What segments are compared by. */
        static String name(double ratio) {
            return ratio > 0 ? "boundaries of " + ratio + " of the diagonal" : "whole segments";
        }

        Map<Integer, OfClass> byCategory() {
            return byCategory;
        }

        /**
         * Two segments that match.
         *
         * @param shared pixels in both; of the whole segments or of their boundaries, whichever IoU is smaller
         * @param union  pixels in either
         */
        record Pair(long shared, long union) {
            double iou() {
                return (double) shared / union;
            }
        }

        /**
         * Of one class.
         *
         * @param wrong  predicted segments that match none
         * @param missed true segments that none matches
         * @param pairs  those that match
         */
        record OfClass(long wrong, long missed, List<Pair> pairs) {
            OfClass() {
                this(0, 0, new ArrayList<>());
            }

            OfClass plus(long moreWrong, long moreMissed) {
                return new OfClass(wrong + moreWrong, missed + moreMissed, pairs);
            }
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
        categories.forEach(c -> this.categories.add(c.id()));
        this.tally = Tally.panoptic(categories, ratio);
    }

    /**
     * Adds an image.
     *
     * @param image its id
     * @throws BadInputException if it was added before, the sizes differ, a segment's class isn't among the categories, or a
     *                           predicted segment has no pixels
     */
    public void add(long image, Panoptic truth, Panoptic predicted) {
        String name = Long.toString(image);
        if (tally.images().contains(name)) {
            throw new BadInputException("image " + image + " was added before");
        }
        tally.add(name, count(truth, predicted));
    }

    /**
     * Which segments of an image match, for a {@link Tally#panoptic}; adds nothing here.
     *
     * @throws BadInputException if the sizes differ, a segment's class isn't among the categories, or a predicted
     *                           segment has no pixels
     */
    public Matches count(Panoptic truth, Panoptic predicted) {
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
        Map<Integer, Matches.OfClass> matches = new TreeMap<>();
        Set<Integer> right = new HashSet<>();
        Set<Integer> hit = new HashSet<>();
        for (int i = 0; i < shared.size(); i++) {
            int t = shared.truth(i);
            int p = shared.predicted(i);
            Matches.Pair match = t == 0 || p == 0
                    ? null
                    : match(truth, real.get(t - 1), predicted, found.get(p - 1), shared.count(i),
                            pixels[p] - shared.shared(0, p));
            if (match != null) {
                matches.computeIfAbsent(real.get(t - 1).category(), _ -> new Matches.OfClass()).pairs().add(match);
                hit.add(t);
                right.add(p);
            }
        }
        Map<Integer, Integer> crowds = new HashMap<>();
        for (Segment s : truth.segments()) {
            if (s.crowd()) {
                crowds.put(s.category(), places.get(s.id()));
            } else if (!hit.contains(places.get(s.id()))) {
                count(matches, s.category(), 0, 1);
            }
        }
        for (int p = 1; p <= found.size(); p++) {
            int category = found.get(p - 1).category();
            long excused = shared.shared(0, p)
                    + (crowds.containsKey(category) ? shared.shared(crowds.get(category), p) : 0);
            if (!right.contains(p) && 2 * excused <= pixels[p]) {
                count(matches, category, 1, 0);
            }
        }
        return new Matches(ratio, matches);
    }

    private static void count(Map<Integer, Matches.OfClass> matches, int category, long wrong, long missed) {
        matches.put(category, matches.getOrDefault(category, new Matches.OfClass()).plus(wrong, missed));
    }

    /** @param area of the predicted segment, without what lies on void */
    private Matches.@Nullable Pair match(Panoptic truths, Segment truth, Panoptic predictions, Segment predicted, long both,
            long area) {
        if (truth.crowd() || truth.category() != predicted.category()) {
            return null;
        }
        Matches.Pair pair = new Matches.Pair(both, area + truth.area() - both);
        if (pair.iou() > 0.5 && ratio > 0) {
            Matches.Pair near = near(truths, truth.id(), predictions, predicted.id());
            pair = near.iou() < pair.iou() ? near : pair;
        }
        return pair.iou() > 0.5 ? pair : null;
    }

    /** Pixels of the boundaries of two segments. */
    private Matches.Pair near(Panoptic truths, int truth, Panoptic predictions, int predicted) {
        int distance = Boundary.distance(truths.width(), truths.height(), ratio);
        Mask own = Boundary.of(truths.mask(truth), distance);
        Mask other = Boundary.of(predictions.mask(predicted), distance);
        long both = own.and(other).area();
        return new Matches.Pair(both, own.area() + other.andNot(truths.mask(0)).area() - both);
    }

    private List<Segment> sorted(Panoptic picture, String side) {
        for (Segment s : picture.segments()) {
            if (!categories.contains(s.category())) {
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

    /** What was counted of the images so far; images that others counted may be merged into it. */
    public Tally<Matches> tally() {
        return tally;
    }

    /** The scores of what has been added so far. */
    public Scores scores() {
        return Scores.of(tally);
    }

    /** Frees the plans. */
    @Override
    public void close() {
        counters.values().forEach(Confusions::close);
        counters.clear();
    }
}
