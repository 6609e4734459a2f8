package dev.kerf.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.error.BadInputException;
import dev.kerf.mask.Mask;
import dev.kerf.mask.Rectangle;
import dev.kerf.mask.RunLength;
import dev.kerf.metrics.AveragePrecision.Detection;
import dev.kerf.metrics.AveragePrecision.GroundTruth;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The rules of average precision, each in a case small enough to be worked out by hand. */
class AveragePrecisionTest {
    private static final String DEVICES = "dev.kerf.backend.BackendsUnderTest#devices";
    private static final double EXACT = 1e-9;

    private static GroundTruth truth(int category, double x, double y, double w, double h) {
        return GroundTruth.of(category, new Rectangle(x, y, w, h));
    }

    private static GroundTruth crowd(int category, double x, double y, double w, double h) {
        return new GroundTruth(category, w * h, true, new Rectangle(x, y, w, h), null);
    }

    private static Detection found(int category, double score, double x, double y, double w, double h) {
        return Detection.of(category, score, new Rectangle(x, y, w, h));
    }

    private static ApScores boxes(List<GroundTruth> truth, List<Detection> found) {
        AveragePrecision ap = AveragePrecision.boxes();
        ap.add(1, truth, found);
        return ap.scores();
    }

    @Test
    void precisionIsWorkedOutByHand() {
        // Right, wrong, right of two: precision 1 up to recall 1/2, then 2/3. Recalls 0 to 0.50 are 51, the rest 50.
        ApScores scores = boxes(List.of(truth(1, 0, 0, 10, 10), truth(1, 20, 0, 10, 10)),
                List.of(found(1, 0.9, 0, 0, 10, 10), found(1, 0.8, 50, 50, 10, 10), found(1, 0.7, 20, 0, 10, 10)));
        assertEquals((51 + 50 * 2 / 3.0) / 101, scores.ap(), EXACT);
        double[] curve = scores.curve(0.95);
        assertEquals(101, curve.length);
        assertEquals(1, curve[50], EXACT);
        assertEquals(2 / 3.0, curve[51], EXACT);
        assertEquals(2 / 3.0, curve[100], EXACT);
        assertEquals(-1, scores.of(9).curve(0.5)[0]);
        assertEquals(0.5, scores.arWithin(1), EXACT);
        assertEquals(1, scores.arWithin(10), EXACT);
        assertEquals(scores.ap(), scores.apOf("small"), EXACT, "all are of 100 pixels");
        assertEquals(-1, scores.apOf("large"));
        assertEquals(-1, scores.arOf("medium"));
    }

    @Test
    void anIouOfExactlyTheThresholdMatches() {
        // 50 of 100 pixels, 75 of 100: IoU 0.5 and 0.75 to the bit.
        ApScores half = boxes(List.of(truth(1, 0, 0, 10, 10)), List.of(found(1, 1, 0, 0, 5, 10)));
        assertEquals(1, half.apAt(0.5), EXACT);
        assertEquals(0, half.apAt(0.55), EXACT);
        ApScores more = boxes(List.of(truth(1, 0, 0, 10, 10)), List.of(found(1, 1, 0, 0, 7.5, 10)));
        assertEquals(0.6, more.ap(), EXACT, "0.50 to 0.75 are six of ten");
    }

