package dev.kerf.mask;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadInputException;
import dev.kerf.json.Json;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class RunLengthTest {
    /** Rows of '#' and '.'. */
    static Mask mask(String... rows) {
        Mask m = Mask.empty(rows[0].length(), rows.length);
        for (int y = 0; y < rows.length; y++) {
            for (int x = 0; x < rows[y].length(); x++) {
                m.set(x, y, rows[y].charAt(x) == '#');
            }
        }
        return m;
    }

    /** Of blobs, noise, nothing or everything. */
    static Mask random(int width, int height, Random random) {
        Mask m = Mask.empty(width, height);
        int kind = random.nextInt(5);
        double density = new double[] {0, 1, 0.5, 0.1, 0.9}[kind];
        int cell = 1 + random.nextInt(4);
        boolean[] cells = new boolean[(width / cell + 1) * (height / cell + 1)];
        for (int i = 0; i < cells.length; i++) {
            cells[i] = random.nextDouble() < density;
        }
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                m.set(x, y, cells[y / cell * (width / cell + 1) + x / cell]);
            }
        }
        return m;
    }

    @Test
    void aPartLiesInTheImage() {
        Random random = new Random(7);
        for (int i = 0; i < 200; i++) {
            Mask part = random(1 + random.nextInt(9), 1 + random.nextInt(9), random);
            int left = random.nextInt(4);
            int top = random.nextInt(4);
            Mask image = Mask.empty(part.width() + left + random.nextInt(4), part.height() + top + random.nextInt(4));
            for (int y = 0; y < part.height(); y++) {
                for (int x = 0; x < part.width(); x++) {
                    image.set(left + x, top + y, part.get(x, y));
                }
            }
            assertEquals(RunLength.encode(image), RunLength.encode(part).placed(left, top, image.width(), image.height()));
        }
        RunLength one = RunLength.encode(mask("#"));
        for (int[] at : new int[][] {{-1, 0}, {0, -1}, {3, 0}, {0, 2}}) {
            assertThrows(BadInputException.class, () -> one.placed(at[0], at[1], 3, 2));
        }
    }

    @Test
    void runsGoDownTheColumns() {
        RunLength r = RunLength.encode(mask(
                ".#.",
                "##."));
        // Columns from the left: 0 1, 1 1, 0 0.
        assertArrayEquals(new int[] {1, 3, 2}, r.counts());
        assertEquals("132", r.toCocoString());
        assertEquals(3, r.area());
        assertEquals(new Box(0, 0, 2, 2), r.bounds());
        assertArrayEquals(new int[] {0, 1}, RunLength.encode(mask("#")).counts());
        assertArrayEquals(new int[] {1}, RunLength.encode(mask(".")).counts());
    }

    @Test
    void charactersByHand() {
        // 0..15 are one character from '0'; bit 4 being the sign, 16 takes two: 16 | 32 = 48 -> '`', then 0 -> '0'.
        assertEquals("?", RunLength.of(15, 1, new int[] {15}).toCocoString());
        assertEquals("`0", RunLength.of(16, 1, new int[] {16}).toCocoString());
        // 1000 = 31 * 32 + 8: 8 | 32 -> 'X', 31 | 32 (bit 4 set: more) -> 'o', 0 -> '0'.
        assertEquals("Xo0", RunLength.of(1000, 1, new int[] {1000}).toCocoString());
        // The fourth number is a difference: 2 - 5 = -3 -> 29 -> 'M'; the fifth 7 - 6 = 1.
        RunLength r = RunLength.of(21, 1, new int[] {1, 5, 6, 2, 7});
        assertEquals("156M1", r.toCocoString());
        assertEquals(r, RunLength.ofCocoString(21, 1, "156M1"));
        // 1 - 100 = -99 = -4 * 32 + 29: 29 | 32 -> 'm', -4 & 31 = 28 -> 'L'.
        assertEquals("1T31mL", RunLength.of(103, 1, new int[] {1, 100, 1, 1}).toCocoString());
    }

    @Test
    void everySizeUpToFortyComesBack() {
        Random random = new Random(7);
        for (int w = 1; w <= 40; w++) {
            for (int h = 1; h <= 40; h++) {
                Mask m = random(w, h, random);
                RunLength r = RunLength.encode(m);
                assertEquals(m, r.decode());
                assertEquals(r, RunLength.ofCocoString(w, h, r.toCocoString()));
                assertEquals(r, RunLength.of(w, h, r.counts()));
                assertEquals(m.area(), r.area());
                assertEquals(m.bounds(), r.bounds());
                Mask n = random(w, h, random);
                RunLength s = RunLength.encode(n);
                assertEquals(RunLength.encode(m.or(n)), r.union(s));
                assertEquals(RunLength.encode(m.and(n)), r.intersection(s));
                long both = m.and(n).area();
                long either = m.or(n).area();
                assertEquals(both == 0 ? 0 : (double) both / either, r.iou(s, false));
                assertEquals(both == 0 ? 0 : (double) both / m.area(), r.iou(s, true));
                assertEquals(m.area() - both, m.andNot(n).area());
            }
        }
    }

    @Test
    void emptyRunsWithinDoNoHarm() {
        RunLength r = RunLength.of(3, 2, new int[] {0, 0, 1, 2, 0, 0, 0, 1, 2});
        Mask expected = mask(
                ".#.",
                "##.");
        assertEquals(expected, r.decode());
        assertEquals(3, r.area());
        assertEquals(expected.bounds(), r.bounds());
        assertEquals(RunLength.encode(expected), r.union(r));
        assertEquals(RunLength.encode(expected), r);
        assertEquals("132", r.toCocoString());
    }

    @Test
    void whatPycocotoolsReadsOfAnOddCode() {
        // A run of length 0 within: pycocotools 2.0.11 decodes it to 982 pixels, which it encodes as the other string.
        RunLength r = RunLength.ofCocoString(40, 30, ":0:P1::B::0B:::4000:::>B:B:::");
        assertEquals(982, r.area());
        assertEquals("d0P1d0:B::0B:::4000:::>B:B:::", r.toCocoString());
        assertEquals(RunLength.encode(r.decode()), r);
        // Digits that say nothing are left out as well.
        assertEquals("132", RunLength.ofCocoString(3, 2, "QPP032").toCocoString());
    }

    @Test
    void hostileCodesAreRefused() {
        refused("malformed at character 0", () -> RunLength.ofCocoString(2, 2, " "));
        refused("malformed at character 0", () -> RunLength.ofCocoString(2, 2, "P"));
        refused("malformed at character 1", () -> RunLength.ofCocoString(2, 2, "1\u0100"));
        refused("malformed", () -> RunLength.ofCocoString(2, 2, "ooooooooooooooooo0"));
        refused("has length -", () -> RunLength.ofCocoString(2, 2, "O"));
        refused("has length 5", () -> RunLength.ofCocoString(2, 2, "5"));
        refused("add up to 3", () -> RunLength.ofCocoString(2, 2, "3"));
        refused("add up to 0", () -> RunLength.ofCocoString(2, 2, ""));
        refused("has length -1", () -> RunLength.of(2, 2, new int[] {5, -1}));
        refused("add up to 4294967294", () -> RunLength.of(2, 2, new int[] {Integer.MAX_VALUE, Integer.MAX_VALUE}));
        refused("0x2", () -> RunLength.of(0, 2, new int[] {0}));
        refused("65536x65536", () -> RunLength.ofCocoString(65536, 65536, "1"));
        refused("4 coordinates", () -> RunLength.ofPolygons(2, 2, List.of(new double[4])));
        refused("NaN", () -> RunLength.ofPolygons(2, 2, List.of(new double[] {0, 0, 1, 1, Double.NaN, 2})));
        refused("1.0E9", () -> RunLength.ofPolygons(2, 2, List.of(new double[] {0, 0, 1, 1, 1e9, 2})));
        assertThrows(BadInputException.class,
                () -> RunLength.of(1, 2, new int[] {2}).union(RunLength.of(2, 1, new int[] {2})));
    }

    private static void refused(String part, Executable code) {
        BadInputException e = assertThrows(BadInputException.class, code);
        assertTrue(e.getMessage().contains(part), e.getMessage());
    }

    @Test
    void polygonsOfWholePixelsFillThem() {
        Mask expected = mask(
                ".....",
                ".###.",
                ".###.");
        assertEquals(expected, RunLength.ofPolygons(5, 3, List.of(new double[] {1, 1, 4, 1, 4, 3, 1, 3})).decode());
        // The other way round, and from another corner.
        assertEquals(expected, RunLength.ofPolygons(5, 3, List.of(new double[] {4, 3, 4, 1, 1, 1, 1, 3})).decode());
        // What lies outside the picture is cut off.
        assertEquals(mask("##", "##"), RunLength.ofPolygons(2, 2,
                List.of(new double[] {-9, -9, 9, -9, 9, 9, -9, 9})).decode());
        assertEquals(0, RunLength.ofPolygons(2, 2, List.of(new double[] {5, 5, 9, 5, 9, 9})).area());
        assertEquals(0, RunLength.ofPolygons(2, 2, List.of()).area());
        // A point drawn thrice covers nothing.
        assertEquals(0, RunLength.ofPolygons(2, 2, List.of(new double[] {1, 1, 1, 1, 1, 1})).area());
        // United, not exclusive-or.
        assertEquals(2, RunLength.ofPolygons(2, 1, List.of(new double[] {0, 0, 1, 0, 1, 1, 0, 1},
                new double[] {0, 0, 2, 0, 2, 1, 0, 1})).area());
    }

    /** As maskApi.c says it: every point of the outline is drawn, five to a pixel. */
    private static Mask drawn(int width, int height, double[] xy) {
        List<int[]> points = new ArrayList<>();
        int corners = xy.length / 2;
        int[] c = Arrays.stream(xy).mapToInt(v -> (int) (5 * v + .5)).toArray();
        for (int i = 0; i < corners; i++) {
            int j = (i + 1) % corners;
            int dx = c[2 * j] - c[2 * i];
            int dy = c[2 * j + 1] - c[2 * i + 1];
            boolean flat = Math.abs(dx) >= Math.abs(dy);
            boolean flip = (flat ? dx : dy) < 0;
            int from = flip ? j : i;
            double slope = flat ? dx == 0 ? 0 : (double) dy / dx : (double) dx / dy;
            int steps = Math.max(Math.abs(dx), Math.abs(dy));
            for (int d = 0; d <= steps; d++) {
                int t = flip ? steps - d : d;
                points.add(flat
                        ? new int[] {t + c[2 * from], (int) (c[2 * from + 1] + slope * t + .5)}
                        : new int[] {(int) (c[2 * from] + slope * t + .5), t + c[2 * from + 1]});
            }
        }
        Mask mask = Mask.empty(width, height);
        for (int i = 1; i < points.size(); i++) {
            int u = Math.min(points.get(i)[0], points.get(i - 1)[0]);
            if (points.get(i)[0] == points.get(i - 1)[0] || u % 5 != 2 || u / 5 >= width) {
                continue;
            }
            int v = Math.min(points.get(i)[1], points.get(i - 1)[1]);
            int cut = (int) Math.ceil(Math.clamp((v + .5) / 5 - .5, 0, (double) height));
            for (int y = cut; y < height; y++) {
                mask.set(u / 5, y, !mask.get(u / 5, y));
            }
        }
        return mask;
    }

    @Test
    void polygonsAsIfEveryPointWereDrawn() {
        Random random = new Random(11);
        for (int n = 0; n < 3000; n++) {
            int width = 1 + random.nextInt(30);
            int height = 1 + random.nextInt(30);
            double far = new double[] {20, 60, 2000}[n % 3];
            boolean whole = random.nextBoolean();
            double[] xy = random.doubles(2 * (3 + random.nextInt(5)), -far / 3, far).map(v -> whole ? Math.rint(v) : v)
                    .toArray();
            assertEquals(drawn(width, height, xy), RunLength.ofPolygons(width, height, List.of(xy)).decode(),
                    () -> width + "x" + height + " " + Arrays.toString(xy));
        }
    }

    @Test
    void cornersFarOutsideCostNothing() {
        // The codes are pycocotools'.
        assertEquals("028Oa2", RunLength.ofPolygons(10, 10, List.of(new double[] {9.9e6, -9.9e6, -9.9e6, 9900001,
            9.9e6, -9899998, -9.9e6, 9900003})).toCocoString());
        assertEquals("03600000000l1",
                RunLength.ofPolygons(12, 9, List.of(new double[] {-1e7, -1e7, 1e7, -9e6, 1e7, 1e7, 4.5, 1e7,
                    4.5, 3, -1e7, 3})).toCocoString());
        double[] bomb = new double[20_000];
        for (int i = 0; i < bomb.length; i++) {
            bomb[i] = (i % 4 == 0 || i % 4 == 3 ? 1 : -1) * (9.9e6 + i);
        }
        RunLength filled = assertTimeoutPreemptively(Duration.ofSeconds(60),
                () -> RunLength.ofPolygons(10, 10, List.of(bomb)));
        assertEquals(100, Arrays.stream(filled.counts()).sum());
    }

    @Test
    void manyPolygonsAreUnitedInProportionToTheirNumber() {
        // A comb of a run in each column, and dots beside it.
        List<double[]> parts = new ArrayList<>();
        double[] comb = new double[200_000];
        for (int i = 0; i < comb.length; i += 4) {
            double x = i / 4.0;
            System.arraycopy(new double[] {x, 10, x + 0.5, 1 + i % 3}, 0, comb, i, 4);
        }
        parts.add(comb);
        for (int i = 0; i < 40_000; i++) {
            parts.add(new double[] {i, 12, i + 1, 12, i + 1, 13, i, 13});
        }
        RunLength united = assertTimeoutPreemptively(Duration.ofSeconds(60),
                () -> RunLength.ofPolygons(50_000, 16, parts));
        assertEquals(RunLength.ofPolygons(50_000, 16, List.of(comb)).area() + 40_000, united.area());
    }

    @Test
    void linesAcrossTooManyColumnsAreRefused() {
        double[] zigzag = new double[2 * 600];
        for (int i = 0; i < zigzag.length; i += 2) {
            zigzag[i] = i % 4 == 0 ? 0 : 40_000;
            zigzag[i + 1] = i;
        }
        refused("cross more than 16777216 columns", () -> RunLength.ofPolygons(40_000, 1200, List.of(zigzag)));
        List<double[]> triangles = Collections.nCopies(300, new double[] {0, 0, 40_000, 0, 0, 9});
        refused("cross more than 16777216 columns", () -> RunLength.ofPolygons(40_000, 1200, triangles));
    }

    private static Json golden(String name) {
        try (InputStream in = RunLengthTest.class.getResourceAsStream("/coco-quick/" + name)) {
            return Json.parse(in.readAllBytes(), name);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void pycocotoolsAgrees() {
        Json truth = golden("ground_truth.json");
        Map<Long, int[]> sizes = new HashMap<>();
        for (Json image : truth.at("images").items()) {
            sizes.put(image.at("id").asLong(), new int[] {image.at("width").asInt(), image.at("height").asInt()});
        }
        int polygons = 0;
        int crowds = 0;
        for (Json a : truth.at("annotations").items()) {
            int[] size = sizes.get(a.at("image_id").asLong());
            Json segmentation = a.at("segmentation");
            RunLength r;
            if (segmentation.isArray()) {
                List<double[]> parts = new ArrayList<>();
                segmentation.items().forEach(p -> parts.add(p.asDoubles()));
                r = RunLength.ofPolygons(size[0], size[1], parts);
                polygons++;
            } else {
                r = RunLength.of(size[0], size[1],
                        Arrays.stream(segmentation.at("counts").asLongs()).mapToInt(Math::toIntExact).toArray());
                Box b = r.bounds();
                assertArrayEquals(a.at("bbox").asDoubles(), new double[] {b.x(), b.y(), b.width(), b.height()});
                crowds++;
            }
            // The areas are pycocotools' own, of the rasterised polygons.
            assertEquals(a.at("area").asLong(), r.area(), a.toString());
        }
        assertTrue(polygons > 100 && crowds > 0, polygons + " polygons, " + crowds + " crowds");
        int codes = 0;
        for (Json d : golden("detections.json").items()) {
            Json segmentation = d.at("segmentation");
            String counts = segmentation.at("counts").asString();
            RunLength r = RunLength.ofCocoString(segmentation.at("size").at(1).asInt(),
                    segmentation.at("size").at(0).asInt(),
                    counts);
            assertEquals(counts, RunLength.encode(r.decode()).toCocoString());
            codes++;
        }
        assertEquals(348, codes);
    }

    /** Column by column, pixel by pixel: as the code is defined. */
    private static int[] plain(Mask mask) {
        List<Integer> counts = new ArrayList<>(List.of(0));
        boolean inside = false;
        for (int x = 0; x < mask.width(); x++) {
            for (int y = 0; y < mask.height(); y++) {
                if (mask.get(x, y) != inside) {
                    inside = !inside;
                    counts.add(0);
                }
                counts.set(counts.size() - 1, counts.getLast() + 1);
            }
        }
        return counts.stream().mapToInt(Integer::intValue).toArray();
    }

    @Test
    void codesOfMasksOfAllShapes() {
        Random random = new Random(5);
        for (int i = 0; i < 300; i++) {
            int width = 1 + random.nextInt(i % 2 == 0 ? 4 : 70);
            int height = 1 + random.nextInt(i % 3 == 0 ? 3 : 50);
            Mask mask = Mask.empty(width, height);
            // From a few pixels to almost all of them, in blocks or one by one.
            int block = 1 + random.nextInt(9);
            double share = random.nextDouble();
            boolean[] in = new boolean[(width / block + 1) * (height / block + 1)];
            for (int b = 0; b < in.length; b++) {
                in[b] = random.nextDouble() < share;
            }
            for (int y = 0; y < height; y++) {
                for (int x = 0; x < width; x++) {
                    mask.set(x, y, in[y / block * (width / block + 1) + x / block]);
                }
            }
            RunLength code = RunLength.encode(mask);
            assertArrayEquals(plain(mask), code.counts(), mask.toString());
            assertEquals(mask, code.decode());
            assertEquals(mask.bounds(), code.bounds());
            assertEquals(code, RunLength.encode(width, height, MemorySegment.ofArray(bytes(mask))));
        }
        assertThrows(BadInputException.class, () -> RunLength.encode(3, 3, MemorySegment.ofArray(new byte[8])));
    }

    private static byte[] bytes(Mask mask) {
        byte[] bytes = new byte[mask.width() * mask.height()];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (mask.get(i % mask.width(), i / mask.width()) ? 1 : 0);
        }
        return bytes;
    }
}
