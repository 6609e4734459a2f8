package dev.kerf.check.ptx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class SampleTest {
    @Test
    void allWhereThereAreFew() {
        assertArrayEquals(new long[] {0}, Sample.ends(1));
        assertArrayEquals(new long[] {0, 1}, Sample.ends(2));
        assertEquals(0, Sample.inner(2, 48).length);
        assertArrayEquals(LongStream.range(1, 49).toArray(), Sample.inner(50, 48));
    }

    /** All different, none of them the first or the last, and as many in each part of a grid's row. */
    @Test
    void someOfMany() {
        for (long blocks : new long[] {51, 64, 2048, 3_000_000_000L}) {
            long[] some = Sample.inner(blocks, 48);
            assertEquals(48, Arrays.stream(some).distinct().count());
            assertTrue(Arrays.stream(some).allMatch(b -> b > 0 && b < blocks - 1));
        }
        long[] columns = new long[4];
        Arrays.stream(Sample.inner(2048, 48)).forEach(b -> columns[(int) (b % 4)]++);
        assertTrue(Arrays.stream(columns).allMatch(n -> n >= 8), Arrays.toString(columns));
    }
}
