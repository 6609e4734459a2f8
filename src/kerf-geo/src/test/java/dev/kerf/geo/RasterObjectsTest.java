package dev.kerf.geo;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.mask.LabelMap;
import dev.kerf.measure.ObjectFinder;
import dev.kerf.measure.ObjectRules;
import dev.kerf.measure.Region;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.function.IntPredicate;
import org.junit.jupiter.api.Test;

/** Measures row by row are those of the picture as a whole, which are held to scikit-image's. */
class RasterObjectsTest {
    private static void check(Device device, int[][] rows, int connectivity) {
        int w = rows[0].length;
        int h = rows.length;
        int[] all = new int[w * h];
        List<RasterObject> found = new ArrayList<>();
        RasterObjects objects = new RasterObjects(w, connectivity, found::add);
        for (int y = 0; y < h; y++) {
            System.arraycopy(rows[y], 0, all, y * w, w);
            int[] row = rows[y].clone();
            Arrays.setAll(row, x -> row[x] == 0 ? -1 : row[x]);
            objects.add(row);
        }
        objects.finish();
        ObjectRules rules = ObjectRules.of().connectivity(connectivity);
        try (ObjectFinder finder = new ObjectFinder(device, rules)) {
            List<Region> expected = new ArrayList<>(finder.find(LabelMap.of(w, h, all), 0).measure());
            assertEquals(expected.size(), found.size());
            expected.sort(Comparator.<Region>comparingInt(Region::category).thenComparingInt(r -> r.box().y())
                    .thenComparingInt(r -> r.box().x()).thenComparingLong(Region::area)
                    .thenComparingDouble(r -> Math.rint(r.pixels().centroidX() * 1e6))
                    .thenComparingDouble(r -> r.pixels().centroidY()));
            // Means that differ by rounding alone must not decide the order.
            found.sort(Comparator.comparingInt(RasterObject::label).thenComparingInt(RasterObject::top)
                    .thenComparingInt(RasterObject::left).thenComparingLong(RasterObject::area)
                    .thenComparingDouble(o -> Math.rint(o.centroidX() * 1e6)).thenComparingDouble(RasterObject::centroidY));
            for (int i = 0; i < found.size(); i++) {
                Region e = expected.get(i);
                RasterObject o = found.get(i);
                assertEquals(e.category(), o.label());
                assertEquals(e.area(), o.area());
                assertEquals(e.box().x() + " " + e.box().y() + " " + e.box().width() + " " + e.box().height(),
                        o.left() + " " + o.top() + " " + (o.right() - o.left()) + " " + (o.bottom() - o.top()));
                assertEquals(e.touchesBorder(), o.touchesBorder());
                // Of pictures corners join objects in any case, and so holes are told apart by edges.
                assertEquals(connectivity == 8 ? e.holes() : holes(rows, o), o.holes());
                assertEquals(1 - o.holes(), o.eulerNumber());
                assertEquals(e.pixels().centroidX(), o.centroidX(), 1e-9);
                assertEquals(e.pixels().centroidY(), o.centroidY(), 1e-9);
                assertEquals(e.pixels().majorAxis(), o.majorAxis(), 1e-9);
                // The root of a difference of what is nearly the same.
                assertEquals(e.pixels().minorAxis(), o.minorAxis(), 1e-6);
                assertEquals(e.pixels().eccentricity(), o.eccentricity(), 1e-6);
                assertEquals(e.pixels().equivalentDiameter(), o.equivalentDiameter(), 1e-9);
            }
        }
    }

    /** What lies around an object of pixels that edges join falls into so many parts, which corners join, less the outside. */
    private static int holes(int[][] rows, RasterObject o) {
        int w = o.right() - o.left() + 2;
        int h = o.bottom() - o.top() + 2;
        int[] around = new int[w * h];
        Arrays.fill(around, 1);
        List<Integer> open = new ArrayList<>();
        for (int at = w + 1; open.isEmpty(); at++) {
            // The object's first pixel: the first of its label in its box's first row that leads to as many as it has.
            if (at % w > 0 && at % w < w - 1 && rows[o.top()][o.left() + at % w - 1] == o.label()) {
                Arrays.fill(around, 1);
                if (fill(around, w, at, false, i -> i / w > 0 && i / w < h - 1 && i % w > 0 && i % w < w - 1
                        && rows[o.top() + i / w - 1][o.left() + i % w - 1] == o.label()) == o.area()) {
                    open.add(at);
                }
            }
        }
        int parts = 0;
        for (int at = 0; at < w * h; at++) {
            if (around[at] == 1) {
                fill(around, w, at, true, i -> true);
                parts++;
            }
        }
        return parts - 1;
    }

    /** Clears what is joined with a pixel, by edges or by corners as well; says how many pixels these are. */
    private static long fill(int[] all, int w, int start, boolean corners, IntPredicate in) {
        List<Integer> open = new ArrayList<>(List.of(start));
        all[start] = 0;
        long n = 0;
        while (!open.isEmpty()) {
            int at = open.removeLast();
            n++;
            for (int d = 0; d < 9; d++) {
                int dx = d % 3 - 1;
                int dy = d / 3 - 1;
                int x = at % w + dx;
                int to = at + dy * w + dx;
                if ((corners || dx == 0 || dy == 0) && x >= 0 && x < w && to >= 0 && to < all.length && all[to] == 1
                        && in.test(to)) {
                    all[to] = 0;
                    open.add(to);
                }
            }
        }
        return n;
    }

    @Test
    void ofNoiseAndRings() {
        Random random = new Random(11);
        try (Device device = Backends.open("cpu")) {
            for (int connectivity : new int[] {4, 8}) {
                for (int k = 0; k < 20; k++) {
                    int classes = 2 + k % 3;
                    int[][] rows = new int[1 + random.nextInt(30)][1 + random.nextInt(30)];
                    for (int[] row : rows) {
                        Arrays.setAll(row, _ -> random.nextInt(classes));
                    }
                    check(device, rows, connectivity);
                }
                int[][] rings = new int[61][83];
                for (int y = 0; y < 61; y++) {
                    for (int x = 0; x < 83; x++) {
                        rings[y][x] = (int) Math.hypot(y - 30, (x - 40) * 0.7) / 4 % 3;
                    }
                }
                check(device, rings, connectivity);
            }
        }
    }

    @Test
    void farFromTheOriginNothingIsLost() {
        int far = 90_000;
        List<RasterObject> near = new ArrayList<>();
        List<RasterObject> there = new ArrayList<>();
        for (int at : new int[] {0, far}) {
            RasterObjects objects = new RasterObjects(at + 50, 8, at == 0 ? near::add : there::add);
            for (int y = 0; y < 40; y++) {
                int[] row = new int[at + 50];
                Arrays.fill(row, -1);
                for (int x = 0; x < 50; x++) {
                    row[at + x] = Math.hypot(x - 25 + y / 4.0, y - 20) < 17 ? 1 : -1;
                }
                objects.add(row);
            }
            objects.finish();
        }
        assertEquals(near.getFirst().majorAxis(), there.getFirst().majorAxis(), 1e-9);
        assertEquals(near.getFirst().orientation(), there.getFirst().orientation(), 1e-9);
        assertEquals(near.getFirst().centroidX() + far, there.getFirst().centroidX(), 1e-9);
    }
}
