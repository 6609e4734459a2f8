package dev.kerf.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.kerf.error.BadInputException;
import dev.kerf.mask.Mask;
import dev.kerf.mask.RunLength;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BoundaryTest {
    private static Mask full(int w, int h) {
        return not(Mask.empty(w, h));
    }

    private static Mask not(Mask mask) {
        Mask out = Mask.empty(mask.width(), mask.height());
        for (int i = 0; i < mask.width() * mask.height(); i++) {
            out.set(i % mask.width(), i / mask.width(), !mask.get(i % mask.width(), i / mask.width()));
        }
        return out;
    }

    /** By the definition: some pixel at most so many rows and columns away isn't in the mask. */
    private static Mask naive(Mask mask, int distance) {
        Mask out = Mask.empty(mask.width(), mask.height());
        for (int i = 0; i < mask.width() * mask.height(); i++) {
            int x = i % mask.width();
            int y = i / mask.width();
            boolean near = false;
            for (int dy = -distance; dy <= distance; dy++) {
                for (int dx = -distance; dx <= distance; dx++) {
                    near |= !mask.get(x + dx, y + dy);
                }
            }
            out.set(x, y, near && mask.get(x, y));
        }
        return out;
    }

    @Test
    void theDefinitionHolds() {
        Random random = new Random(5);
        for (int round = 0; round < 300; round++) {
            int w = 1 + random.nextInt(25);
            int h = 1 + random.nextInt(25);
            Mask mask = full(w, h);
            for (int holes = random.nextInt(round % 3 == 0 ? 60 : 6); holes > 0; holes--) {
                mask.set(random.nextInt(w), random.nextInt(h), false);
            }
            int distance = 1 + random.nextInt(4);
            assertEquals(naive(mask, distance), Boundary.of(mask, distance), w + "x" + h + ", " + distance);
        }
    }

    /** Two gigapixels that a file of a hundred bytes may claim: a rectangle, and one of other widths beside it. */
    @Test
    void aLargePictureCostsWhatIsInIt() {
        int h = 42_000;
        int left = 5;
        int w = 40_000;
        int[] counts = new int[2 * w + 5];
        counts[0] = left * h + 7;
        for (int x = 0; x < w; x++) {
            counts[2 * x + 1] = 30_000;
            counts[2 * x + 2] = x < w - 1 ? 12_000 : 12_000 - 7 + 100 * h;
        }
        counts[2 * w + 1] = 1000 * h;
        counts[2 * w + 2] = (51_000 - 5 - 40_000 - 100 - 1000) * h;
        RunLength mask = RunLength.of(51_000, h, Arrays.copyOf(counts, 2 * w + 3));
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        long area = Boundary.of(mask, 400).area();
        assertEquals(30_000L * 40_000 - 29_200L * 39_200 + 1000L * h - 200L * (h - 800), area);
        long took = threads.getCurrentThreadAllocatedBytes() - before;
        assertTrue(took < 128 << 20, took + " bytes");
        RunLength line = RunLength.of(Integer.MAX_VALUE, 1, new int[] {0, Integer.MAX_VALUE});
        assertSame(line, Boundary.of(line, Boundary.distance(line.width(), 1, 1)));
    }

    @Test
    void thePicturesEdgeIsAnOutline() {
        assertEquals(25 - 9, Boundary.of(full(5, 5), 1).area());
        assertEquals(25 - 1, Boundary.of(full(5, 5), 2).area());
        assertEquals(25, Boundary.of(full(5, 5), 3).area());
        assertEquals(0, Boundary.of(Mask.empty(5, 5), 3).area());
    }

    @Test
    void distancesAreSharesOfTheDiagonal() {
        assertEquals(16, Boundary.distance(640, 480, BoundaryIou.RATIO));
        assertEquals(1, Boundary.distance(3, 4, 0.02));
        assertEquals(1, Boundary.distance(3, 4, 0.2));
        assertEquals(2, Boundary.distance(3, 4, 0.3), "1.5 is rounded to even");
        assertEquals(2, Boundary.distance(3, 4, 0.5), "2.5 is rounded to even");
        assertThrows(BadInputException.class, () -> Boundary.distance(3, 4, 0));
        assertThrows(BadInputException.class, () -> Boundary.distance(3, 4, Double.NaN));
        assertThrows(BadInputException.class, () -> Boundary.distance(3, 4, 1.5));
    }
}
