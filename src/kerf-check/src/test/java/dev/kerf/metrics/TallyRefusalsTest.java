package dev.kerf.metrics;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.error.BadInputException;
import dev.kerf.mask.CocoDataset;
import dev.kerf.mask.Panoptic;
import dev.kerf.mask.Rectangle;
import dev.kerf.mask.RunLength;
import dev.kerf.metrics.AveragePrecision.GroundTruth;
import dev.kerf.metrics.AveragePrecision.Measure;
import dev.kerf.metrics.AveragePrecision.Protocol;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** What a tally doesn't take: counts by other measures, and bytes that no tally gives. */
class TallyRefusalsTest {
    /** A reference without its type can hold any tally. */
    @Test
    @SuppressWarnings({"unchecked", "rawtypes"})
    void scoresOfOtherCountsAreRefused() {
        Tally counts = Tally.counts("objects", 2);
        for (Executable of : List.<Executable>of(() -> ApScores.of(counts), () -> LabelScores.of(counts),
                () -> OverlapScores.of(counts), () -> PanopticQuality.Scores.of(counts))) {
            assertTrue(assertThrows(BadInputException.class, of).getMessage().contains("other counts than these scores"));
        }
    }

    /** Each of another measure: none merges with another, none takes what another counted, and the exception says of what they are. */
    @Test
    void measuresDontMix() {
        Protocol one = new Protocol(List.of(0.5), Protocol.COCO.limits(), Protocol.COCO.areas());
        Protocol few = new Protocol(Protocol.COCO.ious(), List.of(1, 10), Protocol.COCO.areas());
        List<GroundTruth> there = List
                .of(GroundTruth.of(1, RunLength.ofPolygons(20, 20, List.of(new double[] {1, 1, 9, 1, 9, 9}))));
        try (Device device = Backends.open("cpu"); Overlaps overlaps = new Overlaps(device)) {
            List<AveragePrecision> all = List.of(AveragePrecision.boxes(), AveragePrecision.boxes().classAgnostic(),
                    AveragePrecision.boxes(one), AveragePrecision.boxes(few), AveragePrecision.masks(overlaps),
                    AveragePrecision.boundaries(overlaps), AveragePrecision.boundaries(overlaps, 0.01, Protocol.COCO),
                    AveragePrecision.masks(overlaps).classAgnostic());
            for (AveragePrecision a : all) {
                for (AveragePrecision b : all) {
                    if (a == b) {
                        continue;
                    }
                    Measure measure = a.match(there, List.of()).measure();
                    for (Executable mixed : List.<Executable>of(() -> a.tally().merge(b.tally()),
                            () -> a.tally().merge(b.tally().toBytes()), () -> a.tally().add("1", b.match(there, List.of())))) {
                        String told = assertThrows(BadInputException.class, mixed).getMessage();
                        assertTrue(told.contains(measure.toString()), told);
                    }
                }
            }
            Tally<AveragePrecision.Matches> masks = Tally.detections(Measure.MASKS);
            assertTrue(masks.add("1", AveragePrecision.masks(overlaps).match(there, List.of())));
            all.get(4).tally().merge(masks);
            assertEquals(masks, all.get(4).tally());
        }
        List<Tally<List<Overlap>>> masks = List.of(Tally.overlaps(1), Tally.overlaps("boundaries", 1));
        assertThrows(BadInputException.class, () -> masks.getFirst().merge(masks.getLast()));
        for (Executable wrong : List.<Executable>of(() -> new Measure(true, 0.02, true, one),
                () -> new Measure(false, 1.5, true, one), () -> new Measure(false, Double.NaN, true, one),
                () -> Tally.panoptic(List.of(), -1))) {
            assertThrows(BadInputException.class, wrong);
        }
    }

    @Test
    void panopticPicturesOfOthersAreRefused() {
        List<CocoDataset.Category> cat = List.of(new CocoDataset.Category(1, "cat", true));
        Panoptic picture = Panoptic.of(4, 4, new int[] {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0}, Map.of(1, 1));
        try (Device device = Backends.open("cpu");
                PanopticQuality whole = new PanopticQuality(device, cat);
                PanopticQuality near = PanopticQuality.ofBoundaries(device, cat, 0.1);
                PanopticQuality nearer = PanopticQuality.ofBoundaries(device, cat, 0.05)) {
            List<PanopticQuality> all = List.of(whole, near, nearer);
            for (PanopticQuality a : all) {
                for (PanopticQuality b : all) {
                    if (a != b) {
                        assertThrows(BadInputException.class, () -> a.tally().merge(b.tally()));
                        assertThrows(BadInputException.class, () -> a.tally().merge(b.tally().toBytes()));
                        assertThrows(BadInputException.class, () -> a.tally().add("1", b.count(picture, picture)));
                    }
                }
            }
            Tally<PanopticQuality.Matches> sky = Tally.panoptic(List.of(new CocoDataset.Category(7, "sky", false)));
            PanopticQuality.Matches cats = whole.count(picture, picture);
            String told = assertThrows(BadInputException.class, () -> sky.add("1", cats)).getMessage();
            assertTrue(told.contains("category 1 ") && told.contains("sky"), told);
            assertTrue(whole.tally().add("1", cats));
            assertEquals(1, PanopticQuality.Scores.of(whole.tally()).all().pq());
        }
    }

