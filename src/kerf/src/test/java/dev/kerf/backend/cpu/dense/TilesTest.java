package dev.kerf.backend.cpu.dense;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TilesTest {
    private static final int LANES = Tiles.LANES;
    private static final int VECTORS = 4;
    private static final int PITCH = VECTORS * LANES + 3;

    /** Results must not depend on when the JVM compiles what. */
    @Test
    void plainLoopsGiveTheSameBits() {
        Random random = new Random(5);
        for (int rows : Tiles.HEIGHTS) {
            for (int n : new int[] {0, 1, 2, 7, 100}) {
                sumsAreThose(random, rows, new int[] {9, 40, 3, 77}, n, Offsets.of(random.ints(n, 0, 200).toArray()));
                int next = 2 * LANES * n;
                sumsAreThose(random, rows, new int[] {3, 3 + LANES, 3 + next, 3 + next + LANES}, n, Offsets.pairs(n));
            }
        }
    }

    private static void sumsAreThose(Random random, int rows, int[] starts, int n, Offsets off) {
        boolean add = n % 2 == 0;
        int group = Tiles.group(rows);
        int step = n * group + 5;
        float[] a = numbers(random, 3 + rows / group * step);
        float[] b = numbers(random, 400 + 4 * LANES * n);
        float[] c = numbers(random, 5 + rows * PITCH);
        float[] vectors = c.clone();
        Tiles.vectors(rows, a, 3, step, b, 11, starts, 0, VECTORS, off, n, vectors, 5, PITCH, add);
        float[] plain = c.clone();
        for (int v = 0; v < VECTORS; v++) {
            Tiles.plain(rows, a, 3, step, b, 11 + starts[v], off, n, plain, 5 + v * LANES, PITCH, add);
        }
        assertArrayEquals(vectors, plain);
        float[] sums = new float[c.length];
        for (int i = 0; i < c.length; i++) {
            int r = (i - 5) / PITCH;
            int v = (i - 5) % PITCH / LANES;
            float sum = 0;
            for (int k = 0; i >= 5 && v < VECTORS && k < n; k++) {
                sum = Math.fma(a[3 + r / group * step + k * group + r % group],
                        b[11 + starts[v] + off.table()[k] + (i - 5) % PITCH % LANES], sum);
            }
            boolean outside = i < 5 || v >= VECTORS;
            sums[i] = add || outside ? c[i] + sum : sum;
        }
        assertArrayEquals(sums, plain);
    }

    @Test
    void panelsCoverTheirRowsWithLittlePadding() {
        for (int rows = 1; rows < 200; rows++) {
            Panels p = Panels.of(rows);
            int padded = p.first[p.count];
            assertTrue(padded >= rows && padded < Math.max(5, rows + Tiles.ROW_STEP), "for " + rows);
            assertEquals(padded, IntStream.of(p.height).sum());
            assertTrue(IntStream.of(p.height).allMatch(h -> IntStream.of(Tiles.HEIGHTS).anyMatch(g -> g == h)));
        }
    }

    @Test
    void refusesOtherHeights() {
        assertThrows(IllegalArgumentException.class,
                () -> Tiles.vectors(
                        5, new float[5], 0, 5, new float[0], 0, new int[0], 0, 0, Offsets.of(), 0, new float[0], 0, 0, true));
    }

    private static float[] numbers(Random random, int n) {
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = random.nextFloat() - 0.5f;
        }
        return x;
    }
}