    @Test
    void equalScoresStayInOrderAcrossImagesOfAnyOrder() {
        // One right and one wrong of the same score: what counts is which image has the smaller id.
        for (boolean rightFirst : new boolean[] {true, false}) {
            for (boolean ascending : new boolean[] {true, false}) {
                AveragePrecision ap = AveragePrecision.boxes();
                for (long image : ascending ? new long[] {3, 10} : new long[] {10, 3}) {
                    boolean right = image == 3 == rightFirst;
                    ap.add(image, right ? List.of(truth(1, 0, 0, 9, 9)) : List.of(),
                            List.of(found(1, image == 3 ? 0.0 : -0.0, 0, 0, 9, 9)));
                }
                assertEquals(rightFirst ? 1 : 0.5, ap.scores().ap(), EXACT);
            }
        }
        // Within an image they stay as given: the first takes the object.
        assertEquals(1, boxes(List.of(truth(1, 0, 0, 10, 10)),
                List.of(found(1, 0.5, 0, 0, 10, 10), found(1, 0.5, 0, 0, 9, 10))).ap(), EXACT);
        assertEquals(0.5 * 0.1 + 0.9, boxes(List.of(truth(1, 0, 0, 10, 10)),
                List.of(found(1, 0.5, 0, 0, 9, 10), found(1, 0.5, 0, 0, 10, 10))).ap(), EXACT);
    }

    @Test
    void ofEqualIousTheLastObjectIsTaken() {
        // The detection lies on both objects alike; the second detection only fits the first of them.
        ApScores scores = boxes(List.of(truth(1, 0, 0, 10, 10), truth(1, 10, 0, 10, 10)),
                List.of(found(1, 0.9, 0, 0, 20, 10), found(1, 0.8, 0, 0, 10, 10)));
        assertEquals(1, scores.apAt(0.5), EXACT);
    }

