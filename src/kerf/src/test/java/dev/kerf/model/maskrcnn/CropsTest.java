package dev.kerf.model.maskrcnn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadInputException;
import dev.kerf.mask.Box;
import dev.kerf.mask.Instances;
import dev.kerf.mask.Instances.Instance;
import dev.kerf.mask.Mask;
import dev.kerf.mask.RunLength;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Where parts lie, and what becomes of things that several of them show. */
class CropsTest {
    private static RunLength block(int width, int height, int x0, int y0, int x1, int y1) {
        Mask m = Mask.empty(width, height);
        for (int y = y0; y < y1; y++) {
            for (int x = x0; x < x1; x++) {
                m.set(x, y, true);
            }
        }
        return RunLength.encode(m);
    }

    private static Instances found(int width, int height, Instance... items) {
        return new Instances(width, height, List.of(items));
    }

    @Test
    void partsCoverThePictureAndOverlap() {
        for (int extent : new int[] {16, 17, 31, 100, 101, 997}) {
            for (double overlap : new double[] {0, 0.2, 0.5, 0.9}) {
                List<Box> boxes = Crops.of(31).overlap(overlap).boxes(extent, 20);
                int part = Math.min(31, extent);
                assertEquals(0, boxes.getFirst().x());
                assertEquals(extent, boxes.getLast().x() + part);
                for (int i = 0; i < boxes.size(); i++) {
                    assertEquals(new Box(boxes.get(i).x(), 0, part, 20), boxes.get(i));
                    if (i > 0) {
                        int common = boxes.get(i - 1).x() + part - boxes.get(i).x();
                        assertTrue(common >= overlap * part - 1e-9 && common < part, extent + " " + overlap + " " + common);
                    }
                }
            }
        }
        assertEquals(new Box(69, 0, 31, 16), Crops.of(31).overlap(0).boxes(100, 16).getLast());
    }

    /** Two squares of 20 pixels side by side, 10 of them common, and the whole of 30 × 20. */
    @Test
    void whatPartsShowOfOneThingIsOneThing() {
        List<Box> parts = List.of(new Box(0, 0, 20, 20), new Box(10, 0, 20, 20), new Box(0, 0, 30, 20));
        // A thing from column 5 to 25, cut off in both squares and seen in the whole with a column less.
        Instances left = found(20, 20, new Instance(1, 0.8, block(20, 20, 5, 4, 20, 10)),
                new Instance(1, 0.7, block(20, 20, 6, 4, 19, 10))); // of the same part: another thing
        Instances right = found(20, 20, new Instance(1, 0.6, block(20, 20, 0, 4, 15, 10)),
                new Instance(2, 0.9, block(20, 20, 0, 4, 15, 10))); // another class
        Instances whole = found(30, 20, new Instance(1, 0.5, block(30, 20, 6, 4, 25, 10)));
        Instances all = new Crops(20, 20, 0.5, true, 0.5).merge(30, 20, parts, List.of(left, right, whole));
        assertEquals(List.of(2, 1, 1), all.items().stream().map(Instance::category).toList(), "the surest first");
        assertEquals(List.of(0.9, 0.8, 0.7), all.items().stream().map(Instance::score).toList());
        assertEquals(block(30, 20, 5, 4, 25, 10), all.items().get(1).mask());
        assertEquals(5, all.items().get(1).box().x());
        assertEquals(20, all.items().get(1).box().width());
        assertEquals(block(30, 20, 6, 4, 19, 10), all.items().get(2).mask());
        assertEquals(block(30, 20, 10, 4, 25, 10), all.items().getFirst().mask());
    }

    @Test
    void thingsApartAndEmptyMasksStay() {
        List<Box> parts = List.of(new Box(0, 0, 20, 20), new Box(10, 0, 20, 20));
        Instances left = found(20, 20, new Instance(1, 0.8, block(20, 20, 0, 0, 14, 9)),
                new Instance(1, 0.4, block(20, 20, 0, 0, 0, 0)));
        Instances right = found(20, 20, new Instance(1, 0.8, block(20, 20, 2, 0, 20, 9)),
                new Instance(1, 0.3, block(20, 20, 0, 0, 0, 0)));
        Instances all = Crops.of(20).whole(false).merge(30, 20, parts, List.of(left, right));
        assertEquals(4, all.size(), "they share 2 of 14 columns");
        assertEquals(0, Crops.of(20).merge(30, 20, parts, List.of(found(20, 20), found(20, 20))).size());
    }

    @Test
    void rangesAreChecked() {
        List<Runnable> bad = new ArrayList<>(List.of(() -> Crops.of(15), () -> Crops.of(64).overlap(1),
                () -> Crops.of(64).overlap(-0.1), () -> Crops.of(64).overlap(Double.NaN), () -> new Crops(64, 64, 0, true, 0),
                () -> new Crops(64, 64, 0, true, 1.1), () -> Crops.of(64).merge(9, 9, List.of(new Box(0, 0, 9, 9)), List.of()),
                () -> Crops.of(64).merge(9, 9, List.of(new Box(5, 0, 9, 9)),
                        List.of(found(9, 9, new Instance(1, 1, block(9, 9, 0, 0, 2, 2)))))));
        bad.forEach(b -> assertThrows(BadInputException.class, b::run));
    }
}
