package dev.kerf.measure;

import dev.kerf.mask.Box;
import java.util.Arrays;
import java.util.Comparator;

/**
 * The convex hull of an object as scikit-image's {@code convex_hull_image} has it: around the middles of its pixels' four edges, and of
 * pixels those whose middle is in it or on its rim. Coordinates are exact, in half pixels.
 *
 * @param area    pixels of the hull
 * @param corners of the hull of those pixels' own edge middles, which diameters go between: x, y in half pixels
 */
record Outline(long area, long[][] corners) {
    /** The hull of an object. */
    static Outline of(Crop crop) {
        Box b = crop.box();
        int[] left = new int[b.height()];
        int[] right = new int[b.height()];
        for (int y = 0; y < b.height(); y++) {
            left[y] = b.width();
            right[y] = -1;
            for (int x = 0; x < b.width(); x++) {
                if (crop.at(x, y) != 0) {
                    left[y] = Math.min(left[y], x);
                    right[y] = x;
                }
            }
        }
        long[][] hull = hull(edges(left, right));
        long area = 0;
        for (int y = 0; y < b.height(); y++) {
            span(hull, y, left, right);
            area += Math.max(0, right[y] - left[y] + 1);
        }
        return new Outline(area, hull(edges(left, right)));
    }

    /** The middles of the edges of each row's first and last pixel. */
    private static long[][] edges(int[] left, int[] right) {
        long[][] points = new long[8 * left.length][];
        int n = 0;
        for (int y = 0; y < left.length; y++) {
            if (left[y] <= right[y]) {
                for (int x : new int[] {left[y], right[y]}) {
                    points[n++] = new long[] {2L * x - 1, 2L * y};
                    points[n++] = new long[] {2L * x + 1, 2L * y};
                    points[n++] = new long[] {2L * x, 2L * y - 1};
                    points[n++] = new long[] {2L * x, 2L * y + 1};
                }
            }
        }
        return Arrays.copyOf(points, n);
    }

    /** The corners of the convex hull, each once, without those on a side (Andrew 1979). */
    private static long[][] hull(long[][] points) {
        Arrays.sort(points, Comparator.<long[]>comparingLong(p -> p[0]).thenComparingLong(p -> p[1]));
        long[][] out = new long[2 * points.length][];
        int n = 0;
        for (int half = 0; half < 2; half++) {
            int start = n;
            for (int i = 0; i < points.length; i++) {
                long[] p = points[half == 0 ? i : points.length - 1 - i];
                while (n >= start + 2 && turn(out[n - 2], out[n - 1], p) <= 0) {
                    n--;
                }
                out[n++] = p;
            }
            n--;
        }
        return Arrays.copyOf(out, n);
    }

    private static long turn(long[] a, long[] b, long[] c) {
        return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
    }

    /** The first and last pixel of a row whose middle is in the hull; a last one before the first where there is none. */
    private static void span(long[][] hull, int y, int[] left, int[] right) {
        long at = 2L * y;
        left[y] = Integer.MAX_VALUE;
        right[y] = Integer.MIN_VALUE;
        for (int i = 0; i < hull.length; i++) {
            long[] a = hull[i];
            long[] b = hull[(i + 1) % hull.length];
            if (Math.min(a[1], b[1]) > at || Math.max(a[1], b[1]) < at) {
                continue;
            }
            // Where the side crosses the middles of the row, as a fraction of pixels; no side lies in one.
            long down = 2 * (b[1] - a[1]);
            long across = a[0] * (b[1] - a[1]) + (at - a[1]) * (b[0] - a[0]);
            left[y] = (int) Math.min(left[y], Math.ceilDiv(across, down));
            right[y] = (int) Math.max(right[y], Math.floorDiv(across, down));
        }
    }

    /** The greatest distance of two corners. */
    double longest(double dx, double dy) {
        double most = 0;
        for (int i = 0; i < corners.length; i++) {
            for (int k = 0; k < i; k++) {
                double x = (corners[i][0] - corners[k][0]) / 2.0 * dx;
                double y = (corners[i][1] - corners[k][1]) / 2.0 * dy;
                most = Math.max(most, x * x + y * y);
            }
        }
        return Math.sqrt(most);
    }

    /** The least distance of two parallel lines that all corners lie between: one of them is along a side. */
    double narrowest(double dx, double dy) {
        double least = Double.POSITIVE_INFINITY;
        for (int i = 0; i < corners.length; i++) {
            long[] a = corners[i];
            long[] b = corners[(i + 1) % corners.length];
            double side = Math.hypot((b[0] - a[0]) * dx, (b[1] - a[1]) * dy);
            double most = 0;
            for (long[] c : corners) {
                most = Math.max(most, turn(a, b, c) * dx * dy / side / 2);
            }
            least = Math.min(least, most);
        }
        return least;
    }
}
