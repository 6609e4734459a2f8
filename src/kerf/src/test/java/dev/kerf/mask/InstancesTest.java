package dev.kerf.mask;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadInputException;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.json.Json;
import dev.kerf.mask.Instances.Instance;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InstancesTest {
    private static final IntFunction<String> NAMES = i -> i == 3 ? "traffic light/1" : "cat";

    /** A filled square of an image of 60 by 50. */
    private static RunLength square(int x0, int y0, int side) {
        Mask mask = Mask.empty(60, 50);
        for (int i = 0; i < side * side; i++) {
            mask.set(x0 + i % side, y0 + i / side, true);
        }
        return RunLength.encode(mask);
    }

    private static Instances two() {
        return new Instances(60, 50, List.of(new Instance(3, 0.25, square(2, 30, 10)),
                new Instance(1, 0.875, new Rectangle(20.5, 8, 30, 31.5), square(21, 9, 30))));
    }

    @Test
    void arraysOfADetectorBecomeInstances() {
        byte[] masks = {0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7, 1, 1, 1, 1, 1, 1};
        Instances found = Instances.of(3, 2, new int[] {4, 0}, new float[] {0.5f, 0.75f},
                new float[] {0, 0, 2, 2, 1.5f, 0.5f, 3, 2}, HostTensor.of(Shape.of(3, 2, 3), masks));
        assertEquals(2, found.size());
        assertEquals(new Rectangle(1.5, 0.5, 1.5, 1.5), found.items().get(1).box());
        assertEquals(2, found.items().get(0).mask().area());
        assertEquals(new Box(2, 1, 1, 1), found.items().get(1).mask().bounds());
        assertEquals(List.of(0, 4), found.byScore().items().stream().map(Instance::category).toList());
        assertEquals(1, found.atLeast(0.75).size());
        assertEquals(0, found.atLeast(0.76).size());
        HostTensor tooFew = HostTensor.zeros(DType.U8, Shape.of(1, 2, 3));
        assertThrows(BadInputException.class, () -> Instances.of(3, 2, new int[] {4, 0}, new float[] {0.5f, 0.75f},
                new float[8], tooFew));
    }

    @Test
    void impossibleInstancesAreRefused() {
        RunLength mask = square(0, 0, 2);
        assertThrows(BadInputException.class, () -> new Instance(-1, 1, mask));
        assertThrows(BadInputException.class, () -> new Instance(0, Double.NaN, mask));
        assertThrows(BadInputException.class, () -> new Rectangle(0, 0, -1, 2));
        assertThrows(BadInputException.class, () -> new Rectangle(Double.NaN, 0, 1, 2));
        List<Instance> items = List.of(new Instance(0, 1, mask));
        assertThrows(BadInputException.class, () -> new Instances(50, 60, items));
        assertThrows(BadInputException.class, () -> Overlay.of(NAMES)
                .draw(Image.blank(50, 60, PixelFormat.RGB8), two()));
        assertThrows(BadInputException.class, () -> new Overlay(NAMES, -1, new int[0], 1.5, true, true));
    }

    @Test
    void boxesOverlapAsPycocotoolsCounts() {
        Rectangle a = new Rectangle(0, 0, 10, 10);
        assertEquals(25.0 / 175, a.iou(new Rectangle(5, 5, 10, 10), false));
        assertEquals(0.25, a.iou(new Rectangle(5, 5, 10, 10), true));
        assertEquals(0, a.iou(new Rectangle(10, 0, 5, 10), false), "they touch");
        assertEquals(0, new Rectangle(1, 1, 0, 0).iou(a, true), "an empty box meets nothing");
    }

    @Test
    void cocoResultsHoldWhatWasFound(@TempDir Path directory) {
        Map<Long, Instances> images = new LinkedHashMap<>();
        images.put(5_000_000_000L, two());
        images.put(7L, new Instances(4, 4, List.of()));
        Path file = directory.resolve("results.json");
        Instances.writeCocoResults(file, images);
        Json json = Json.read(file);
        assertEquals(2, json.size());
        assertEquals(Json.parse("{\"image_id\": 5000000000, \"category_id\": 1, \"bbox\": [20.5, 8.0, 30.0, 31.5], "
                + "\"score\": 0.875, \"segmentation\": {\"size\": [50, 60], \"counts\": \""
                + square(21, 9, 30).toCocoString().replace("\\", "\\\\") + "\"}}"), json.at(1));
        Instances.writeCocoResults(file, Map.of());
        assertEquals(0, Json.read(file).size());
    }

    @Test
    void eachMaskIsAPicture(@TempDir Path directory) {
        List<Path> files = two().writePngs(directory, "street", NAMES);
        assertEquals(List.of(directory.resolve("street-001-traffic_light_1.png"),
                directory.resolve("street-002-cat.png")), files);
        Image image = Image.read(files.get(0));
        assertEquals(60, image.width());
        assertEquals(255, image.sample(2, 30, 0));
        assertEquals(255, image.sample(11, 39, 0));
        assertEquals(0, image.sample(12, 39, 0));
        assertEquals(List.of(), new Instances(4, 4, List.of()).writePngs(directory, "none", NAMES));
    }

    @Test
    void smallInstancesLieAboveLargeOnesInColoursOfTheirOwn() {
        Image grey = Image.blank(60, 50, PixelFormat.GRAY8);
        Instances found = new Instances(60, 50, List.of(new Instance(1, 0.9, square(25, 20, 6)),
                new Instance(1, 0.8, square(20, 10, 30)), new Instance(1, 0.1, RunLength.encode(Mask.empty(60, 50)))));
        Image out = new Overlay(NAMES, -1, new int[0], 0.5, true, false).draw(grey, found);
        int small = Palette.colour(0);
        int large = Palette.colour(1);
        assertEquals(small, rgb(out, 25, 20), "the outline of the small one");
        assertEquals(large, rgb(out, 20, 10));
        assertEquals(0, rgb(out, 2, 2));
        assertEquals(mixed(0, large), rgb(out, 40, 30));
        assertEquals(mixed(mixed(0, large), small), rgb(out, 27, 22));
        assertEquals(mixed(0, large), rgb(new Overlay(NAMES, -1, new int[0], 0.5, false, false).draw(grey, found), 20, 10));
    }

    @Test
    void labelsKeepClearOfEachOther() {
        Image white = Image.blank(200, 120, PixelFormat.RGB8);
        RunLength none = RunLength.encode(Mask.empty(200, 120));
        Instance one = new Instance(1, 0.5, new Rectangle(10, 10, 100, 60), none);
        Overlay overlay = Overlay.of(NAMES);
        Image single = overlay.draw(white, new Instances(200, 120, List.of(one)));
        Image both = overlay.draw(white, new Instances(200, 120, List.of(one, one)));
        int changed = 0;
        for (int i = 0; i < 200 * 120; i++) {
            int x = i % 200;
            int y = i / 200;
            if (rgb(single, x, y) != 0) {
                changed++;
                assertEquals(rgb(single, x, y), rgb(both, x, y), "the second label hides the first");
            }
        }
        assertTrue(changed > 300, "a label was drawn: " + changed);
        int second = Palette.colour(1);
        assertTrue(rgb(both, 20, 25) != 0 && rgb(both, 20, 25) != rgb(single, 20, 25), "below the first: " + second);
    }

    private static int mixed(int a, int b) {
        int out = 0;
        for (int shift = 0; shift <= 16; shift += 8) {
            int old = a >> shift & 0xFF;
            out |= (old + (((b >> shift & 0xFF) - old) * 128 + 128 >> 8)) << shift;
        }
        return out;
    }

    private static int rgb(Image image, int x, int y) {
        return image.sample(x, y, 0) << 16 | image.sample(x, y, 1) << 8 | image.sample(x, y, 2);
    }
}
