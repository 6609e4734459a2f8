package dev.kerf.formats;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.json.Json;
import dev.kerf.mask.Mask;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.locationtech.jts.geom.Coordinate;
import org.locationtech.jts.geom.Geometry;
import org.locationtech.jts.geom.GeometryFactory;
import org.locationtech.jts.geom.Polygon;
import org.locationtech.jts.io.ParseException;
import org.locationtech.jts.io.geojson.GeoJsonReader;
import org.locationtech.jts.operation.valid.IsValidOp;

/** Polygons that JTS finds valid, of the mask's area and with its pixels. */
class GeoJsonTest {
    private static final GeometryFactory POINTS = new GeometryFactory();

    private static Geometry read(Mask mask, double tolerance) {
        Json shape = GeoJson.geometry(mask, tolerance).orElseThrow();
        try {
            return new GeoJsonReader().read(shape.toString());
        } catch (ParseException e) {
            throw new AssertionError(e);
        }
    }

    private static void valid(Geometry g) {
        IsValidOp op = new IsValidOp(g);
        assertTrue(op.isValid(), () -> op.getValidationError() + " of " + g);
    }

    private static Mask drawn(String... rows) {
        Mask mask = Mask.empty(rows[0].length(), rows.length);
        for (int y = 0; y < rows.length; y++) {
            for (int x = 0; x < rows[y].length(); x++) {
                mask.set(x, y, rows[y].charAt(x) == '#');
            }
        }
        return mask;
    }

    @Test
    void partsAndHolesThatTouchInCorners() {
        for (Mask mask : List.of(drawn("#"), drawn("##", "##"), drawn("#.", ".#"), drawn(".#", "#."),
                drawn("###", "#.#", "###"),
                drawn("####", "#.##", "##.#", "####"), drawn("####", "##.#", "#.##", "####"),
                drawn("###.", "#.#.", "####", "..##"), drawn(".##", "#.#", "###"),
                drawn("#####", "#...#", "#.#.#", "#...#", "#####"),
                drawn("##.##", "#.#.#", ".#.#.", "#.#.#", "##.##"))) {
            Geometry g = read(mask, 0);
            valid(g);
            assertEquals(mask.area(), g.getArea());
            pixels(mask, g);
        }
        Polygon ring = (Polygon) read(drawn("###", "#.#", "###"), 5);
        assertEquals(1, ring.getNumInteriorRing());
        assertEquals(List.of(0.0, 3.0), List.of(ring.getEnvelopeInternal().getMinX(), ring.getEnvelopeInternal().getMaxY()));
    }

    private static void pixels(Mask mask, Geometry g) {
        for (int y = 0; y < mask.height(); y++) {
            for (int x = 0; x < mask.width(); x++) {
                assertEquals(mask.get(x, y), g.contains(POINTS.createPoint(new Coordinate(x + 0.5, y + 0.5))), x + ", " + y);
            }
        }
    }

    @Test
    void noise() {
        Random random = new Random(7);
        for (int i = 0; i < 60; i++) {
            Mask mask = Mask.empty(24, 19);
            double share = 0.2 + 0.01 * i;
            for (int p = 0; p < 24 * 19; p++) {
                mask.set(p % 24, p / 24, random.nextDouble() < share);
            }
            Geometry exact = read(mask, 0);
            valid(exact);
            assertEquals(mask.area(), exact.getArea());
            pixels(mask, exact);
            for (double tolerance : new double[] {0.5, 1, 3, 10}) {
                Geometry g = read(mask, tolerance);
                valid(g);
                assertEquals(exact.getNumGeometries(), g.getNumGeometries(), "no part is lost");
            }
        }
    }

    /** Discs with discs taken out: far fewer corners, and the area within what the tolerance allows. */
    @Test
    void roundThings() {
        Random random = new Random(3);
        for (int i = 0; i < 30; i++) {
            Mask mask = Mask.empty(200, 160);
            for (int k = 0; k < 12; k++) {
                int cx = random.nextInt(200);
                int cy = random.nextInt(160);
                int r = 4 + random.nextInt(30);
                for (int p = 0; p < 200 * 160; p++) {
                    if (Math.hypot(p % 200 - cx, p / 200 - cy) < r) {
                        mask.set(p % 200, p / 200, k % 3 != 2);
                    }
                }
            }
            Geometry exact = read(mask, 0);
            Geometry g = read(mask, 1.5);
            valid(exact);
            valid(g);
            assertEquals(mask.area(), exact.getArea());
            assertTrue(g.getNumPoints() < exact.getNumPoints() / 2, g.getNumPoints() + " of " + exact.getNumPoints());
            assertTrue(Math.abs(g.getArea() - mask.area()) < 1.5 * exact.getLength());
            assertEquals(exact.getNumGeometries(), g.getNumGeometries());
        }
    }

    @Test
    void anEmptyMaskHasNoShape() {
        assertTrue(GeoJson.geometry(Mask.empty(3, 3), 1).isEmpty());
    }
}
