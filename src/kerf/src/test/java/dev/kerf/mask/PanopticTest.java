package dev.kerf.mask;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.json.Json;
import dev.kerf.mask.Instances.Instance;
import dev.kerf.mask.Panoptic.Segment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PanopticTest {
    /** One row; '#' belongs. */
    private static Instance instance(int category, double score, String row) {
        Mask mask = Mask.empty(row.length(), 1);
        IntStream.range(0, row.length()).filter(i -> row.charAt(i) == '#').forEach(i -> mask.set(i, 0, true));
        return new Instance(category, score, RunLength.encode(mask));
    }

    private static String ids(Panoptic p) {
        StringBuilder s = new StringBuilder();
        Arrays.stream(p.ids()).forEach(s::append);
        return s.toString();
    }

    private static Panoptic merge(Panoptic.Merge merge, String semantic, Instance... found) {
        int[] labels = semantic.chars().map(c -> c - '0').toArray();
        // Labels 0 and 1 are things or nothing, 2 and 3 two kinds of stuff, 4 is the second kind again.
        return merge.merge(new Instances(labels.length, 1, List.of(found)), LabelMap.of(labels.length, 1, labels),
                label -> new int[] {-1, -1, 20, 30, 30}[label]);
    }

    @Test
    void surerInstancesComeFirstAndStuffGetsTheRest() {
        Panoptic p = merge(new Panoptic.Merge(0.5, 0.5, 1), "0022233344",
                instance(1, 0.6, "####......"), instance(5, 0.9, "..####...."));
        assertEquals("2211113333", ids(p));
        assertEquals(List.of(5, 1, 30), p.segments().stream().map(Segment::category).toList());
        assertEquals(new Segment(1, 5, false, 4, new Box(2, 0, 4, 1)), p.segments().get(0));
        assertEquals(new Segment(2, 1, false, 2, new Box(0, 0, 2, 1)), p.segments().get(1), "half of it was taken");
        assertEquals(4, p.segments().get(2).area(), "two labels of one kind are one segment");
    }

    @Test
    void instancesOfWhichTooMuchIsTakenAreLeftOut() {
        // Three of four are taken.
        assertEquals("0111100000", ids(merge(new Panoptic.Merge(0.5, 0.5, 1), "0000000000",
                instance(1, 0.8, "####......"), instance(5, 0.9, ".####....."))));
        assertEquals("2111100000", ids(merge(new Panoptic.Merge(0.5, 0.75, 1), "0000000000",
                instance(1, 0.8, "####......"), instance(5, 0.9, ".####....."))));
        // One that was left out takes nothing from later ones.
        assertEquals("1110022220", ids(merge(new Panoptic.Merge(0.5, 0, 1), "0000000000",
                instance(1, 0.9, "###......."), instance(1, 0.8, "..####...."), instance(1, 0.7, ".....####."))));
        // All of it is taken: allowed, but nothing is left.
        assertEquals("1110000000", ids(merge(new Panoptic.Merge(0.5, 1, 1), "0000000000",
                instance(1, 0.9, "###......."), instance(1, 0.8, ".#........"))));
        // Below the score, and empty.
        assertEquals("0000000000", ids(merge(new Panoptic.Merge(0.5, 0.5, 1), "0000000000",
                instance(1, 0.4999, "###......."), instance(1, 0.9, ".........."))));
        // Equal scores: the first given.
        assertEquals("1110000000", ids(merge(new Panoptic.Merge(0.5, 0.5, 1), "0000000000",
                instance(1, 0.5, "###......."), instance(1, 0.5, "###......."))));
    }

    @Test
    void stuffOfTooFewPixelsBecomesVoid() {
        Panoptic p = merge(new Panoptic.Merge(0.5, 0.5, 3), "2222333004", instance(9, 0.7, "..##......"));
        // Two pixels of the first kind are left, four of the second.
        assertEquals("0011222002", ids(p));
        assertEquals(List.of(9, 30), p.segments().stream().map(Segment::category).toList());
        assertEquals("0000000000", ids(merge(Panoptic.Merge.DEFAULT, "2222222222")));
        assertEquals(0, merge(Panoptic.Merge.DEFAULT, "2222222222").segments().size());
    }

    @Test
    void columnsAndRowsAreNotConfused() {
        Mask mask = Mask.empty(3, 2);
        mask.set(2, 0, true);
        mask.set(2, 1, true);
        mask.set(0, 1, true);
        Panoptic p = new Panoptic.Merge(0, 0.5, 1).merge(
                new Instances(3, 2, List.of(new Instance(1, 1, RunLength.encode(mask)))),
                LabelMap.of(3, 2, new int[] {0, 1, 1, 1, 1, 1}), label -> label == 0 ? 8 : -1);
        assertArrayEquals(new int[] {2, 0, 1, 1, 0, 1}, p.ids());
        assertEquals(mask, p.mask(1));
        assertEquals(new Box(0, 0, 3, 2), p.segments().get(0).box());
        assertArrayEquals(new int[] {8, 99, 1, 1, 99, 1}, p.categories(99).toArray());
        assertEquals(1, p.id(2, 1));
    }

    @Test
    void segmentsAreDrawnInColoursOfTheirOwn() {
        int[] ids = new int[200 * 120];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = i % 200 < 20 ? 0 : i % 200 < 110 ? 40 : 7;
        }
        Panoptic p = Panoptic.of(200, 120, ids, List.of(new Segment(7, 2, false, 90 * 120, new Box(110, 0, 90, 120)),
                new Segment(40, 5, false, 90 * 120, new Box(20, 0, 90, 120)), new Segment(9, 2, false, 0, Box.EMPTY)));
        Image black = Image.blank(200, 120, PixelFormat.RGB8);
        Image plain = new Overlay(c -> "x", -1, new int[0], 1, true, false).draw(black, p);
        assertEquals(Palette.colour(0), rgb(plain, 150, 60));
        assertEquals(Palette.colour(1), rgb(plain, 60, 60));
        assertEquals(0, rgb(plain, 10, 60), "void");
        Image named = new Overlay(c -> "class " + c, -1, new int[0], 1, true, true).draw(black, p);
        int left = 0;
        int right = 0;
        for (int i = 0; i < ids.length; i++) {
            int x = i % 200;
            int y = i / 200;
            boolean differs = rgb(named, x, y) != rgb(plain, x, y);
            left += differs && x < 110 ? 1 : 0;
            right += differs && x >= 110 ? 1 : 0;
            assertTrue(!differs || Math.abs(y - 60) < 20, "names stand in the middle, not at (" + x + ", " + y + ")");
        }
        assertTrue(left > 30 && right > 30, left + " and " + right + " pixels of names");
        Image small = Image.blank(20, 12, PixelFormat.RGB8);
        assertThrows(BadInputException.class, () -> Overlay.of(c -> "x").draw(small, p));
        assertThrows(BadInputException.class, () -> new Overlay(c -> "x", -1, new int[0], -1, true, true));
    }

    @Test
    void hundredsOfSegmentsAreDrawn() {
        int[] ids = IntStream.range(0, 600).map(i -> i + 1).toArray();
        Map<Integer, Integer> categories = new LinkedHashMap<>();
        Arrays.stream(ids).forEach(id -> categories.put(id, 1));
        Panoptic p = Panoptic.of(30, 20, ids, categories);
        Image drawn = Overlay.of(c -> "x").draw(Image.blank(30, 20, PixelFormat.RGB8), p);
        assertEquals(Palette.colour(500), rgb(drawn, 500 % 30, 500 / 30), "each pixel is an outline");
    }

    private static int rgb(Image image, int x, int y) {
        return image.sample(x, y, 0) << 16 | image.sample(x, y, 1) << 8 | image.sample(x, y, 2);
    }

    @Test
    void impossiblePicturesAreRefused() {
        assertThrows(BadInputException.class, () -> Panoptic.of(2, 1, new int[] {1, 2}, Map.of(1, 1)));
        assertThrows(BadInputException.class, () -> Panoptic.of(2, 1, new int[] {1}, Map.of(1, 1)));
        assertThrows(BadInputException.class, () -> Panoptic.of(1, 1, new int[] {1 << 24}, Map.of(1 << 24, 1)));
        Segment s = new Segment(1, 1, false, 1, Box.EMPTY);
        assertThrows(BadInputException.class, () -> Panoptic.of(1, 1, new int[] {1}, List.of(s, s)));
        assertThrows(BadInputException.class, () -> new Panoptic.Merge(0.5, 1.5, 0));
        LabelMap small = LabelMap.of(1, 1, new int[1]);
        assertThrows(BadInputException.class,
                () -> Panoptic.Merge.DEFAULT.merge(new Instances(2, 1, List.of()), small, l -> -1));
    }

    @Test
    void badFilesAreNamed(@TempDir Path directory) {
        Panoptic.of(2, 1, new int[] {3, 5}, Map.of(3, 1, 5, 1)).writePng(directory.resolve("a.png"));
        Image.blank(2, 1, PixelFormat.GRAY8).writePng(directory.resolve("grey.png"));
        refused(directory, "a.png", "[{\"id\": 3, \"category_id\": 1}]", "a.png: pixel (1, 0) has the id 5");
        refused(directory, "a.png", "[{\"id\": -1, \"category_id\": 1}]",
                "p.json: $.annotations[0].segments_info[0].id: ids of segments are 0 to 2^24 - 1");
        refused(directory, "a.png", "[{\"id\": 3, \"category_id\": 1}, {\"id\": 3, \"category_id\": 1}]",
                "p.json: $.annotations[0].segments_info[1]: another segment has the id 3");
        refused(directory, "a.png", "[{\"id\": 3}]", "p.json: $.annotations[0].segments_info[0]: has no member");
        refused(directory, "grey.png", "[]", "grey.png: a panoptic picture has red, green and blue of 8 bits");
        refused(directory, "none.png", "[]", "none.png: no such file");
        for (String name : List.of("../a.png", "/", "a.png/", "./a.png", "", ".", "..", "a\\u0000", directory + "/a.png")) {
            refused(directory, name, "[]", "p.json: $.annotations[0].file_name: is no name of a file");
        }
        assertTrue(assertThrows(BadFileException.class, () -> CocoPanoptic.of(Json.parse("{}"), directory.resolve("x")))
                .getMessage().endsWith("x: no such directory; it should hold the panoptic PNG files"));
        Json twice = Json.parse("{\"annotations\": [{\"image_id\": 1, \"segments_info\": []}, {\"image_id\": 1, "
                + "\"segments_info\": []}]}");
        assertThrows(BadFileException.class, () -> CocoPanoptic.of(twice, directory));
        Json instances = Json.parse("{\"annotations\": [{\"image_id\": 1}]}");
        assertThrows(BadFileException.class, () -> CocoPanoptic.of(instances, directory));
        CocoPanoptic empty = CocoPanoptic.of(Json.parse("{\"annotations\": []}"), directory);
        assertThrows(BadInputException.class, () -> empty.picture(3));
    }

    @Test
    void aSegmentMayHaveTheIdZero(@TempDir Path directory) {
        Panoptic.of(4, 1, new int[] {0, 0, 1, 7}, Map.of(1, 1, 7, 1)).writePng(directory.resolve("a.png"));
        Json json = Json.parse("{\"annotations\": [{\"image_id\": 1, \"file_name\": \"a.png\", \"segments_info\": ["
                + "{\"id\": 0, \"category_id\": 5}, {\"id\": 1, \"category_id\": 1}, {\"id\": 7, \"category_id\": 1}]}]}");
        Panoptic p = CocoPanoptic.of(json, directory).picture(1);
        assertArrayEquals(new int[] {2, 2, 1, 7}, p.ids(), "2 was free");
        assertArrayEquals(new int[] {5, 5, 1, 1}, p.categories(99).toArray());
        assertEquals(Set.of(1L, 2L), p.segments().stream().map(Segment::area).collect(Collectors.toSet()));
        // A pixel of the id that is free is no more a segment than elsewhere.
        Panoptic.of(2, 1, new int[] {0, 1}, Map.of(1, 1)).writePng(directory.resolve("b.png"));
        refused(directory, "b.png", "[{\"id\": 0, \"category_id\": 5}]", "b.png: pixel (1, 0) has the id 1");
    }

    @Test
    void imagesMayBeKnownByStrings(@TempDir Path directory) {
        Json truth = Json.parse("{\"annotations\": [" + STRING_ID.formatted("b") + "," + STRING_ID.formatted("a") + "]}");
        CocoPanoptic real = CocoPanoptic.of(truth, directory);
        assertEquals(List.of(2L, 1L), real.images());
        assertEquals("b", real.id(2));
        Json found = Json.parse("{\"annotations\": [" + STRING_ID.formatted("b") + "," + STRING_ID.formatted("aa") + "]}");
        CocoPanoptic prediction = CocoPanoptic.of(found, directory, real);
        assertEquals(List.of(2L, 3L), prediction.images());
        assertEquals("aa", prediction.id(3));
        Json mixed = Json.parse("{\"annotations\": [" + STRING_ID.formatted("b") + "," + STRING_ID.replace("\"%s\"", "4")
                + "]}", "m.json");
        assertEquals("m.json: $.annotations[1].image_id: expected a string for an id, as other images have, found 4",
                assertThrows(BadFileException.class, () -> CocoPanoptic.of(mixed, directory)).getMessage());
    }

    private static final String STRING_ID = "{\"image_id\": \"%s\", \"file_name\": \"a.png\", \"segments_info\": []}";

    private static void refused(Path directory, String file, String segments, String expected) {
        Json json = Json.parse("{\"annotations\": [{\"image_id\": 1, \"file_name\": \"" + file
                + "\", \"segments_info\": " + segments + "}]}", "p.json");
        String message = assertThrows(BadFileException.class,
                () -> CocoPanoptic.of(json, directory).picture(1)).getMessage();
        assertTrue(message.contains(expected), message);
    }
}
