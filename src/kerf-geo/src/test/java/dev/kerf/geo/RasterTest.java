package dev.kerf.geo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.error.ClosedException;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Rasters of every kind, by windows, against what tifffile and numpy say of them (make_rasters.py). */
class RasterTest {
    static final Path FILES = Path.of("src/kerf-geo/src/test/resources/dev/kerf/geo");

    static List<String> figures() throws IOException {
        return Files.readAllLines(FILES.resolve("figures.txt"));
    }

    /** Of each band, weighted by place as the script does it. */
    private static double[] sums(HostTensor window) {
        int h = window.shape().size(0);
        int w = window.shape().size(1);
        int bands = window.shape().size(2);
        double[] out = new double[bands];
        for (int i = 0; i < h * w * bands; i++) {
            int y = i / bands / w;
            int x = i / bands % w;
            out[i % bands] += window.getDouble(i) * (1 + (y * 7 + x * 3) % 11);
        }
        return out;
    }

    @ParameterizedTest
    @MethodSource("figures")
    void windowsAreWhatTifffileReads(String line) {
        String[] words = line.split(" ");
        try (Raster raster = Raster.open(FILES.resolve(words[0]))) {
            Raster.Level full = raster.level(0);
            int bands = Integer.parseInt(words[3]);
            assertEquals(words[1] + " " + words[2], full.width() + " " + full.height());
            assertEquals(bands, full.page().bands());
            int at = 5;
            for (int window = 0; window < 4; window++) {
                int[] place = new int[4];
                for (int i = 0; i < 4; i++) {
                    place[i] = Integer.parseInt(words[at++]);
                }
                HostTensor again = HostTensor.zeros(full.page().type(), Shape.of(place[3], place[2], bands));
                again.data().fill((byte) 1);
                full.page().window(again, place[0], place[1]);
                assertEquals(-1, again.data().mismatch(full.page().window(place[0], place[1], place[2], place[3]).data()));
                double[] found = sums(full.page().window(place[0], place[1], place[2], place[3]));
                int[] reversed = new int[bands];
                Arrays.setAll(reversed, b -> bands - 1 - b);
                double[] backwards = sums(full.page().window(place[0], place[1], place[2], place[3], reversed));
                for (int b = 0; b < bands; b++) {
                    double expected = Double.parseDouble(words[at++]);
                    // JPEG's own decoders differ by a level here and there.
                    double allowed = words[0].equals("jpeg.tif") || words[0].equals("ycbcr.tif")
                            ? 6.0 * place[2] * place[3]
                            : 1e-9;
                    assertEquals(expected, found[b], Math.max(allowed, Math.abs(expected) * 1e-12), "band " + b);
                    assertEquals(found[b], backwards[bands - 1 - b]);
                }
            }
            assertThrows(BadInputException.class, () -> full.page().window(0, 0, full.width() + 1, 1));
            assertThrows(BadInputException.class, () -> full.page().window(0, 0, 1, 1, bands));
        }
    }

    @Test
    void whereItLies() {
        try (Raster raster = Raster.open(FILES.resolve("gaps.tif"))) {
            GeoReference place = raster.level(0).reference();
            assertEquals(new Affine(10, 0, 500_000, 0, -10, 4_649_800), place.affine().orElseThrow());
            assertEquals(OptionalInt.of(32633), place.epsg());
            assertEquals("urn:ogc:def:crs:EPSG::32633", place.crs().orElseThrow());
            assertTrue(place.inMetres());
            assertEquals("a field|", place.ascii());
            assertEquals(-9999, raster.noData().orElseThrow());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"overviews.tif", "subifds.tif", "slide.svs.tif"})
    void overviews(String name) {
        try (Raster raster = Raster.open(FILES.resolve(name))) {
            boolean slide = name.startsWith("slide");
            assertEquals(slide ? List.of(40, 20) : List.of(40, 20, 10),
                    raster.levels().stream().map(Raster.Level::width).toList());
            Raster.Level half = raster.nearest(0.55);
            assertEquals(20, half.width());
            assertEquals(12, half.height());
            HostTensor all = raster.level(0).page().window(0, 0, 40, 24);
            HostTensor small = half.page().window(0, 0, 20, 12);
            for (int i = 0; i < 20 * 12 * 3; i++) {
                int x = i / 3 % 20;
                int y = i / 3 / 20;
                assertEquals(all.getLong((2 * y * 40 + 2 * x) * 3 + i % 3), small.getLong(i));
            }
            if (!slide) {
                assertEquals(new Affine(20, 0, 500_000, 0, -20, 4_649_800), half.reference().affine().orElseThrow());
            }
            assertEquals(raster.level(0), raster.nearest(3));
            assertEquals(1, assertThrows(BadInputException.class, () -> raster.level(7)).getMessage().lines().count());
        }
    }

