package dev.kerf.metrics;

import dev.kerf.error.BadInputException;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What average precision is measured over.
 *
 * @param ious   IoU from which on a detection matches, ascending; 1 to 64 of them
 * @param limits how many detections count of an image and class, ascending
 * @param areas  sizes that are measured apart; the first stands for all
 */
public record ApProtocol(List<Double> ious, List<Integer> limits, List<AreaRange> areas) {
    private static final int IOUS = 10;
    private static final int MOST_IOUS = 64;

    /**
     * COCO's: IoU 0.50 to 0.95 in steps of 0.05; 1, 10 and 100 detections; all, small, medium and large. The IoUs are
     * those of NumPy's linspace, as pycocotools has them: the ninth is the double below 0.9.
     */
    public static final ApProtocol COCO = new ApProtocol(
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
    public record AreaRange(String name, double from, double to) {
        boolean contains(double area) {
            return area >= from && area <= to;
        }
    }

    /** Checks and copies the lists. */
    public ApProtocol {
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
