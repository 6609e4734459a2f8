package dev.kerf.metrics;

import dev.kerf.error.BadInputException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * Average precision and recall of all classes or some. Where there is no truth to measure by, a score is
 * {@value #NONE}, as in pycocotools. Immutable.
 *
 * <pre>{@code
 * scores.ap();              // over all IoUs, classes and sizes
 * scores.apAt(0.75);        // at one IoU
 * scores.apOf("small");     // over objects of one size
 * scores.arWithin(10);      // recall with at most 10 detections of an image and class
 * scores.of(18).ap();       // of one class
 * scores.of(18).curve(0.5); // its precision by recall
 * scores.summary();         // the twelve figures of COCO
 * }</pre>
 */
public final class ApScores {
    /** No truth to measure by. */
    public static final double NONE = -1;

    private final AveragePrecision.Protocol protocol;
    private final int[] categories;
    /** Mean over the recalls, and greatest recall; [category][area][limit][iou]. */
    private final double[][][][] precision;
    private final double[][][][] recall;
    /** Precision by recall over all sizes with the most detections; [category][iou][recall]. */
    private final double[][][] curves;

    /**
     * One figure of the summary.
     *
     * @param name   such as {@code AP50} or {@code ARl}
     * @param recall whether it is a recall rather than a precision
     * @param iou    the only IoU it is measured at, if there is only one
     * @param area   name of the size it is of
     * @param limit  how many detections count
     * @param value  0 to 1, or {@link #NONE}
     */
    public record Figure(String name, boolean recall, OptionalDouble iou, String area, int limit, double value) {
    }

    private ApScores(AveragePrecision.Protocol protocol, int[] categories, double[][][][] precision, double[][][][] recall,
            double[][][] curves) {
        this.protocol = protocol;
        this.categories = categories;
        this.precision = precision;
        this.recall = recall;
        this.curves = curves;
    }

    /** Of what was counted. */
    public static ApScores of(Tally<AveragePrecision.Matches> tally) {
        AveragePrecision.Protocol protocol = tally.form(TallyForm.OfDetections.class).measure().protocol();
        Map<Integer, List<ImageMatches>> matches = new TreeMap<>();
        tally.forEach((_, image) -> image.byCategory()
                .forEach((category, m) -> matches.computeIfAbsent(category, _ -> new ArrayList<>()).add(m)));
        int areas = protocol.areas().size();
        int limits = protocol.limits().size();
        int ious = protocol.ious().size();
        int[] categories = matches.keySet().stream().mapToInt(Integer::intValue).sorted().toArray();
        double[][][][] precision = new double[categories.length][areas][limits][ious];
        double[][][][] recall = new double[categories.length][areas][limits][ious];
        double[][][] curves = new double[categories.length][ious][];
        for (int k = 0; k < categories.length; k++) {
            List<ImageMatches> images = matches.get(categories[k]);
            for (int m = 0; m < limits; m++) {
                RankedMatches ranked = RankedMatches.of(images, protocol.limits().get(m));
                for (int a = 0; a < areas; a++) {
                    int area = a;
                    long truths = images.stream().mapToLong(i -> i.truths()[area]).sum();
                    for (int t = 0; t < ious; t++) {
                        double[] curve = ranked.measure(a, t, truths, precision[k][a][m], recall[k][a][m]);
                        // What comes last is of the most detections.
                        curves[k][t] = a == 0 ? curve : curves[k][t];
                    }
                }
            }
        }
        return new ApScores(protocol, categories, precision, recall, curves);
    }

    /** What was measured over. */
    public AveragePrecision.Protocol protocol() {
        return protocol;
    }

    /** The classes that occur in the truth or among the detections, ascending. */
    public List<Integer> categories() {
        return Arrays.stream(categories).boxed().toList();
    }

    /** The scores of one class; all are {@link #NONE} if it never occurs. */
    public ApScores of(int category) {
        int[] at = IntStream.range(0, categories.length).filter(i -> categories[i] == category).toArray();
        return new ApScores(protocol, Arrays.stream(at).map(i -> categories[i]).toArray(),
                Arrays.stream(at).mapToObj(i -> precision[i]).toArray(double[][][][]::new),
                Arrays.stream(at).mapToObj(i -> recall[i]).toArray(double[][][][]::new),
                Arrays.stream(at).mapToObj(i -> curves[i]).toArray(double[][][]::new));
    }

    /** Precision over all IoUs, all sizes, the most detections: COCO's AP. */
    public double ap() {
        return mean(precision, 0, last(), -1);
    }

    /**
     * Precision at one IoU, such as 0.5 for AP50.
     *
     * @throws BadInputException if it isn't one of the protocol's
     */
    public double apAt(double iou) {
        return mean(precision, 0, last(), threshold(iou));
    }

    /**
     * Precision over all IoUs of objects of one size.
     *
     * @param area its name in the protocol, such as {@code small}
     * @throws BadInputException if the protocol has no such
     */
    public double apOf(String area) {
        return mean(precision, area(area), last(), -1);
    }

    /**
     * The mean over all IoUs of the recall that is reached with at most so many detections of an image and class.
     *
     * @throws BadInputException if it isn't one of the protocol's limits
     */
    public double arWithin(int limit) {
        int m = protocol.limits().indexOf(limit);
        if (m < 0) {
            throw new BadInputException("recall was measured within " + protocol.limits() + " detections, not "
                    + limit);
        }
        return mean(recall, 0, m, -1);
    }

    /**
     * The mean over all IoUs of the recall of objects of one size.
     *
     * @throws BadInputException if the protocol has no such size
     */
    public double arOf(String area) {
        return mean(recall, area(area), last(), -1);
    }

    /** The recall at one IoU that is reached with the most detections. */
    public double arAt(double iou) {
        return mean(recall, 0, last(), threshold(iou));
    }

    /**
     * The curve of precision by recall at one IoU, over all sizes with the most detections: at each recall the greatest
     * precision that is reached there or beyond, the mean over classes.
     *
     * @return at the recalls 0, 0.01, … 1
     * @throws BadInputException if the IoU isn't one of the protocol's
     */
    public double[] curve(double iou) {
        int t = threshold(iou);
        return IntStream.range(0, RankedMatches.RECALLS).mapToDouble(r -> Arrays.stream(curves)
                .mapToDouble(k -> k[t][r]).filter(v -> v > NONE).average().orElse(NONE)).toArray();
    }

    /** COCO's figures in their order: AP, AP50, AP75, APs, APm, APl, AR1, AR10, AR100, ARs, ARm, ARl. */
    public List<Figure> summary() {
        List<Figure> out = new ArrayList<>();
        String all = protocol.areas().getFirst().name();
        int most = protocol.limit();
        out.add(new Figure("AP", false, OptionalDouble.empty(), all, most, ap()));
        for (double iou : new double[] {0.5, 0.75}) {
            if (protocol.ious().contains(iou)) {
                out.add(new Figure("AP" + Math.round(100 * iou), false, OptionalDouble.of(iou), all, most, apAt(iou)));
            }
        }
        List<String> sizes = protocol.areas().stream().skip(1).map(AveragePrecision.Protocol.AreaRange::name).toList();
        sizes.forEach(s -> out.add(new Figure("AP" + s.charAt(0), false, OptionalDouble.empty(), s, most, apOf(s))));
        protocol.limits().forEach(
                n -> out.add(new Figure("AR" + n, true, OptionalDouble.empty(), all, n, arWithin(n))));
        sizes.forEach(s -> out.add(new Figure("AR" + s.charAt(0), true, OptionalDouble.empty(), s, most, arOf(s))));
        return out;
    }

    private int last() {
        return protocol.limits().size() - 1;
    }

    private int threshold(double iou) {
        for (int t = 0; t < protocol.ious().size(); t++) {
            // 0.9 stands for the double below it that COCO's list has.
            if (Math.abs(protocol.ious().get(t) - iou) < 1e-9) {
                return t;
            }
        }
        throw new BadInputException("precision was measured at the IoUs " + protocol.ious() + ", not " + iou);
    }

    private int area(String name) {
        for (int a = 0; a < protocol.areas().size(); a++) {
            if (protocol.areas().get(a).name().equals(name)) {
                return a;
            }
        }
        throw new BadInputException("the protocol has no area \"" + name + "\"");
    }

    private static double mean(double[][][][] scores, int area, int limit, int threshold) {
        return Arrays.stream(scores).flatMapToDouble(k -> threshold < 0
                ? Arrays.stream(k[area][limit])
                : Arrays.stream(k[area][limit], threshold, threshold + 1))
                .filter(v -> v > NONE).average().orElse(NONE);
    }
}
