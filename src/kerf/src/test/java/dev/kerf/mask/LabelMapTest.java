package dev.kerf.mask;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LabelMapTest {
    @TempDir
    private Path directory;

    @ParameterizedTest
    @CsvSource({"1,1", "2,1", "4,2", "16,4", "17,8", "256,8", "257,16", "65536,16"})
    void labelsComeBackFromPng(int classes, int bits) throws Exception {
        int[] labels = new Random(classes).ints(35 * 21, 0, classes).toArray();
        labels[3] = classes - 1;
        LabelMap map = LabelMap.of(35, 21, labels);
        Path file = directory.resolve("labels.png");
        map.writePng(file, Palette.of(Math.min(classes, 256), 0));
        assertArrayEquals(labels, LabelMap.read(file).toArray());
        byte[] png = Files.readAllBytes(file);
        assertEquals(bits, png[24]);
        assertEquals(classes <= 256 ? 3 : 0, png[25]);
    }

    @Test
    void aShortPaletteIsFilledUpAndKeepsItsColours() throws Exception {
        Path file = directory.resolve("labels.png");
        LabelMap.of(3, 1, new byte[] {0, 1, 5}).writePng(file, new int[] {0x102030, 0x405060});
        Image image = Image.read(file);
        assertEquals(0x10, image.sample(0, 0, 0));
        assertEquals(0x60, image.sample(1, 0, 2));
        assertEquals(Palette.colour(5) >> 16, image.sample(2, 0, 0));
    }

    @Test
    void countsAndMasks() {
        LabelMap map = LabelMap.of(3, 2, new byte[] {0, 1, 1, 2, (byte) 255, 1});
        assertArrayEquals(new long[] {1, 3, 1}, map.counts(3));
        assertEquals(255, map.max());
        assertEquals(255, map.get(1, 1));
        assertEquals(RunLengthTest.mask(".##", "..#"), map.mask(1));
        assertEquals(0, map.mask(7).area());
        LabelMap wide = new LabelMap(HostTensor.zeros(DType.U16, Shape.of(2, 3)));
        assertEquals(3, wide.width());
        assertEquals(2, wide.height());
    }

    @Test
    void whatSaysNoLabelsIsRefused() {
        assertThrows(BadInputException.class, () -> new LabelMap(HostTensor.zeros(DType.F32, Shape.of(2, 3))));
        assertThrows(BadInputException.class, () -> new LabelMap(HostTensor.zeros(DType.U8, Shape.of(6))));
        assertThrows(BadInputException.class, () -> new LabelMap(HostTensor.zeros(DType.U8, Shape.of(0, 6))));
        Path file = directory.resolve("rgb.png");
        Image colour = Image.blank(2, 2, PixelFormat.RGB8);
        for (int c = 0; c < 3; c++) {
            colour.setSample(1, 0, c, 7);
        }
        colour.writePng(file);
        assertArrayEquals(new int[] {0, 7, 0, 0}, LabelMap.read(file).toArray(), "grey saved as RGB");
        colour.setSample(1, 1, 2, 1);
        colour.writePng(file);
        assertTrue(assertThrows(BadInputException.class,
                () -> LabelMap.read(file)).getMessage().startsWith(file.toString()));
        assertThrows(BadInputException.class, () -> LabelMap.of(1, 1, new int[] {-1}).toPng(new int[0]));
        assertThrows(BadInputException.class, () -> LabelMap.of(1, 1, new int[] {65536}).toPng(new int[0]));
        assertThrows(BadFileException.class,
                () -> LabelMap.of(1, 1, new byte[1]).writePng(directory.resolve("no").resolve("a.png"), new int[] {0}));
    }

    @Test
    void coloursDiffer() {
        Set<Integer> seen = new HashSet<>();
        for (int c : Palette.of(256, 0)) {
            seen.add(c);
        }
        assertEquals(256, seen.size());
        int[] colours = Palette.of(60, -1);
        double nearest = Double.MAX_VALUE;
        for (int i = 0; i < 20; i++) {
            for (int j = 0; j < i; j++) {
                double d = 0;
                for (int shift = 0; shift < 24; shift += 8) {
                    d += Math.pow((colours[i] >> shift & 0xFF) - (colours[j] >> shift & 0xFF), 2);
                }
                nearest = Math.min(nearest, Math.sqrt(d));
            }
        }
        assertTrue(nearest > 20, "two of the first twenty colours are " + nearest + " apart: "
                + Arrays.toString(colours));
    }

    @Test
    void picturesForAwtHoldTheLabels() {
        LabelMap small = LabelMap.of(3, 1, new int[] {0, 2, 1});
        BufferedImage picture = small.toBufferedImage(new int[] {0x000000, 0x112233});
        assertEquals(2, picture.getRaster().getSample(1, 0, 0));
        assertEquals(0xFF112233, picture.getRGB(2, 0));
        assertEquals(0xFF000000 | Palette.colour(2), picture.getRGB(1, 0));
        LabelMap large = LabelMap.of(2, 1, new int[] {256, 65535});
        assertEquals(65535, large.toBufferedImage(new int[0]).getRaster().getSample(1, 0, 0));
        assertThrows(BadInputException.class, () -> LabelMap.of(1, 1, new int[] {65536}).toBufferedImage(new int[0]));
        Mask mask = Mask.of(2, 1, new byte[] {0, 1});
        assertEquals(0xFFFFFFFF, mask.toBufferedImage().getRGB(1, 0));
        assertEquals(0xFF000000, mask.toBufferedImage().getRGB(0, 0));
        BufferedImage drawn = Overlay.of(List.of("a", "b"), 0).draw(small.mask(1).toImage(), small).toBufferedImage();
        assertEquals(3, drawn.getWidth());
    }
}