    @Test
    void placesOfPointsAreMiddles() {
        GeoReference corner = new GeoReference(Map.of(33550, new double[] {2, 3, 0}, 33922, new double[] {0, 0, 0, 10, 20, 0},
                34735, new double[] {1, 1, 0, 1, 1025, 0, 1, 2}), "");
        assertEquals(new Affine(2, 0, 9, 0, -3, 21.5), corner.affine().orElseThrow());
        assertEquals(new Affine(8, 0, 9, 0, -12, 21.5), corner.coarser(4, 4).affine().orElseThrow());
        GeoReference turned = new GeoReference(Map.of(34264, new double[] {0, 2, 0, 10, 3, 0, 0, 20, 0, 0, 0, 0, 0, 0, 0, 1},
                34735, new double[] {1, 1, 0, 1, 1025, 0, 1, 2}), "");
        Affine place = turned.affine().orElseThrow();
        assertEquals(new Affine(0, 2, 9, 3, 0, 18.5), place);
        assertEquals(new Affine(0, 4, 9, 6, 0, 18.5), turned.coarser(2, 2).affine().orElseThrow());
    }

    @Test
    void afterItIsClosed() {
        Raster raster = Raster.open(FILES.resolve("gaps.tif"));
        raster.close();
        assertThrows(ClosedException.class, () -> raster.level(0).page().window(0, 0, 1, 1));
    }

    /** What a file's first directory says lies at a byte; places of its entries by tag. */
    private static int entry(byte[] file, int tag) {
        int n = file[file.length > 4 ? 4 : 0] & 0xFF | (file[5] & 0xFF) << 8;
        int count = file[n] & 0xFF | (file[n + 1] & 0xFF) << 8;
        for (int i = 0; i < count; i++) {
            int at = n + 2 + 12 * i;
            if ((file[at] & 0xFF | (file[at + 1] & 0xFF) << 8) == tag) {
                return at;
            }
        }
        throw new AssertionError("no tag " + tag);
    }

    private static void set(byte[] file, int at, int value) {
        for (int i = 0; i < 4; i++) {
            file[at + i] = (byte) (value >> 8 * i);
        }
    }

    @Test
    void badFilesAreRefusedInALine(@TempDir Path directory) throws IOException {
        byte[] good = Files.readAllBytes(FILES.resolve("gaps.tif"));
        byte[] cycle = good.clone();
        int first = good[4] & 0xFF | (good[5] & 0xFF) << 8;
        int entries = good[first] & 0xFF;
        set(cycle, first + 2 + 12 * entries, first);
        byte[] wide = good.clone();
        set(wide, entry(good, 256) + 8, Integer.MAX_VALUE);
        byte[] far = good.clone();
        set(far, entry(good, 324) + 8, good.length - 3);
        byte[] tile = good.clone();
        set(tile, entry(good, 322) + 8, 0x7FFFFFF0);
        set(tile, entry(good, 323) + 8, 0x7FFFFFF0);
        List<byte[]> bad = List.of(new byte[0], "II*".getBytes(), Arrays.copyOf(good, good.length / 2), cycle, wide, far, tile,
                "a text that is no raster".getBytes());
        for (byte[] content : bad) {
            Path file = directory.resolve("bad.tif");
            Files.write(file, content);
            String message = assertThrows(BadFileException.class, () -> {
                try (Raster raster = Raster.open(file)) {
                    raster.level(0).page().window(0, 0, 40, 24);
                }
            }).getMessage();
            assertEquals(1, message.lines().count(), message);
            assertTrue(message.contains("bad.tif"), message);
        }
        assertThrows(BadFileException.class, () -> Raster.open(directory.resolve("none.tif")));
        assertThrows(BadFileException.class, () -> Raster.open(directory));
    }
}
