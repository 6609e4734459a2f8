package dev.kerf.geo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.locationtech.jts.geom.Coordinate;
import org.locationtech.jts.geom.GeometryFactory;
import org.locationtech.jts.geom.LinearRing;
import org.locationtech.jts.geom.Polygon;

/** Outlines of labels: valid, complete, one for each connected part. */
class OutlinesTest {
    private static final GeometryFactory GEOMETRY = new GeometryFactory();

    private static List<Outlines.Shape> trace(int[][] labels, int without) {
        List<Outlines.Shape> out = new ArrayList<>();
        Outlines outlines = new Outlines(labels[0].length, without, out::add);
        for (int[] row : labels) {
            outlines.add(row);
        }
        outlines.finish();
        return out;
    }

    private static LinearRing ring(int[] corners) {
        Coordinate[] c = new Coordinate[corners.length / 2 + 1];
        Arrays.setAll(c, i -> new Coordinate(corners[2 * i % corners.length], corners[2 * i % corners.length + 1]));
        return GEOMETRY.createLinearRing(c);
    }

    private static Polygon polygon(Outlines.Shape shape) {
        return GEOMETRY.createPolygon(ring(shape.rings().getFirst()),
                shape.rings().stream().skip(1).map(OutlinesTest::ring).toArray(LinearRing[]::new));
    }

    /** Parts that are connected by edges, by filling. */
    private static int parts(int[][] labels, int without) {
        int h = labels.length;
        int w = labels[0].length;
        boolean[] seen = new boolean[h * w];
        int parts = 0;
        for (int start = 0; start < h * w; start++) {
            if (seen[start] || labels[start / w][start % w] == without) {
                continue;
            }
            parts++;
            List<Integer> open = new ArrayList<>(List.of(start));
            seen[start] = true;
            while (!open.isEmpty()) {
                int at = open.removeLast();
                for (int[] d : new int[][] {{0, 1}, {1, 0}, {0, -1}, {-1, 0}}) {
                    int y = at / w + d[0];
                    int x = at % w + d[1];
                    if (y >= 0 && x >= 0 && y < h && x < w && !seen[y * w + x] && labels[y][x] == labels[at / w][at % w]) {
                        seen[y * w + x] = true;
                        open.add(y * w + x);
                    }
                }
            }
        }
        return parts;
    }

    private static void check(int[][] labels, int without) {
        List<Outlines.Shape> shapes = trace(labels, without);
        assertEquals(parts(labels, without), shapes.size());
        int[][] drawn = new int[labels.length][labels[0].length];
        for (int[] row : drawn) {
            Arrays.fill(row, without);
        }
        for (Outlines.Shape shape : shapes) {
            Polygon p = polygon(shape);
            assertTrue(p.isValid(), p.toText());
            assertEquals(shape.pixels(), p.getArea());
            assertTrue(Outlines.turn(shape.rings().getFirst()) > 0);
            for (int[] hole : shape.rings().subList(1, shape.rings().size())) {
                assertTrue(Outlines.turn(hole) < 0);
            }
            var box = p.getEnvelopeInternal();
            for (int y = (int) box.getMinY(); y < box.getMaxY(); y++) {
                for (int x = (int) box.getMinX(); x < box.getMaxX(); x++) {
                    if (p.contains(GEOMETRY.createPoint(new Coordinate(x + 0.5, y + 0.5)))) {
                        assertEquals(without, drawn[y][x], "two shapes at a pixel");
                        drawn[y][x] = shape.label();
                    }
                }
            }
        }
        assertTrue(Arrays.deepEquals(labels, drawn));
    }

    @Test
    void ofNoise() {
        Random random = new Random(7);
        for (int k = 0; k < 60; k++) {
            int classes = 2 + k % 3;
            int[][] labels = new int[1 + random.nextInt(24)][1 + random.nextInt(24)];
            for (int[] row : labels) {
                Arrays.setAll(row, _ -> random.nextInt(classes));
            }
            check(labels, k % 2 == 0 ? 0 : 9);
        }
    }

    @Test
    void ofRingsWithinRings() {
        int[][] labels = new int[33][33];
        for (int y = 0; y < 33; y++) {
            for (int x = 0; x < 33; x++) {
                labels[y][x] = (int) Math.hypot(y - 16, x - 16) / 3 % 2;
            }
        }
        check(labels, 9);
        check(labels, 0);
    }

    /** Holes that touch each other and the outer ring at corners. */
    @Test
    void ofHolesThatTouch() {
        String[] rows = {"1111111", "1011111", "1101011", "1110111", "1011011", "0111101", "1111111"};
        int[][] labels = new int[7][];
        Arrays.setAll(labels, y -> rows[y].chars().map(c -> c - '0').toArray());
        check(labels, 0);
        check(labels, 9);
        assertEquals(9 - 1, trace(labels, 0).getFirst().rings().size());
    }

    @Test
    void cornersAreWhereItTurns() {
        List<Outlines.Shape> square = trace(new int[][] {{0, 0, 0, 0}, {0, 1, 1, 0}, {0, 1, 1, 0}}, 0);
        assertEquals(1, square.size());
        assertEquals(8, square.getFirst().rings().getFirst().length);
        assertEquals(4, square.getFirst().pixels());
    }
}
