package dev.kerf.formats;

import dev.kerf.mask.Mask;
import dev.kerf.formats.Rings.Polygon;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * Outlines with fewer corners (Douglas and Peucker 1973) that stay valid as OGC's simple features have it: rings meet neither
 * themselves nor one another but in single corners, holes stay in their polygon. Where leaving corners out would break
 * that, a smaller tolerance is taken, and in the end none.
 */
final class Simplified {
    /** Below this nothing of a staircase of pixels could be left out. */
    private static final double LEAST = 0.3;

    private final List<Polygon> exact;
    private final Map<Long, Integer> shared;
    /** Of each ring, those of one polygon after those of another. */
    private final double[] tolerances;
    private final int[] first;

    private Simplified(List<Polygon> exact, double tolerance) {
        this.exact = exact;
        this.shared = Rings.shared(exact);
        this.first = new int[exact.size() + 1];
        for (int i = 0; i < exact.size(); i++) {
            first[i + 1] = first[i] + 1 + exact.get(i).holes().size();
        }
        this.tolerances = new double[first[exact.size()]];
        Arrays.fill(tolerances, tolerance);
    }

    /**
     * The polygons of a mask.
     *
     * @param tolerance in pixels, that what is left out lies from the outline at most
     */
    static List<Polygon> of(Mask mask, double tolerance) {
        if (tolerance == 0) {
            return Rings.of(mask);
        }
        Simplified s = new Simplified(Rings.of(mask), tolerance);
        List<Polygon> simple = s.polygons();
        // Each turn lowers the tolerance of one ring at least; with none left everything is exact.
        for (BitSet wrong = s.wrong(simple); !wrong.isEmpty(); wrong = s.wrong(simple)) {
            wrong.stream().forEach(r -> s.tolerances[r] = s.tolerances[r] < 2 * LEAST ? 0 : s.tolerances[r] / 2);
            simple = s.polygons();
        }
        return simple;
    }

    private List<Polygon> polygons() {
        List<Polygon> out = new ArrayList<>();
        for (int i = 0; i < exact.size(); i++) {
            int at = first[i];
            List<int[]> rings = new ArrayList<>();
            for (int[] ring : exact.get(i).all()) {
                rings.add(tolerances[at] == 0 ? ring : ring(ring, tolerances[at]));
                at++;
            }
            out.add(new Polygon(rings.getFirst(), rings.subList(1, rings.size())));
        }
        return out;
    }

    /** From the first corner to the one farthest from it and back; corners that rings share stay. */
    private int[] ring(int[] ring, double tolerance) {
        int n = ring.length / 2;
        boolean[] kept = new boolean[n + 1];
        int far = 0;
        for (int i = 0; i < n; i++) {
            far = distance(ring, 0, i) > distance(ring, 0, far) ? i : far;
            kept[i] = shared.containsKey(Rings.key(ring[2 * i], ring[2 * i + 1]));
        }
        kept[0] = true;
        kept[far] = true;
        kept[n] = true;
        int from = 0;
        for (int i = 1; i <= n; i++) {
            if (kept[i]) {
                keep(ring, from, i, tolerance, kept);
                from = i;
            }
        }
        int[] out = new int[ring.length];
        int m = 0;
        for (int i = 0; i < n; i++) {
            if (kept[i]) {
                out[m++] = ring[2 * i];
                out[m++] = ring[2 * i + 1];
            }
        }
        // Fewer than three corners are no ring.
        return m < 6 ? ring : Arrays.copyOf(out, m);
    }

    private static double distance(int[] ring, int a, int b) {
        return Math.hypot(ring[2 * a] - ring[2 * b], ring[2 * a + 1] - ring[2 * b + 1]);
    }

    private static void keep(int[] ring, int from, int to, double tolerance, boolean[] kept) {
        int n = ring.length / 2;
        int ax = ring[2 * from];
        int ay = ring[2 * from + 1];
        int bx = ring[2 * (to % n)];
        int by = ring[2 * (to % n) + 1];
        double length = Math.hypot(bx - ax, by - ay);
        double most = tolerance;
        int farthest = -1;
        for (int i = from + 1; i < to; i++) {
            double px = ring[2 * i] - ax;
            double py = ring[2 * i + 1] - ay;
            double d = length == 0 ? Math.hypot(px, py) : segment(px, py, bx - ax, by - ay, length);
            if (d > most) {
                most = d;
                farthest = i;
            }
        }
        if (farthest > 0) {
            kept[farthest] = true;
            keep(ring, from, farthest, tolerance, kept);
            keep(ring, farthest, to, tolerance, kept);
        }
    }

    /** From a point to a segment that begins at the origin. */
    private static double segment(double px, double py, double dx, double dy, double length) {
        double along = Math.clamp((px * dx + py * dy) / (length * length), 0, 1);
        return Math.hypot(px - along * dx, py - along * dy);
    }

    /** Rings that are simplified and meet another but where they share a corner, or left what they lay in. */
    private BitSet wrong(List<Polygon> polygons) {
        BitSet wrong = new BitSet();
        List<int[]> segments = new ArrayList<>();
        int r = 0;
        for (Polygon p : polygons) {
            for (int[] ring : p.all()) {
                for (int i = 0; i < ring.length; i += 2) {
                    int j = (i + 2) % ring.length;
                    segments.add(new int[] {ring[i], ring[i + 1], ring[j], ring[j + 1], r});
                }
                r++;
            }
        }
        segments.sort(Comparator.comparingInt(s -> Math.min(s[0], s[2])));
        for (int i = 0; i < segments.size(); i++) {
            int[] a = segments.get(i);
            int right = Math.max(a[0], a[2]);
            for (int k = i + 1; k < segments.size() && Math.min(segments.get(k)[0], segments.get(k)[2]) <= right; k++) {
                if (Segments.conflict(a, segments.get(k))) {
                    wrong.set(a[4]);
                    wrong.set(segments.get(k)[4]);
                }
            }
        }
        nested(polygons, wrong);
        for (int i = wrong.nextSetBit(0); i >= 0; i = wrong.nextSetBit(i + 1)) {
            wrong.set(i, tolerances[i] > 0);
        }
        return wrong;
    }

    private void nested(List<Polygon> polygons, BitSet wrong) {
        List<int[]> bounds = polygons.stream().map(p -> Segments.bounds(p.outer())).toList();
        for (int i = 0; i < polygons.size(); i++) {
            Polygon p = polygons.get(i);
            boolean bad = Segments.area(p.outer()) <= 0;
            for (int[] hole : p.holes()) {
                bad |= Segments.area(hole) >= 0 || !Segments.inside(hole, p.outer())
                        || p.holes().stream().anyMatch(h -> h != hole && Segments.inside(hole, h));
            }
            for (int k = 0; k < polygons.size(); k++) {
                // In the other's ring only if in one of its holes; which it is can't change without a crossing.
                Polygon other = polygons.get(k);
                if (k != i && Segments.covers(bounds.get(k), bounds.get(i)) && Segments.inside(p.outer(), other.outer())
                        && other.holes().stream().noneMatch(h -> Segments.inside(p.outer(), h))) {
                    bad = true;
                    wrong.set(first[k], first[k + 1]);
                }
            }
            if (bad) {
                wrong.set(first[i], first[i + 1]);
            }
        }
    }
}
