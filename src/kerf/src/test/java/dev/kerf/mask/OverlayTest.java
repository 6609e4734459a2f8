package dev.kerf.mask;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadInputException;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class OverlayTest {
    private static final List<String> CLASSES = List.of("background", "cat");

    private static int rgb(Image image, int x, int y) {
        return image.sample(x, y, 0) << 16 | image.sample(x, y, 1) << 8 | image.sample(x, y, 2);
    }

    /** A square of class 1 in the middle of class 0. */
    private static LabelMap square(int side) {
        byte[] labels = new byte[side * side];
        for (int i = 0; i < labels.length; i++) {
            int x = i % side;
            int y = i / side;
            labels[i] = (byte) (Math.min(x, y) >= side / 4 && Math.max(x, y) < side * 3 / 4 ? 1 : 0);
        }
        return LabelMap.of(side, side, labels);
    }

    @Test
    void classesAreTintedOutlinedAndTheBackgroundIsNot() {
        Image grey = Image.blank(40, 40, PixelFormat.GRAY8);
        for (int i = 0; i < 1600; i++) {
            grey.setSample(i % 40, i / 40, 0, 100);
        }
        Overlay overlay = new Overlay(CLASSES::get, 0, new int[] {0, 0xC80000}, 0.5, true, false);
        Image out = overlay.draw(grey, square(40));
        assertEquals(PixelFormat.RGB8, out.format());
        assertEquals(0x646464, rgb(out, 2, 2));
        assertEquals(0x963232, rgb(out, 20, 20), "halfway between 100 and the colour");
        assertEquals(0xC80000, rgb(out, 10, 10), "the outline is the colour itself");
        assertEquals(0xC80000, rgb(out, 20, 29));
        assertTrue(out.sample(9, 20, 0) < 60, "a shadow lies outside the outline");
        assertEquals(100, grey.sample(20, 20, 0), "the picture itself stays as it is");
        Image plain = new Overlay(CLASSES::get, 0, new int[] {0, 0xC80000}, 0.5, false, false).draw(grey, square(40));
        assertEquals(0x963232, rgb(plain, 10, 10));
        assertEquals(0x646464, rgb(plain, 9, 20));
    }

    @Test
    void moreClassesThanAPngHasColours() {
        List<String> names = IntStream.range(0, 300).mapToObj(i -> "class " + i).toList();
        LabelMap labels = LabelMap.of(3, 1, new int[] {0, 255, 299});
        Image out = new Overlay(names::get, 0, Palette.of(300, 0), 1, false, false)
                .draw(Image.blank(3, 1, PixelFormat.RGB8), labels);
        assertEquals(Palette.colour(298), rgb(out, 2, 0));
        LabelMap few = LabelMap.of(3, 1, new int[] {0, 2, 1});
        assertEquals(Image.toPng(3, 1, new byte[] {0, 2, 1}, Palette.of(256, 0)).length,
                few.toPng(Palette.of(300, 0)).length);
    }

    @ParameterizedTest
    @EnumSource(PixelFormat.class)
    void everyFormatAndSizeIsDrawn(PixelFormat format) {
        Random random = new Random(1);
        int[][] sizes = {{1, 1}, {1, 50}, {50, 1}, {3, 2}, {30, 30}, {90, 60}, {300, 40}, {200, 300}};
        for (int[] s : sizes) {
            Image image = Image.blank(s[0], s[1], format);
            byte[] labels = new byte[s[0] * s[1]];
            random.nextBytes(labels);
            Image out = Overlay.of(CLASSES, 0).draw(image, LabelMap.of(s[0], s[1], labels));
            assertEquals(s[0], out.width());
            assertEquals(s[1], out.height());
        }
    }

    @Test
    void theLegendHidesLittleAndIsLeftOutWhereItHasNoRoom() {
        // Class 1 fills all but the upper right.
        int side = 256;
        byte[] labels = new byte[side * side];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = (byte) (i % side >= side / 2 && i / side < side / 2 ? 0 : 1);
        }
        LabelMap map = LabelMap.of(side, side, labels);
        Image black = Image.blank(side, side, PixelFormat.GRAY8);
        Image with = Overlay.of(CLASSES, 0).draw(black, map);
        Image without = new Overlay(CLASSES::get, 0, Palette.of(2, 0), 0.42, true, false).draw(black, map);
        int changed = 0;
        for (int i = 0; i < side * side; i++) {
            if (rgb(with, i % side, i / side) != rgb(without, i % side, i / side)) {
                changed++;
                assertTrue(i % side >= side / 2 && i / side < side / 2, "the legend lies in the upper right");
            }
        }
        assertTrue(changed > 500, changed + " pixels of legend");
        LabelMap small = square(24);
        Image tiny = Image.blank(24, 24, PixelFormat.GRAY8);
        Image a = Overlay.of(CLASSES, 0).draw(tiny, small);
        Image b = new Overlay(CLASSES::get, 0, Palette.of(2, 0), 0.42, true, false).draw(tiny, small);
        assertEquals(-1, a.data().mismatch(b.data()));
    }

    @Test
    void manyClassesGetAShorterLegend() {
        int side = 300;
        int[] labels = new int[side * side];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = i / side;
        }
        Image out = Overlay.of(CLASSES, -1).draw(Image.blank(side, side, PixelFormat.RGB8),
                LabelMap.of(side, side, labels));
        assertEquals(side, out.height());
    }

    @Test
    void sharesAreRoundedButNeverToNothingOrAll() {
        assertEquals("12.3 %", Legend.share(123, 1000));
        assertEquals("<0.1 %", Legend.share(1, 100_000));
        assertEquals("100.0 %", Legend.share(7, 7));
        assertEquals(">99.9 %", Legend.share(99_999, 100_000));
    }

    @Test
    void sixteenBitsAreStretched() {
        Image dark = Image.blank(100, 10, PixelFormat.GRAY16);
        for (int i = 0; i < 1000; i++) {
            dark.setSample(i % 100, i / 100, 0, 1000 + i % 100);
        }
        Image out = Overlay.of(CLASSES, 0).draw(dark, LabelMap.of(100, 10, new byte[1000]));
        assertEquals(0, out.sample(0, 5, 0));
        assertEquals(255, out.sample(99, 5, 0));
        assertEquals(128, out.sample(50, 5, 0), 3);
    }

    @Test
    void everyLetterLeavesInkInItsField() {
        for (int size : new int[] {7, 12, 30}) {
            for (char c = 33; c < 127; c++) {
                int w = Lettering.width(String.valueOf(c), size);
                Canvas canvas = new Canvas(w + 2 * size, 3 * size, new byte[(w + 2 * size) * 9 * size]);
                Lettering.draw(canvas, String.valueOf(c), size, 2 * size, size, 0xFFFFFF);
                Image image = canvas.toImage();
                int ink = 0;
                for (int i = 0; i < image.width() * image.height(); i++) {
                    int x = i % image.width();
                    int v = image.sample(x, i / image.width(), 0);
                    ink += v;
                    assertTrue(v == 0 || x >= size - 1 && x <= size + w, c + " stays in its field");
                }
                assertTrue(ink >= 255, c + " can be seen at " + size);
            }
        }
    }

    @Test
    void whatDoesNotFitIsRefused() {
        Image image = Image.blank(4, 4, PixelFormat.GRAY8);
        assertThrows(BadInputException.class,
                () -> Overlay.of(CLASSES, 0).draw(image, LabelMap.of(4, 3, new byte[12])));
        assertThrows(BadInputException.class, () -> Overlay.of(CLASSES, 0).draw(image, LabelMap.of(4, 4, fill(-1))));
        assertThrows(BadInputException.class, () -> new Overlay(CLASSES::get, 0, new int[0], 1.5, true, true));
    }

    private static int[] fill(int v) {
        int[] out = new int[16];
        Arrays.fill(out, v);
        return out;
    }
}