    @Test
    void anyNumberMayMatchACrowdAndNoneOfThemCounts() {
        // The crowd takes three, which lie in it by three quarters of their own area; one lies out of it.
        List<GroundTruth> truth = List.of(crowd(1, 0, 0, 100, 100), truth(1, 200, 0, 10, 10));
        List<Detection> found = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            found.add(found(1, 0.9, -5, 10 + 20 * i, 20, 10));
        }
        found.add(found(1, 0.5, 200, 0, 10, 10));
        ApScores scores = boxes(truth, found);
        assertEquals(1, scores.apAt(0.75), EXACT);
        // At 0.80 and past it the three are wrong: the one that is right comes fourth.
        assertEquals(0.25, scores.apAt(0.8), EXACT);
        // A detection that fits an object better than enough isn't given to a crowd it lies in wholly.
        assertEquals(1, boxes(List.of(crowd(1, 0, 0, 100, 100), truth(1, 10, 10, 10, 10)),
                List.of(found(1, 0.9, 10, 10, 10, 9.5))).apAt(0.9), EXACT);
        // Nothing but a crowd is no truth to measure by.
        assertEquals(-1, boxes(List.of(crowd(1, 0, 0, 9, 9)), List.of(found(1, 1, 0, 0, 9, 9))).ap());
    }

    @Test
    void classesWithoutTruthAreLeftOut() {
        ApScores scores = boxes(List.of(truth(1, 0, 0, 10, 10), truth(2, 0, 0, 10, 10)),
                List.of(found(1, 0.9, 0, 0, 10, 10), found(7, 0.9, 0, 0, 10, 10)));
        assertEquals(List.of(1, 2, 7), scores.categories());
        assertEquals(0.5, scores.ap(), EXACT, "1 of class 1, 0 of class 2, class 7 has no truth");
        assertEquals(0, scores.of(2).ap());
        assertEquals(-1, scores.of(7).ap());
    }

    @Test
    void withoutClassesOnlyPlacesCount() {
        AveragePrecision ap = AveragePrecision.boxes().classAgnostic();
        ap.add(1, List.of(truth(1, 0, 0, 10, 10), truth(2, 50, 0, 10, 10)),
                List.of(found(7, 0.9, 0, 0, 10, 10), found(1, 0.8, 50, 0, 10, 10)));
        ap.add(2, List.of(), List.of());
        assertEquals(1, ap.scores().ap(), EXACT);
        assertEquals(List.of(0), ap.scores().categories());
        // Of equal scores class 1 comes before class 3, and takes the object.
        AveragePrecision tie = AveragePrecision.boxes().classAgnostic();
        tie.add(1, List.of(truth(1, 0, 0, 10, 10)),
                List.of(found(3, 0.5, 0, 0, 9, 10), found(1, 0.5, 0, 0, 10, 10)));
        assertEquals(1, tie.scores().ap(), EXACT);
    }

    @Test
    void nothingFoundIsZeroAndNothingTrueIsNoScore() {
        ApScores none = boxes(List.of(truth(1, 0, 0, 10, 10)), List.of());
        assertEquals(0, none.ap());
        assertEquals(0, none.arWithin(100));
        ApScores noTruth = boxes(List.of(), List.of(found(1, 0.9, 0, 0, 10, 10)));
        assertTrue(noTruth.summary().stream().allMatch(f -> f.value() == -1), noTruth.summary().toString());
        ApScores nothing = AveragePrecision.boxes().scores();
        assertEquals(12, nothing.summary().size());
        assertTrue(nothing.summary().stream().allMatch(f -> f.value() == -1));
    }

    @Test
    void atMostAHundredCountOfAnImageAndClass() {
        List<Detection> found = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            found.add(found(1, 1, 500, 500, 10, 10));
        }
        found.add(found(1, 0.5, 0, 0, 10, 10));
        assertEquals(0, boxes(List.of(truth(1, 0, 0, 10, 10)), found).ap());
        found.set(0, found(2, 1, 500, 500, 10, 10));
        assertEquals(0.01, boxes(List.of(truth(1, 0, 0, 10, 10)), found).ap(), EXACT);
    }

    @Test
    void sizesIncludeBothEnds() {
        GroundTruth edge = new GroundTruth(1, 1024, false, new Rectangle(0, 0, 10, 10), null);
        ApScores scores = boxes(List.of(edge), List.of(found(1, 1, 0, 0, 10, 10)));
        assertEquals(1, scores.apOf("small"), EXACT);
        assertEquals(1, scores.apOf("medium"), EXACT);
        assertEquals(-1, scores.apOf("large"));
        // What matches nothing and is large doesn't count against the small ones.
        ApScores other = boxes(List.of(truth(1, 0, 0, 10, 10)),
                List.of(found(1, 1, 500, 500, 200, 200), found(1, 0.5, 0, 0, 10, 10)));
        assertEquals(1, other.apOf("small"), EXACT);
        assertEquals(0.5, other.ap(), EXACT);
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void masksOverlapAsRunLengthsSay(String id) {
        Mask left = Mask.empty(20, 10);
        Mask right = Mask.empty(20, 10);
        for (int i = 0; i < 100; i++) {
            left.set(i / 10, i % 10, true);
            right.set(i / 10 + 3, i % 10, true);
        }
        RunLength truth = RunLength.encode(left);
        RunLength shifted = RunLength.encode(right);
        RunLength none = RunLength.encode(Mask.empty(20, 10));
        try (Device device = Backends.open(id); Overlaps overlaps = new Overlaps(device)) {
            Overlaps.Matrix m = new MaskPairs(overlaps).measure(List.of(truth, shifted, none), List.of(shifted, truth));
            assertEquals(new Overlap(70, 130, 100, 100), m.get(0, 0));
            assertEquals(new Overlap(100, 100, 100, 100), m.get(1, 0));
            assertEquals(new Overlap(0, 100, 0, 100), m.get(2, 1));
            AveragePrecision ap = AveragePrecision.masks(overlaps);
            ap.add(1, List.of(GroundTruth.of(1, truth)), List.of(new Detection(1, 0.9, 0, null, none),
                    new Detection(1, 0.5, 100, null, shifted)));
            assertEquals(0.5, ap.scores().apAt(0.5), EXACT, "70 of 130; the empty mask is wrong");
            assertEquals(0, ap.scores().apAt(0.55), EXACT);
            AveragePrecision empty = AveragePrecision.masks(overlaps);
            empty.add(1, List.of(GroundTruth.of(1, none)), List.of(new Detection(1, 0.9, 0, null, none)));
            assertEquals(0, empty.scores().ap(), "two empty masks don't meet");
            RunLength other = RunLength.encode(Mask.empty(10, 20));
            assertThrows(BadInputException.class, () -> AveragePrecision.masks(overlaps).add(1,
                    List.of(GroundTruth.of(1, truth)), List.of(new Detection(1, 0.9, 0, null, other))));
            assertThrows(BadInputException.class, () -> AveragePrecision.masks(overlaps).add(1,
                    List.of(truth(1, 0, 0, 10, 10)), List.of(found(1, 1, 0, 0, 10, 10))));
        }
    }

    @Test
    void whatCannotBeMeasuredIsRefused() {
        AveragePrecision ap = AveragePrecision.boxes();
        ap.add(1, List.of(), List.of());
        assertThrows(BadInputException.class, () -> ap.add(1, List.of(), List.of()));
        assertThrows(BadInputException.class, () -> ap.scores().apAt(0.3));
        assertThrows(BadInputException.class, () -> ap.scores().apOf("tiny"));
        assertThrows(BadInputException.class, () -> ap.scores().arWithin(5));
        assertThrows(BadInputException.class, () -> found(1, Double.NaN, 0, 0, 1, 1));
        RunLength mask = RunLength.encode(Mask.empty(2, 2));
        assertThrows(BadInputException.class, () -> ap.add(2, List.of(GroundTruth.of(1, mask)),
                List.of(new Detection(1, 1, 4, null, mask))), "a box is missing");
        assertThrows(BadInputException.class, () -> new AveragePrecision.Protocol(List.of(0.9, 0.5), List.of(1), List.of()));
        assertThrows(BadInputException.class,
                () -> new AveragePrecision.Protocol(List.of(0.5), List.of(), AveragePrecision.Protocol.COCO.areas()));
        assertThrows(BadInputException.class, () -> new AveragePrecision.Protocol.AreaRange("", 0, 1));
        assertThrows(BadInputException.class, () -> new AveragePrecision.Protocol.AreaRange("none", 2, 1));
        assertThrows(BadInputException.class, () -> new AveragePrecision.Protocol.AreaRange("any", Double.NaN, 1));
    }

    @Test
    void anotherProtocol() {
        AveragePrecision.Protocol one = new AveragePrecision.Protocol(List.of(0.3), List.of(2),
                List.of(new AveragePrecision.Protocol.AreaRange("any", 0, 1e9)));
        AveragePrecision ap = AveragePrecision.boxes(one);
        ap.add(1, List.of(truth(1, 0, 0, 10, 10)), List.of(found(1, 1, 0, 0, 3, 10)));
        assertEquals(List.of("AP", "AR2"), ap.scores().summary().stream().map(ApScores.Figure::name).toList());
        assertEquals(1, ap.scores().apAt(0.3), EXACT);
    }

    /** A size that a file claims costs nothing: runs are counted in place of bits. */
    @ParameterizedTest
    @MethodSource(DEVICES)
    void hugePicturesOfFewRuns(String id) {
        int side = 46_340;
        RunLength all = RunLength.ofPolygons(side, side, List.of(new double[] {0, 0, side, 0, side, side, 0, side}));
        RunLength left = RunLength.ofPolygons(side, side, List.of(new double[] {0, 0, 10, 0, 10, side, 0, side}));
        try (Device device = Backends.open(id); Overlaps overlaps = new Overlaps(device)) {
            Overlaps.Matrix m = new MaskPairs(overlaps).measure(List.of(all, left), List.of(left));
            long area = (long) side * side;
            assertEquals(new Overlap(10L * side, area, area, 10L * side), m.get(0, 0));
            assertEquals(new Overlap(10L * side, 10L * side, 10L * side, 10L * side), m.get(1, 0));
            assertTrue(device.memoryInUse() < 1 << 20, "nothing was laid out as bits");
        }
    }
}
