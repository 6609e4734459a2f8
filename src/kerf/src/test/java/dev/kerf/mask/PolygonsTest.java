package dev.kerf.mask;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PolygonsTest {
    private static void comesBack(Mask mask) {
        List<double[]> polygons = Polygons.trace(mask);
        assertEquals(mask, RunLength.ofPolygons(mask.width(), mask.height(), polygons).decode());
    }

    @Test
    void cornersOfARectangleAndAnL() {
        assertArrayEquals(new double[] {1, 0, 3, 0, 3, 2, 1, 2},
                Polygons.trace(RunLengthTest.mask(".##", ".##")).getFirst());
        assertArrayEquals(new double[] {0, 0, 1, 0, 1, 1, 2, 1, 2, 2, 0, 2},
                Polygons.trace(RunLengthTest.mask("#.", "##")).getFirst());
        assertEquals(List.of(), Polygons.trace(Mask.empty(3, 3)));
    }

    @Test
    void pixelsThatTouchAtACornerAreTwoParts() {
        Mask mask = RunLengthTest.mask("#.", ".#");
        assertEquals(2, Polygons.trace(mask).size());
        comesBack(mask);
    }

    @Test
    void aHoleIsReachedByACut() {
        Mask mask = RunLengthTest.mask(
                "####",
                "####",
                "#.##",
                "####");
        List<double[]> polygons = Polygons.trace(mask);
        assertEquals(1, polygons.size());
        // Along the top to x = 1, down the cut and the hole's left side, around it, back up, and on.
        assertArrayEquals(new double[] {0, 0, 1, 0, 1, 3, 2, 3, 2, 2, 1, 2, 1, 0, 4, 0, 4, 4, 0, 4},
                polygons.getFirst());
        comesBack(mask);
    }

    @Test
    void holesUnderHolesAndIslandsInThem() {
        Mask mask = RunLengthTest.mask(
                "#########",
                "#.##....#",
                "####.##.#",
                "#.##.##.#",
                "####....#",
                "#.#.#####",
                "###.#.#.#",
                "#########");
        assertEquals(2, Polygons.trace(mask).size());
        comesBack(mask);
    }

    @Test
    void everySizeUpToFortyComesBack() {
        Random random = new Random(3);
        for (int w = 1; w <= 40; w++) {
            for (int h = 1; h <= 40; h++) {
                comesBack(RunLengthTest.random(w, h, random));
            }
        }
    }

    @Test
    void simplifiedOutlinesStayNear() {
        Mask disc = Mask.empty(200, 200);
        for (int y = 0; y < 200; y++) {
            for (int x = 0; x < 200; x++) {
                disc.set(x, y, Math.hypot(x - 99.5, y - 99.5) < 80);
            }
        }
        List<double[]> exact = Polygons.trace(disc);
        List<double[]> simple = disc.polygons(1.5);
        assertEquals(1, simple.size());
        assertTrue(simple.getFirst().length < exact.getFirst().length / 5);
        Mask again = RunLength.ofPolygons(200, 200, simple).decode();
        // The outline moves by at most 1.5 pixels along a border of 2 pi 80 = 503 pixels.
        long changed = disc.area() + again.area() - 2 * disc.and(again).area();
        assertTrue(changed <= 1.5 * 503, changed + " pixels changed");
        assertArrayEquals(exact.getFirst(), Polygons.simplify(exact.getFirst(), 0));
    }
}
