package dev.kerf.check.ptx.machine;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Arithmetic that Java doesn't have. */
class FloatsTest {
    /** Rounded towards −∞: the exact value lies between the result and the next number. */
    @Test
    void fusedMultiplyAddDown() {
        Random random = new Random(3);
        for (int i = 0; i < 20_000; i++) {
            float a = (float) random.nextGaussian();
            float b = (float) (random.nextGaussian() * Math.pow(2, random.nextInt(60) - 30));
            float c = (float) (random.nextGaussian() * Math.pow(2, random.nextInt(60) - 30));
            BigDecimal exact = new BigDecimal(a).multiply(new BigDecimal(b)).add(new BigDecimal(c));
            float down = Floats.fmaDown(a, b, c);
            assertTrue(new BigDecimal(down).compareTo(exact) <= 0, a + " " + b + " " + c);
            assertTrue(new BigDecimal(Math.nextUp(down)).compareTo(exact) > 0, a + " " + b + " " + c);
        }
    }
}
