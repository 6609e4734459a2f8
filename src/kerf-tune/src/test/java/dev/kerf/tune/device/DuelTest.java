package dev.kerf.tune.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Drawn samples; nothing is timed. */
class DuelTest {
    private static List<List<Double>> rounds(Random random, double mean, double spread, double drift) {
        return IntStream.range(0, 5).mapToObj(r -> DoubleStream
                .generate(() -> mean * (1 + drift * r) * (1 + spread * random.nextGaussian())).limit(10).boxed().toList())
                .toList();
    }

    @Test
    void aDifferenceIsSeenAndNoiseIsNot() {
        int wrong = 0;
        for (int seed = 0; seed < 200; seed++) {
            Random random = new Random(seed);
            assertTrue(new Duel(rounds(random, 1.1, 0.02, 0.1), rounds(random, 1, 0.02, 0.1)).won(),
                    "10 % quicker, on a machine that gets slower all the time, seed " + seed);
            wrong += new Duel(rounds(random, 1, 0.05, 0), rounds(random, 1, 0.05, 0)).won() ? 1 : 0;
            assertFalse(new Duel(rounds(random, 1, 0.02, 0), rounds(random, 1.1, 0.02, 0)).won());
        }
        assertTrue(wrong <= 200 / 32, wrong + " of 200 times the same counted as quicker");
    }

    /** One bad spell of the machine during the one's runs makes nobody quicker. */
    @Test
    void aSpellIsNoDifference() {
        List<Double> quick = List.of(1.0, 1.01, 0.99);
        List<Double> slow = List.of(3.0, 3.1, 2.9);
        Duel spell = new Duel(List.of(slow, slow, slow, slow, quick),
                List.of(quick, quick, quick, quick, List.of(1.02, 1.0, 1.01)));
        assertFalse(spell.won());
        assertEquals(3.0, spell.ratio(), 0.05);
        assertFalse(new Duel(List.of(quick), List.of(List.of())).won(), "what didn't run isn't quicker");
    }
}