    /** Bytes that decode, but to what no image gives, or that could be written in another way. */
    @Test
    void bytesThatMeanNothingAreRefused() {
        Measure boxes = new Measure(true, 0, true, new Protocol(List.of(0.5, 0.75), List.of(1, 2),
                List.of(new Protocol.AreaRange("all", 0, 1e10))));
        assertEquals(1, merged(boxes, new double[] {2, 1}, new long[] {3, 1}, new long[] {0, 1}, 2));
        assertEquals(1, merged(boxes, new double[] {0.0, -0.0}, new long[] {0, 0}, new long[] {3, 3}, 0));
        for (Executable wrong : List.<Executable>of(
                () -> merged(boxes, new double[] {1, 2}, new long[] {0, 0}, new long[] {0, 0}, 2),
                () -> merged(boxes, new double[] {Double.NaN}, new long[] {0}, new long[] {0}, 2),
                () -> merged(boxes, new double[] {Double.POSITIVE_INFINITY}, new long[] {0}, new long[] {0}, 2),
                () -> merged(boxes, new double[] {3, 2, 1}, new long[] {0, 0, 0}, new long[] {0, 0, 0}, 2),
                () -> merged(boxes, new double[] {1}, new long[] {4}, new long[] {0}, 2),
                () -> merged(boxes, new double[] {1}, new long[] {0}, new long[] {4}, 2),
                () -> merged(boxes, new double[] {2, 1}, new long[] {1, 1}, new long[] {0, 0}, 1),
                () -> merged(boxes, new double[] {}, new long[] {}, new long[] {}, -1),
                () -> merged(boxes, new double[] {}, new long[] {}, new long[] {}, 1L << 31))) {
            String told = assertThrows(BadInputException.class, wrong).getMessage();
            assertTrue(told.contains("damaged"), told);
        }

        List<CocoDataset.Category> cat = List.of(new CocoDataset.Category(1, "cat", true));
        assertEquals(1, merged(cat, 0, 0, 6, 10));
        long[][] nonsense = {{-1, 0, 6, 10}, {0, -1, 6, 10}, {0, 1L << 40, 6, 10}, {0, 0, 5, 10}, {0, 0, -6, 10},
            {0, 0, 6, -10},
            {0, 0, 0, 0}};
        for (long[] n : nonsense) {
            assertThrows(BadInputException.class, () -> merged(cat, n[0], n[1], n[2], n[3]), Arrays.toString(n));
        }
        assertThrows(BadInputException.class, () -> merge(Tally.panoptic(cat), new PanopticQuality.Matches(0, Map.of(1,
                new PanopticQuality.Matches.OfClass(0, 0, List.of())))), "a class that doesn't occur");
    }

    /** What comes of an image's counts that are sent. */
    private static int merged(Measure measure, double[] scores, long[] matched, long[] ignored, long truths) {
        return merge(Tally.detections(measure), new AveragePrecision.Matches(measure, Map.of(1,
                new ImageMatches(scores, new long[][] {matched}, new long[][] {ignored}, new long[] {truths}))));
    }

    private static int merged(List<CocoDataset.Category> categories, long wrong, long missed, long shared, long union) {
        return merge(Tally.panoptic(categories), new PanopticQuality.Matches(0, Map.of(1,
                new PanopticQuality.Matches.OfClass(wrong, missed, List.of(new PanopticQuality.Matches.Pair(shared, union))))));
    }

    private static <C> int merge(Tally<C> tally, C counts) {
        tally.add("1", counts);
        byte[] bytes = tally.toBytes();
        tally.merge(bytes);
        return tally.size();
    }

    /** Equal tallies have equal bytes, whoever made them: a number written longer, names or classes in another order, cut numbers. */
    @Test
    void onlyOneWayOfWritingIsTaken() {
        Tally<long[]> t = Tally.counts("n", 1);
        byte[] start = t.toBytes();
        Function<byte[], byte[]> images = counts -> {
            CountBytes.Out out = new CountBytes.Out();
            CountBytes.In in = new CountBytes.In(start);
            out.add(in.next());
            out.add(in.next());
            return join(out.toBytes(), counts);
        };
        // One image, named a (97), whose count is 2 (zigzag of 1).
        t.merge(images.apply(new byte[] {2, 1, 97, 1, 2}));
        assertArrayEquals(new long[] {1}, t.get("a"));
        for (byte[] wrong : new byte[][] {{2, 1, 97, 2, (byte) 0x82, 0}, {2, 1, (byte) 0xE1, 0, 1, 2},
            {(byte) 0x82, 0, 1, 97, 1, 2},
            {2, 1, (byte) 0xE1, (byte) 0x80, 4, 1, 2}, {4, 1, 98, 1, 2, 1, 97, 1, 2}, {4, 1, 97, 1, 2, 1, 97, 1, 2}, {1}}) {
            assertThrows(BadInputException.class, () -> Tally.counts("n", 1).merge(images.apply(wrong)),
                    Arrays.toString(wrong));
        }

        Tally<AveragePrecision.Matches> found = Tally.detections(Measure.BOXES);
        found.add("1", AveragePrecision.boxes().match(List.of(GroundTruth.of(5, new Rectangle(0, 0, 9, 9))), List.of()));
        byte[] bytes = found.toBytes();
        // An image's counts come last: a class, its number, four sizes' objects and no detections.
        int category = bytes.length - 6;
        assertEquals(10, bytes[category]);
        CountBytes.Out cut = new CountBytes.Out();
        cut.add(5 + (1L << 32));
        byte[] wide = join(join(Arrays.copyOf(bytes, category), cut.toBytes()),
                Arrays.copyOfRange(bytes, category + 1, bytes.length));
        wide[category - 2] += (byte) (cut.toBytes().length - 1);
        String told = assertThrows(BadInputException.class, () -> Tally.detections(Measure.BOXES).merge(wide)).getMessage();
        assertTrue(told.contains("damaged"), told);
    }

    private static byte[] join(byte[] a, byte[] b) {
        byte[] both = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, both, a.length, b.length);
        return both;
    }
}
