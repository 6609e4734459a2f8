package dev.kerf.model.unet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadInputException;
import dev.kerf.model.unet.Tiling.Span;
import java.util.List;
import org.junit.jupiter.api.Test;

class TilingTest {
    @Test
    void spansKeepEveryPixelOnceFarEnoughFromEveryCut() {
        for (int length = 1; length < 400; length++) {
            List<Span> spans = Tiling.spans(length, 80, 24, 8);
            int at = 0;
            for (Span s : spans) {
                int end = s.start() + s.size();
                assertEquals(0, s.start() % 8);
                assertEquals(at, s.keepFrom());
                assertTrue(s.keepFrom() < s.keepTo());
                assertTrue(s.start() == 0 || s.keepFrom() - s.start() >= 24);
                assertTrue(end == length || end - s.keepTo() >= 24 && s.size() == 80);
                assertTrue(s.size() < 88 && end <= length);
                at = s.keepTo();
            }
            assertEquals(length, at);
        }
    }

    @Test
    void aTileWithoutRoomInTheMiddleIsRefused() {
        assertThrows(BadInputException.class, () -> Tiling.spans(100, 48, 24, 8));
        assertThrows(BadInputException.class, () -> Tiling.spans(100, 50, 16, 8));
    }

    @Test
    void radiusOfTwoConvolutionsALevel() {
        assertEquals(2, Tiling.radius(List.of(2), List.of()));
        // One level by hand, at an even pixel: decoder ±2, halved, bottom ±2, doubled, encoder ±2.
        // low: -2 → -1 → -3 → -6 → -8; high: 2 → 1 → 3 → 7 → 9; the odd pixel mirrors it.
        assertEquals(9, Tiling.radius(List.of(2, 2), List.of(2)));
    }
}
