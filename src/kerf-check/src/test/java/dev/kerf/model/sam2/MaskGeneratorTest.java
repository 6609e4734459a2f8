package dev.kerf.model.sam2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.check.golden.GoldenCase;
import dev.kerf.error.BadInputException;
import dev.kerf.image.Image;
import dev.kerf.mask.Box;
import dev.kerf.mask.Mask;
import dev.kerf.mask.RunLength;
import dev.kerf.model.ModelOptions;
import dev.kerf.model.sam2.MaskGenerator.GeneratedMask;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class MaskGeneratorTest {
    private static final Path QUICK = Path.of("src/kerf-check/src/test/resources/goldens/sam2-quick");

    @Test
    void cropsOverlapAsUpstreamsDo() {
        // generate_crop_boxes((480, 640), 1, 512 / 1500): overlap 163, crops of 402 × 322.
        assertEquals(List.of(new Box(0, 0, 640, 480), new Box(0, 0, 402, 322), new Box(0, 159, 402, 321),
                new Box(239, 0, 401, 322), new Box(239, 159, 401, 321)), MaskGenerator.crops(640, 480, 1));
        assertEquals(1 + 4 + 16, MaskGenerator.crops(640, 480, 2).size());
    }

    @Test
    void boxesAreComparedFromFirstPixelToLast() {
        assertEquals(1, MaskGenerator.iou(new Box(3, 4, 10, 10), new Box(3, 4, 10, 10)));
        assertEquals(0, MaskGenerator.iou(new Box(0, 0, 5, 5), new Box(5, 0, 5, 5)));
        // 9 × 9 and 9 × 9 share 4 × 9.
        assertEquals(36 / 126.0, MaskGenerator.iou(new Box(0, 0, 10, 10), new Box(5, 0, 10, 10)), 1e-12);
    }

    private static GeneratedMask drawn(String... rows) {
        int w = rows[0].length();
        Mask mask = Mask.empty(w, rows.length);
        for (int i = 0; i < w * rows.length; i++) {
            mask.set(i % w, i / w, rows[i / w].charAt(i % w) == '#');
        }
        return new GeneratedMask(RunLength.encode(mask), new Box(0, 0, 1, 1), 1, 1,
                new Prompt.Point(0, 0, true), new Box(0, 0, w, rows.length));
    }

    @Test
    void smallHolesAndIslandsGo() {
        GeneratedMask m = drawn(
                "#####..",
                "#.###..",
                "#####..",
                "......#",
                "....#..");
        GeneratedMask c = MaskCleaning.clean(m, 3);
        // The hole of one is filled; the two single pixels are islands of their own.
        assertEquals(drawn("#####..", "#####..", "#####..", ".......", ".......").mask(), c.mask());
        assertEquals(new Box(0, 0, 5, 3), c.bounds());
        GeneratedMask clean = drawn("###", "###", "...");
        assertSame(clean, MaskCleaning.clean(clean, 3));
        // Where all islands are small the largest stays.
        assertEquals(drawn("##...", ".....", ".....").mask(), MaskCleaning.clean(drawn("##...", ".....", "....#"), 4).mask());
        // Corners touch.
        GeneratedMask diagonal = drawn("#....", ".#...", "..#..");
        assertSame(diagonal, MaskCleaning.clean(diagonal, 3));
    }

    @Test
    void whatPassesTheFiltersIsKeptOnce() {
        try (Weights weights = GoldenCase.open(QUICK).weights();
                Device cpu = Backends.open("cpu");
                Sam2 sam = Sam2.load(cpu, weights, Sam2.Settings.of().imageSize(256), ModelOptions.of())) {
            Image image = Image.read(QUICK.resolve("frame0.png"));
            List<Integer> progress = new ArrayList<>();
            var settings = MaskGenerator.Settings.of().pointsPerSide(3).thresholds(0.3, 0.3);
            List<GeneratedMask> all = new MaskGenerator(sam, settings).generate(image, progress::add);
            assertEquals(100, progress.getLast());
            assertTrue(all.size() > 0);
            for (int i = 0; i < all.size(); i++) {
                GeneratedMask m = all.get(i);
                assertTrue(m.iou() > 0.3 && m.stability() >= 0.3 && m.mask().area() > 0);
                assertTrue(i == 0 || all.get(i - 1).iou() >= m.iou());
                for (int k = 0; k < i; k++) {
                    assertTrue(MaskGenerator.iou(m.bounds(), all.get(k).bounds()) <= 0.7);
                }
            }
            assertEquals(List.of(), new MaskGenerator(sam, settings.thresholds(1, 0)).generate(image, p -> {}));
            List<GeneratedMask> crops = new MaskGenerator(sam, settings.pointsPerSide(2).cropLayers(1).minRegionArea(20))
                    .generate(image, p -> {});
            assertTrue(crops.size() > 0);
            for (GeneratedMask m : crops) {
                Box c = m.crop();
                boolean ends = c.x() + c.width() < 256 && m.bounds().x() + m.bounds().width() > c.x() + c.width() - 20
                        || c.x() > 0 && m.bounds().x() < c.x() + 20;
                assertTrue(MaskGenerator.crops(256, 256, 1).contains(c) && !ends, m.bounds() + " in " + c);
            }
        }
    }

    @Test
    void badSettingsAreRefused() {
        assertThrows(BadInputException.class, () -> MaskGenerator.Settings.of().pointsPerSide(0));
        assertThrows(BadInputException.class, () -> MaskGenerator.Settings.of().cropLayers(4));
        assertThrows(BadInputException.class, () -> MaskGenerator.Settings.of().thresholds(Double.NaN, 1));
        assertThrows(BadInputException.class, () -> MaskGenerator.Settings.of().minRegionArea(-1));
    }
}
