package dev.kerf.metrics;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.error.BadInputException;
import dev.kerf.json.Json;
import dev.kerf.mask.CocoDataset;
import dev.kerf.mask.CocoPanoptic;
import dev.kerf.mask.Rectangle;
import dev.kerf.metrics.AveragePrecision.Detection;
import dev.kerf.metrics.AveragePrecision.GroundTruth;
import dev.kerf.metrics.AveragePrecision.Measure;
import dev.kerf.metrics.AveragePrecision.Protocol;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** An evaluation in parts is the one of all images to the bit, however the parts are cut, repeated, ordered and merged. */
class TallyTest {
    private static final Path GOLDENS = Path.of("src/kerf/src/test/resources/coco-quick");
    private static final int WAYS = 40;

    /** The scores of all ways of merging random parts are those of one pass. */
    private static <C> void mergesExactly(Supplier<Tally<C>> empty, Map<String, C> counts, Function<Tally<C>, ?> scores)
            throws IOException, ClassNotFoundException {
        Tally<C> single = empty.get();
        counts.forEach(single::add);
        Object expected = scores.apply(single);
        for (int way = 0; way < WAYS; way++) {
            Random random = new Random(way);
            List<Tally<C>> parts = new ArrayList<>();
            IntStream.range(0, 1 + random.nextInt(7)).forEach(_ -> parts.add(empty.get()));
            List<String> names = new ArrayList<>(counts.keySet());
            Collections.shuffle(names, random);
            for (String name : names) {
                // Up to three times: a task that was tried again, and one that ran beside another.
                for (int n = random.nextInt(3); n >= 0; n--) {
                    parts.get(random.nextInt(parts.size())).add(name, counts.get(name));
                }
            }
            while (parts.size() > 1) {
                Tally<C> a = parts.remove(random.nextInt(parts.size()));
                Tally<C> b = parts.get(random.nextInt(parts.size()));
                switch (random.nextInt(3)) {
                    case 0 -> b.merge(a);
                    case 1 -> b.merge(a.toBytes());
                    default -> b.merge(sent(a));
                }
            }
            assertEquals(expected, scores.apply(parts.getFirst()), "way " + way);
            assertArrayEquals(single.toBytes(), parts.getFirst().toBytes(), "way " + way);
            assertEquals(single, parts.getFirst());
        }
    }

