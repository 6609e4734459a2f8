package dev.kerf.backend.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.gpu.kernel.Expression;
import dev.kerf.error.BadFileException;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ExpressionTest {
    private static long value(String text) {
        return Expression.parse(text).value(Map.of("W", 100L, "TILE", 64L, "zero", 0L));
    }

    @Test
    void followsPrecedence() {
        assertEquals(7, value("1 + 2 * 3"));
        assertEquals(9, value("(1 + 2) * 3"));
        assertEquals(-1, value("1 - 2"));
        assertEquals(2, value("7 - 3 - 2"));
        assertEquals(5, value("7 / 3 % 2 - -1 * 5"));
        assertEquals(-3, value("-7 / 2"));
        assertEquals(1, value("1 + 1 == 2 && 3 <= 3 && 2 < 3 && !(2 >= 3) && 3 > 2 && 1 != 2"));
        assertEquals(1, value("zero || W"));
        assertEquals(0, value("zero && 1 / zero"));
        assertEquals(1, value("W || 1 / zero"));
    }

    @Test
    void callsFunctions() {
        assertEquals(256, value("round_up(W, TILE) * 2"));
        assertEquals(2, value("ceil_div(W, TILE)"));
        assertEquals(64, value("min(W, TILE)"));
        assertEquals(100, value("max(W,TILE)"));
        assertEquals(Set.of("W", "TILE"), Expression.parse("min(W, TILE) + W").names());
    }

    @Test
    void refusesMalformedText() {
        for (String text : new String[] {
            "", "1 +", "(1", "1)", "min(1)", "min(1, 2", "1 2", "3x", "a $ b", "99999999999999999999"}) {
            String message = assertThrows(BadFileException.class, () -> Expression.parse(text), text).getMessage();
            assertTrue(message.contains("character"), message);
        }
    }

    @Test
    void refusesBadArithmetic() {
        assertTrue(assertThrows(BadFileException.class, () -> value("1 / zero")).getMessage().contains("1 / zero"));
        assertThrows(BadFileException.class, () -> value("9223372036854775807 + 1"));
        assertThrows(BadFileException.class, () -> value("ceil_div(1, zero)"));
        assertTrue(assertThrows(BadFileException.class, () -> value("H + 1")).getMessage().contains("H is unknown"));
    }
}
