package dev.kerf.metrics;

import dev.kerf.error.BadInputException;
import dev.kerf.mask.CocoDataset;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;

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
public record PanopticScores(List<ClassScore> classes) {
    /** Copies the list. */
    public PanopticScores {
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
