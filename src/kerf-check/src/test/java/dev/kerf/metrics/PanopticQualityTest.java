package dev.kerf.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.error.BadInputException;
import dev.kerf.json.Json;
import dev.kerf.mask.Box;
import dev.kerf.mask.CocoDataset;
import dev.kerf.mask.CocoPanoptic;
import dev.kerf.mask.Panoptic;
import dev.kerf.mask.Panoptic.Segment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class PanopticQualityTest {
    private static final String DEVICES = "dev.kerf.backend.BackendsUnderTest#devices";
    private static final double EXACT = 1e-9;
    private static final List<CocoDataset.Category> CATEGORIES = List.of(new CocoDataset.Category(1, "cat", true),
            new CocoDataset.Category(2, "dog", true), new CocoDataset.Category(7, "sky", false));

    private static Path golden(String name) {
        return Path.of("src/kerf/src/test/resources/coco-quick", name);
    }

    private static void compare(Json expected, PanopticQuality.Scores.Mean mean) {
        assertEquals(expected.at("pq").asDouble(), mean.pq(), EXACT);
        assertEquals(expected.at("sq").asDouble(), mean.sq(), EXACT);
        assertEquals(expected.at("rq").asDouble(), mean.rq(), EXACT);
        assertEquals(expected.at("n").asInt(), mean.classes());
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void panopticapiAgrees(String id) {
        CocoPanoptic truth = CocoPanoptic.read(golden("gt.json"), golden("panoptic_gt"));
        CocoPanoptic predicted = CocoPanoptic.read(golden("pred.json"), golden("panoptic_pred"));
        Json expected = Json.read(golden("expected_pq.json"));
        try (Device device = Backends.open(id);
                PanopticQuality quality = new PanopticQuality(device, truth.categories().values())) {
            for (long image : truth.images()) {
                quality.add(image, truth.picture(image), predicted.picture(image));
            }
            PanopticQuality.Scores scores = quality.scores();
            compare(expected.at("All"), scores.all());
            compare(expected.at("Things"), scores.things());
            compare(expected.at("Stuff"), scores.stuff());
            assertEquals(8, scores.classes().size());
            expected.at("per_class").members().forEach((category, e) -> {
                PanopticQuality.Scores.ClassScore c = scores.of(Integer.parseInt(category));
                assertEquals(e.at("pq").asDouble(), c.pq(), EXACT);
                assertEquals(e.at("sq").asDouble(), c.sq(), EXACT);
                assertEquals(e.at("rq").asDouble(), c.rq(), EXACT);
                assertEquals(e.at("tp").asLong(), c.truePositives());
                assertEquals(e.at("fp").asLong(), c.falsePositives());
                assertEquals(e.at("fn").asLong(), c.falseNegatives());
                assertEquals(e.at("iou").asDouble(), c.iouSum(), 1e-12);
            });
            assertFalse(scores.of(6).occurs());
        }
    }

    /** boundary-iou-api's figures of the same files. */
    @Test
    void boundaryIouApiAgrees() {
        CocoPanoptic truth = CocoPanoptic.read(golden("gt.json"), golden("panoptic_gt"));
        CocoPanoptic predicted = CocoPanoptic.read(golden("pred.json"), golden("panoptic_pred"));
        Json figures = Json.read(golden("expected_boundary_pq.json"));
        for (double ratio : new double[] {0.02, 0.05}) {
            Json expected = figures.at("" + ratio);
            try (Device device = Backends.open("cpu");
                    PanopticQuality quality = PanopticQuality.ofBoundaries(device, truth.categories().values(), ratio)) {
                for (long image : truth.images()) {
                    quality.add(image, truth.picture(image), predicted.picture(image));
                }
                compare(expected.at("All"), quality.scores().all());
                compare(expected.at("Things"), quality.scores().things());
                compare(expected.at("Stuff"), quality.scores().stuff());
                expected.at("per_class").members().forEach((category, e) -> {
                    PanopticQuality.Scores.ClassScore c = quality.scores().of(Integer.parseInt(category));
                    assertEquals(List.of(e.at("tp").asLong(), e.at("fp").asLong(), e.at("fn").asLong()),
                            List.of(c.truePositives(), c.falsePositives(), c.falseNegatives()), category);
                    assertEquals(e.at("iou").asDouble(), c.iouSum(), 1e-12);
                });
                assertThrows(BadInputException.class, () -> PanopticQuality.ofBoundaries(device, CATEGORIES, 0));
            }
        }
    }

    /** One row of pixels; id 10 c + n is the n-th segment of class c, of which the ids in {@code crowds} are crowds. */
    private static Panoptic row(List<Integer> crowds, int... ids) {
        Map<Integer, Integer> categories = new HashMap<>();
        Arrays.stream(ids).filter(i -> i > 0).forEach(i -> categories.put(i, i / 10));
        Panoptic plain = Panoptic.of(ids.length, 1, ids, categories);
        List<Segment> segments = new ArrayList<>();
        plain.segments().forEach(s -> segments.add(new Segment(s.id(), s.category(), crowds.contains(s.id()), s.area(),
                s.box())));
        return Panoptic.of(ids.length, 1, ids, segments);
    }

    private static Panoptic row(int... ids) {
        return row(List.of(), ids);
    }

    private static String counts(PanopticQuality quality, int category) {
        PanopticQuality.Scores.ClassScore c = quality.scores().of(category);
        return c.truePositives() + " " + c.falsePositives() + " " + c.falseNegatives();
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void workedByHand(String id) {
        try (Device device = Backends.open(id)) {
            try (PanopticQuality q = new PanopticQuality(device, CATEGORIES)) {
                // Two of three pixels, then a cat taken for a dog.
                q.add(q.tally().size(), row(11, 11, 11, 12, 12, 71), row(11, 11, 71, 21, 21, 71));
                assertEquals("1 0 1", counts(q, 1));
                assertEquals("0 1 0", counts(q, 2));
                assertEquals("0 1 1", counts(q, 7), "IoU 1/2 is no match");
                assertEquals(2 / 3.0, q.scores().of(1).sq(), EXACT);
                assertEquals(1 / 1.5, q.scores().of(1).rq(), EXACT);
                assertEquals(4 / 9.0, q.scores().of(1).pq(), EXACT);
                assertEquals(4 / 27.0, q.scores().all().pq(), EXACT);
                assertEquals(2, q.scores().things().classes());
                // Another image adds up.
                q.add(q.tally().size(), row(11, 71), row(11, 71));
                assertEquals("2 0 1", counts(q, 1));
                assertEquals(5 / 3.0 / 2.5, q.scores().of(1).pq(), EXACT);
            }
            try (PanopticQuality q = new PanopticQuality(device, CATEGORIES)) {
                // What of the prediction lies on void isn't in the union.
                q.add(q.tally().size(), row(0, 0, 11, 11, 0), row(11, 11, 11, 11, 21));
                assertEquals("1 0 0", counts(q, 1));
                assertEquals(1, q.scores().of(1).sq(), EXACT);
                assertEquals("0 0 0", counts(q, 2), "all of it lies on void");
                // Exactly half on void: it counts.
                q.add(q.tally().size(), row(0, 71), row(21, 21));
                assertEquals("0 1 0", counts(q, 2));
            }
            try (PanopticQuality q = new PanopticQuality(device, CATEGORIES)) {
                // On a crowd of its class it doesn't count, on one of another it does; void and crowd add up.
                q.add(q.tally().size(), row(List.of(11), 11, 11, 11, 11, 0, 71), row(12, 12, 21, 21, 13, 13));
                assertEquals("0 1 0", counts(q, 1), "13: half on void");
                assertEquals("0 1 0", counts(q, 2));
                q.add(q.tally().size(), row(List.of(11), 11, 11, 0, 71), row(13, 13, 13, 13));
                assertEquals("0 1 0", counts(q, 1), "three of four on crowd and void");
            }
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void nothingAtAllHasNoMean(String id) {
        try (Device device = Backends.open(id); PanopticQuality q = new PanopticQuality(device, CATEGORIES)) {
            q.add(q.tally().size(), row(0, 0, 0), row(0, 0, 0));
            assertEquals(new PanopticQuality.Scores.Mean(Double.NaN, Double.NaN, Double.NaN, 0), q.scores().all());
            assertEquals(0, q.scores().of(1).pq());
            q.add(q.tally().size(), row(11, 11, 11), row(0, 0, 0));
            assertEquals(new PanopticQuality.Scores.Mean(0, 0, 0, 1), q.scores().all());
            assertTrue(Double.isNaN(q.scores().stuff().pq()));
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void hundredsAndTensOfThousandsOfSegments(String id) {
        segments(id, 700);
        segments(id, 40_000);
    }

    private static void segments(String id, int n) {
        int[] truth = new int[n * 10];
        int[] predicted = new int[n * 10];
        Map<Integer, Integer> categories = new HashMap<>();
        for (int i = 0; i < n; i++) {
            Arrays.fill(truth, 10 * i, 10 * i + 10, i + 1);
            // Every second one shrinks to six of ten, the others to five, which isn't enough.
            Arrays.fill(predicted, 10 * i, 10 * i + (i % 2 == 0 ? 6 : 5), 16_000_000 - i);
            categories.put(i + 1, 1 + i % 2);
            categories.put(16_000_000 - i, 1 + i % 2);
        }
        try (Device device = Backends.open(id); PanopticQuality q = new PanopticQuality(device, CATEGORIES)) {
            q.add(q.tally().size(), Panoptic.of(n, 10, truth, categories), Panoptic.of(n, 10, predicted, categories));
            assertEquals(n / 2 + " 0 0", counts(q, 1));
            assertEquals("0 " + n / 2 + " " + n / 2, counts(q, 2));
            assertEquals(0.6, q.scores().of(1).pq(), EXACT);
        }
    }

    /** Places on host and device are the same pairs: crowds, void and matches come out alike. */
    @ParameterizedTest
    @MethodSource(DEVICES)
    void manySegmentsAreCountedAsFewAre(String id) {
        Random random = new Random(3);
        int[] truth = random.ints(3000, 0, 30).map(i -> i == 0 ? 0 : 10 + i).toArray();
        int[] predicted = Arrays.stream(truth).map(t -> random.nextInt(4) == 0 ? 10 + random.nextInt(20) : t).toArray();
        // The same picture, and one more whose segments of one pixel each match one another.
        int[] dots = IntStream.range(100_000, 102_000).toArray();
        try (Device device = Backends.open(id);
                PanopticQuality few = new PanopticQuality(device, TENS);
                PanopticQuality many = new PanopticQuality(device, TENS)) {
            few.add(few.tally().size(), row(List.of(12, 25), truth), row(predicted));
            int[] more = IntStream.concat(Arrays.stream(truth), Arrays.stream(dots)).toArray();
            int[] given = IntStream.concat(Arrays.stream(predicted), Arrays.stream(dots)).toArray();
            many.add(many.tally().size(), row(List.of(12, 25), more), row(given));
            for (int c = 1; c <= 3; c++) {
                assertEquals(counts(few, c), counts(many, c));
                assertEquals(few.scores().of(c).iouSum(), many.scores().of(c).iouSum());
            }
            assertEquals(2000, IntStream.range(10_000, 10_200)
                    .mapToLong(c -> many.scores().of(c).truePositives()).sum());
        }
    }

    private static final List<CocoDataset.Category> TENS = IntStream.concat(IntStream.rangeClosed(1, 3),
            IntStream.range(10_000, 10_200)).mapToObj(c -> new CocoDataset.Category(c, "c" + c, true)).toList();

    @ParameterizedTest
    @MethodSource(DEVICES)
    void whatCannotBeComparedIsRefused(String id) {
        try (Device device = Backends.open(id); PanopticQuality q = new PanopticQuality(device, CATEGORIES)) {
            assertThrows(BadInputException.class, () -> q.add(q.tally().size(), row(11), row(11, 11)));
            assertThrows(BadInputException.class, () -> q.add(q.tally().size(), row(31), row(11)));
            assertThrows(BadInputException.class, () -> q.add(q.tally().size(), row(11), row(31)));
            Panoptic ghost = Panoptic.of(1, 1, new int[] {0}, List.of(new Segment(5, 1, false, 3, Box.EMPTY)));
            assertThrows(BadInputException.class, () -> q.add(q.tally().size(), row(11), ghost));
            assertThrows(BadInputException.class, () -> q.scores().of(3));
            assertEquals("0 0 0", counts(q, 1), "nothing was counted");
            q.add(q.tally().size(), ghost, row(0));
            assertEquals("0 0 1", counts(q, 1), "a true segment may have no pixels");
        }
    }
}
