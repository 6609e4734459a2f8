package dev.kerf.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.error.BadInputException;
import dev.kerf.mask.LabelMap;
import dev.kerf.mask.Mask;
import dev.kerf.mask.RunLength;
import dev.kerf.metrics.AveragePrecision.Detection;
import dev.kerf.metrics.AveragePrecision.GroundTruth;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class BoundaryIouTest {
    private static final String DEVICES = "dev.kerf.backend.BackendsUnderTest#devices";
    /** Of 30 by 40 pixels, whose diagonal is 50: boundaries of one pixel. */
    private static final double ONE = 0.02;

    private static Mask square(int x0, int y0, int side) {
        Mask mask = Mask.empty(30, 40);
        for (int i = 0; i < side * side; i++) {
            mask.set(x0 + i % side, y0 + i / side, true);
        }
        return mask;
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void workedByHand(String id) {
        try (Device device = Backends.open(id); Overlaps overlaps = new Overlaps(device)) {
            BoundaryIou near = new BoundaryIou(overlaps, ONE);
            // Outlines of 10 and 8 pixels a side; the smaller square lies within the greater one's.
            assertEquals(new Overlap(0, 36 + 28, 36, 28), near.measure(square(5, 5, 10), square(6, 6, 8)));
            // Moved by one column: the upper and lower rows share 9 pixels each.
            assertEquals(Overlap.of(18, 36, 36), near.measure(square(5, 5, 10), square(6, 5, 10)));
            Mask upper = Mask.empty(30, 40);
            for (int i = 0; i < 30; i++) {
                upper.set(i, 5, true);
            }
            assertEquals(Overlap.of(9, 36 - 10, 36 - 10), near.measure(square(5, 5, 10), square(6, 5, 10), upper));
            assertEquals(new Overlap(0, 0, 0, 0), near.measure(Mask.empty(30, 40), Mask.empty(30, 40)));
            assertThrows(BadInputException.class, () -> near.measure(square(0, 0, 3), Mask.empty(40, 30)));
            assertThrows(BadInputException.class, () -> new BoundaryIou(overlaps, -1));
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void everyClassOfALabelMap(String id) {
        int[] truth = new int[1200];
        int[] predicted = new int[1200];
        for (int i = 0; i < 1200; i++) {
            truth[i] = square(5, 5, 10).get(i % 30, i / 30) ? 2 : i / 30 == 39 ? 9 : 0;
            predicted[i] = square(6, 5, 10).get(i % 30, i / 30) ? 2 : 0;
        }
        LabelMap real = LabelMap.of(30, 40, truth);
        LabelMap given = LabelMap.of(30, 40, predicted);
        try (Device device = Backends.open(id); Overlaps overlaps = new Overlaps(device)) {
            BoundaryIou near = new BoundaryIou(overlaps, ONE);
            List<Overlap> scores = near.measure(real, given, 4, Confusions.NO_IGNORE);
            assertEquals(4, scores.size());
            assertEquals(Overlap.of(18, 36, 36), scores.get(2));
            assertEquals(Overlap.NONE, scores.get(1));
            assertEquals(Overlap.NONE, scores.get(3));
            // The lowest row is ignored: the prediction's outline there isn't counted, the truth's is in the row above.
            Overlap all = scores.getFirst();
            Overlap less = near.measure(real, given, 4, 9).getFirst();
            assertEquals(all.areaB(), less.areaB(), "the truth has no class 0 there");
            assertEquals(all.areaA() - 30, less.areaA());
            assertThrows(BadInputException.class,
                    () -> near.measure(real, LabelMap.of(40, 30, predicted), 4, Confusions.NO_IGNORE));
            // As of each class's masks by themselves.
            for (int ignore : new int[] {Confusions.NO_IGNORE, 2, 9}) {
                List<Overlap> each = near.measure(real, given, 10, ignore);
                for (int c : new int[] {0, 2, 9}) {
                    assertEquals(c == ignore ? Overlap.NONE : near.measure(given.mask(c), real.mask(c), real.mask(ignore)),
                            each.get(c), c + " without " + ignore);
                }
            }
        }
    }

    /** 4096 classes of a few pixels each: by masks of them all it would take minutes. */
    @Test
    void manyClassesCostTheirPixels() {
        int side = 1024;
        int[] labels = new int[side * side];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = i / side / 16 * 64 + i % side / 16;
        }
        LabelMap map = LabelMap.of(side, side, labels);
        try (Device device = Backends.open("cpu"); Overlaps overlaps = new Overlaps(device)) {
            List<Overlap> scores = assertTimeoutPreemptively(Duration.ofSeconds(30),
                    () -> new BoundaryIou(overlaps, 1.4e-3).measure(map, map, 4096, Confusions.NO_IGNORE));
            assertEquals(Overlap.of(256 - 144, 256 - 144, 256 - 144), scores.get(4095), "two pixels along each side");
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void precisionTakesTheSmallerOfBoth(String id) {
        RunLength truth = RunLength.encode(square(5, 5, 20));
        RunLength shifted = RunLength.encode(square(5, 6, 20));
        GroundTruth crowd = new GroundTruth(1, 400, true, null, truth);
        try (Device device = Backends.open(id); Overlaps overlaps = new Overlaps(device)) {
            // IoU 380 / 420, more than 0.9; of the outlines of 76 pixels 2 · 19 are shared, 38 / 114.
            AveragePrecision masks = AveragePrecision.masks(overlaps);
            AveragePrecision near = AveragePrecision.boundaries(overlaps, ONE, AveragePrecision.Protocol.COCO);
            AveragePrecision.Protocol third = new AveragePrecision.Protocol(List.of(0.33, 0.34), List.of(10),
                    AveragePrecision.Protocol.COCO.areas());
            AveragePrecision low = AveragePrecision.boundaries(overlaps, ONE, third);
            for (AveragePrecision ap : List.of(masks, near, low)) {
                ap.add(1, List.of(GroundTruth.of(1, truth)), List.of(new Detection(1, 1, 400, null, shifted)));
            }
            assertEquals(1, masks.scores().apAt(0.9), 1e-12);
            assertEquals(0, near.scores().apAt(0.5));
            assertEquals(1, low.scores().apAt(0.33), 1e-12);
            assertEquals(0, low.scores().apAt(0.34));
            // In a crowd the mask alone decides: 380 of 400 lie in it, which is no mistake.
            AveragePrecision crowds = AveragePrecision.boundaries(overlaps);
            crowds.add(1, List.of(crowd, GroundTruth.of(1, truth)), List.of(new Detection(1, 1, 400, null, shifted),
                    new Detection(1, 0.5, 400, null, truth)));
            assertEquals(1, crowds.scores().apAt(0.9), 1e-12);
        }
    }
}