    /** As java.io has it. */
    @SuppressWarnings("unchecked")
    private static <C> Tally<C> sent(Tally<C> tally) throws IOException, ClassNotFoundException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(tally);
        }
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            return (Tally<C>) in.readObject();
        }
    }

    private static long bits(double v) {
        return Double.doubleToRawLongBits(v);
    }

    private static Object bits(LabelScores s) {
        LabelScores.ImageMean m = s.imageMean();
        List<Object> out = new ArrayList<>(List.of(s.images(), s.pooled()));
        for (double[] each : new double[][] {m.iou(), m.dice(), m.precision(), m.recall(), {m.pixelAccuracy(),
            m.meanAccuracy(), m.meanIou(), m.meanDice(), m.frequencyWeightedIou()}}) {
            for (double v : each) {
                out.add(bits(v));
            }
        }
        return out;
    }

    private static Object bits(ApScores s) {
        List<Object> out = new ArrayList<>();
        s.summary().forEach(f -> out.add(bits(f.value())));
        for (int category : s.categories()) {
            out.add(bits(s.of(category).ap()));
            s.protocol().ious().forEach(iou -> {
                for (double p : s.of(category).curve(iou)) {
                    out.add(bits(p));
                }
            });
        }
        return out;
    }

    private static Object bits(PanopticQuality.Scores s) {
        List<Object> out = new ArrayList<>();
        s.classes()
                .forEach(c -> out.addAll(List.of(c.truePositives(), c.falsePositives(), c.falseNegatives(), bits(c.iouSum()))));
        out.add(bits(s.all().pq()));
        return out;
    }

    @Test
    void labelsAndMasks() throws IOException, ClassNotFoundException {
        Random random = new Random(1);
        Map<String, ConfusionMatrix> labels = new TreeMap<>();
        Map<String, List<Overlap>> masks = new TreeMap<>();
        Map<String, double[]> distances = new TreeMap<>();
        for (int i = 0; i < 60; i++) {
            long[][] counts = new long[4][4];
            for (long[] row : counts) {
                for (int p = 0; p < 4; p++) {
                    // Beyond int, often 0.
                    row[p] = random.nextBoolean() ? 0 : random.nextLong(1L << random.nextInt(1, 45));
                }
            }
            String name = i % 3 == 0 ? "" + (i * 7 - 50) : "folder/" + i + ".png";
            labels.put(name, ConfusionMatrix.of(counts));
            masks.put(name, List.of(ConfusionMatrix.of(counts).overlap(1), Overlap.NONE));
            distances.put(name, new double[] {random.nextDouble(), i == 5 ? Double.POSITIVE_INFINITY : -random.nextFloat()});
        }
        mergesExactly(() -> Tally.confusions(4), labels, t -> bits(LabelScores.of(t)));
        mergesExactly(() -> Tally.overlaps(2), masks, OverlapScores::of);
        mergesExactly(() -> Tally.scores("distances", 2), distances, t -> {
            double[] sum = new double[1];
            t.forEach((_, d) -> sum[0] += Double.isInfinite(d[1]) ? d[0] : d[0] + d[1]);
            return bits(sum[0]);
        });
    }

    @Test
    void detectionsOfCoco() throws IOException, ClassNotFoundException {
        CocoDataset truth = CocoDataset.read(GOLDENS.resolve("ground_truth.json"));
        CocoDataset.Results results = CocoDataset.Results.of(Json.read(GOLDENS.resolve("detections.json")), truth);
        try (Device device = Backends.open("cpu"); Overlaps overlaps = new Overlaps(device)) {
            for (AveragePrecision ap : List.of(AveragePrecision.boxes(), AveragePrecision.masks(overlaps))) {
                ap.add(truth, results);
                Map<String, AveragePrecision.Matches> images = new TreeMap<>();
                ap.tally().forEach(images::put);
                assertEquals(truth.images().size(), images.size());
                Measure measure = images.values().iterator().next().measure();
                mergesExactly(() -> Tally.detections(measure), images, t -> bits(ApScores.of(t)));
                Tally<AveragePrecision.Matches> again = Tally.detections(measure);
                again.merge(ap.tally());
                assertEquals(bits(ap.scores()), bits(ApScores.of(again)));
            }
        }
    }

    /** Many detections of few different scores: what comes first among them decides the figures. */
    @Test
    void detectionsOfEqualScores() throws IOException, ClassNotFoundException {
        Random random = new Random(2);
        AveragePrecision ap = AveragePrecision.boxes();
        Map<String, AveragePrecision.Matches> images = new TreeMap<>();
        for (int i = 0; i < 50; i++) {
            List<GroundTruth> there = new ArrayList<>();
            List<Detection> found = new ArrayList<>();
            for (int k = 0; k < 6; k++) {
                there.add(GroundTruth.of(1 + k % 2, new Rectangle(20 * k, 0, 10, 10)));
                found.add(Detection.of(1 + random.nextInt(2), random.nextInt(3) / 2.0,
                        new Rectangle(20 * k, random.nextInt(6), 10, 10)));
            }
            images.put("" + i, ap.match(there, found));
            ap.add(i, there, found);
        }
        mergesExactly(() -> Tally.detections(Measure.BOXES), images, t -> bits(ApScores.of(t)));
        Tally<AveragePrecision.Matches> renamed = Tally.detections(Measure.BOXES);
        images.forEach((name, m) -> renamed.add("" + (100 - Integer.parseInt(name)), m));
        assertNotEquals(bits(ap.scores()), bits(ApScores.of(renamed)), "names are what orders equal scores");
    }

    @Test
    void panopticPictures() throws IOException, ClassNotFoundException {
        CocoPanoptic truth = CocoPanoptic.read(GOLDENS.resolve("gt.json"), GOLDENS.resolve("panoptic_gt"));
        CocoPanoptic predicted = CocoPanoptic.read(GOLDENS.resolve("pred.json"), GOLDENS.resolve("panoptic_pred"));
        try (Device device = Backends.open("cpu");
                PanopticQuality whole = new PanopticQuality(device, truth.categories().values());
                PanopticQuality near = PanopticQuality.ofBoundaries(device, truth.categories().values(), BoundaryIou.RATIO)) {
            for (PanopticQuality quality : List.of(whole, near)) {
                double ratio = quality == near ? BoundaryIou.RATIO : 0;
                Map<String, PanopticQuality.Matches> images = new TreeMap<>();
                for (long image : truth.images()) {
                    quality.add(image, truth.picture(image), predicted.picture(image));
                    images.put("" + image, quality.count(truth.picture(image), predicted.picture(image)));
                }
                mergesExactly(() -> Tally.panoptic(truth.categories().values(), ratio), images,
                        t -> bits(PanopticQuality.Scores.of(t)));
                Tally<PanopticQuality.Matches> again = Tally.panoptic(truth.categories().values(), ratio);
                again.merge(quality.tally().toBytes());
                assertEquals(bits(quality.scores()), bits(PanopticQuality.Scores.of(again)));
                assertThrows(BadInputException.class,
                        () -> quality.add(truth.images().iterator().next(), truth.picture(truth.images().iterator().next()),
                                predicted.picture(truth.images().iterator().next())));
            }
        }
    }

    @Test
    void anImageCountsOnce() {
        Tally<long[]> t = Tally.counts("cells", 2);
        assertTrue(t.add("a", new long[] {1, Long.MIN_VALUE}));
        assertFalse(t.add("a", new long[] {1, Long.MIN_VALUE}));
        byte[] before = t.toBytes();
        Tally<long[]> other = Tally.counts("cells", 2);
        other.add("0", new long[] {7, 7});
        other.add("a", new long[] {2, 0});
        BadInputException e = assertThrows(BadInputException.class, () -> t.merge(other));
        assertTrue(e.getMessage().contains("image a was counted twice"), e.getMessage());
        assertThrows(BadInputException.class, () -> t.merge(other.toBytes()));
        assertThrows(BadInputException.class, () -> t.add("a", new long[] {2, 0}));
        assertThrows(BadInputException.class, () -> t.add("b", new long[] {2}));
        assertArrayEquals(before, t.toBytes(), "as it was");
        assertArrayEquals(new long[] {1, Long.MIN_VALUE}, t.get("a"));
        assertEquals(null, t.get("b"));
        for (Tally<?> of : List.of(Tally.counts("cells", 3), Tally.counts("nuclei", 2))) {
            assertThrows(BadInputException.class, () -> t.merge(of.toBytes()));
        }
        assertThrows(BadInputException.class, () -> t.merge(Tally.counts("nuclei", 2)));
        assertThrows(BadInputException.class, () -> Tally.counts("nothing", 0));
    }

    @Test
    void nothingIsNothing() {
        Tally<ConfusionMatrix> none = Tally.confusions(3);
        none.merge(Tally.confusions(3));
        none.merge(Tally.confusions(3).toBytes());
        assertEquals(0, none.size());
        assertEquals(Double.NaN, LabelScores.of(none).imageMean().meanIou());
        assertEquals(ConfusionMatrix.empty(3), LabelScores.of(none).pooled());
        assertEquals(-1, ApScores.of(Tally.detections(Measure.BOXES)).ap());
        assertEquals(Double.NaN, PanopticQuality.Scores.of(Tally.panoptic(List.of())).all().pq());
        none.add("empty", ConfusionMatrix.empty(3));
        assertEquals(1, LabelScores.of(none).images());
    }

    @Test
    void countsGoBeyondIntAndStopAtLong() {
        Tally<ConfusionMatrix> t = Tally.confusions(2);
        for (int i = 0; i < 8; i++) {
            t.add("" + i, ConfusionMatrix.of(new long[][] {{1L << 59, 0}, {0, 5_000_000_000L}}));
        }
        assertEquals(8 * 5_000_000_000L, LabelScores.of(t).pooled().count(1, 1));
        t.add("more", ConfusionMatrix.of(new long[][] {{1L << 62, 0}, {0, 0}}));
        t.add("too many", ConfusionMatrix.of(new long[][] {{Long.MAX_VALUE, 0}, {0, 0}}));
        assertThrows(BadInputException.class, () -> LabelScores.of(t));

        Protocol one = new Protocol(List.of(0.5), List.of(1), List.of(new Protocol.AreaRange("all", 0, 1e10)));
        Measure boxes = new Measure(true, 0, true, one);
        Tally<AveragePrecision.Matches> objects = Tally.detections(boxes);
        for (int i = 0; i < 3; i++) {
            objects.add("" + i,
                    new AveragePrecision.Matches(boxes, Map.of(1, new ImageMatches(new double[] {1}, new long[][] {{1}},
                            new long[][] {{0}}, new long[] {Integer.MAX_VALUE}))));
        }
        assertEquals(3.0 / (3L * Integer.MAX_VALUE), ApScores.of(objects).arWithin(1), 1e-24);
    }

    @Test
    void namesAreOrderedAndKept() {
        Tally<long[]> t = Tally.counts("n", 1);
        List<String> names = List.of("-123456789012345678901234567890", "-9223372036854775808", "-9223372036854775807",
                "-1000000000000000000", "-999999999999999999", "-3", "0", "2", "10", "999999999999999999",
                "1000000000000000000",
                "9223372036854775807", "9223372036854775808", "123456789012345678901234567890", "", "-0", "007", "B", "a",
                "é\uD800", "\uFFFF\n");
        List<String> shuffled = new ArrayList<>(names);
        Collections.shuffle(shuffled, new Random(4));
        shuffled.forEach(n -> t.add(n, new long[] {1}));
        Tally<long[]> back = Tally.counts("n", 1);
        back.merge(t.toBytes());
        assertEquals(names, List.copyOf(back.images()));
    }

    @Test
    void damagedBytesAreRefused() {
        Tally<ConfusionMatrix> t = Tally.confusions(3);
        t.add("a", ConfusionMatrix.of(new long[][] {{1, 2, 3}, {300, 0, 0}, {0, 0, 70_000}}));
        t.add("b", ConfusionMatrix.of(new long[][] {{1, 0, 0}, {0, 0, 0}, {0, 0, 0}}));
        byte[] bytes = t.toBytes();
        for (int n = 0; n < bytes.length; n++) {
            byte[] cut = Arrays.copyOf(bytes, n);
            assertThrows(BadInputException.class, () -> Tally.confusions(3).merge(cut), n + " bytes");
        }
        int refused = 0;
        for (int bit = 0; bit < 8 * bytes.length; bit++) {
            byte[] wrong = bytes.clone();
            wrong[bit / 8] ^= (byte) (1 << bit % 8);
            Tally<ConfusionMatrix> into = Tally.confusions(3);
            try {
                into.merge(wrong);
            } catch (BadInputException e) {
                refused++;
                assertEquals(0, into.size());
            }
        }
        assertTrue(refused > 4 * bytes.length, refused + " of " + 8 * bytes.length);
    }
}
