package dev.kerf.mask;

import dev.kerf.error.BadInputException;
import java.util.Arrays;

/**
 * Rasterises polygons as pycocotools' rleFrPoly does: edges are drawn on a grid five times finer; wherever the drawn
 * line crosses the middle of a pixel's column, the column changes between outside and inside at the pixel that is cut.
 * Only the crossings within the picture are computed, so that corners far outside cost nothing.
 */
final class PolygonFill {
    /** Of all polygons of a mask together: far more than any outline that follows pixels. */
    static final int MOST_CROSSINGS = 1 << 24;

    private static final int SCALE = 5;
    private static final double FARTHEST = 1e7;

    private final int width;
    private final int height;
    private int[] crossings = new int[64];
    private int n;
    private long all;

    PolygonFill(int width, int height) {
        this.width = width;
        this.height = height;
    }

    /** Run lengths of a polygon in column order. */
    int[] runs(double[] xy) {
        if (xy.length < 6 || xy.length % 2 != 0) {
            throw new BadInputException("a polygon of " + xy.length
                    + " coordinates; at least three corners of x and y are needed");
        }
        for (double c : xy) {
            if (!(Math.abs(c) <= FARTHEST)) {
                throw new BadInputException("a polygon has the coordinate " + c);
            }
        }
        n = 0;
        int corners = xy.length / 2;
        for (int i = 0; i < corners; i++) {
            int j = (i + 1) % corners;
            edge(fine(xy[2 * i]), fine(xy[2 * i + 1]), fine(xy[2 * j]), fine(xy[2 * j + 1]));
        }
        return toRuns();
    }

    private static int fine(double coordinate) {
        return (int) (SCALE * coordinate + .5);
    }

    /** Takes up where an edge crosses columns; both directions cross at the same places. */
    private void edge(int x0, int y0, int x1, int y1) {
        int dx = Math.abs(x1 - x0);
        int dy = Math.abs(y1 - y0);
        // The middle of column x is crossed between 5x + 2 and 5x + 3.
        int first = Math.max(0, Math.floorDiv(Math.min(x0, x1) + 2, SCALE));
        int last = Math.min(width - 1, Math.floorDiv(Math.max(x0, x1) - 3, SCALE));
        if (first > last) {
            return;
        }
        all += last - first + 1;
        if (all > MOST_CROSSINGS) {
            throw new BadInputException("polygons whose edges cross more than " + MOST_CROSSINGS + " columns of pixels");
        }
        boolean flat = dx >= dy;
        boolean flip = flat ? x0 > x1 : y0 > y1;
        int xs = flip ? x1 : x0;
        int ys = flip ? y1 : y0;
        double slope = flat
                ? (double) (flip ? y0 - y1 : y1 - y0) / dx
                : (double) (flip ? x0 - x1 : x1 - x0) / dy;
        for (int x = first; x <= last; x++) {
            int before = SCALE * x + 2;
            if (flat) {
                int t = before - xs;
                cross(x, Math.min((int) (ys + slope * t + .5), (int) (ys + slope * (t + 1) + .5)));
            } else {
                int t = firstPast(before, xs, slope, dy);
                int left = Math.min(column(xs, slope, t - 1), column(xs, slope, t));
                if (left == before) {
                    cross(x, t - 1 + ys);
                }
            }
        }
    }

    private static int column(int xs, double slope, int t) {
        return (int) (xs + slope * t + .5);
    }

    /** The first step, from 1, of a steep line that ends on the other side of a place than it begins on. */
    private static int firstPast(int before, int xs, double slope, int steps) {
        int low = 0;
        int high = steps;
        while (high - low > 1) {
            int middle = (low + high) >>> 1;
            boolean past = slope > 0 == column(xs, slope, middle) > before;
            low = past ? low : middle;
            high = past ? middle : high;
        }
        return high;
    }

    private void cross(int x, int v) {
        double y = Math.ceil(Math.clamp((v + .5) / SCALE - .5, 0, (double) height));
        if (n == crossings.length) {
            crossings = Arrays.copyOf(crossings, 2 * n);
        }
        crossings[n++] = x * height + (int) y;
    }

    /** Crossings in order are where runs begin; two at the same place cancel out. */
    private int[] toRuns() {
        Arrays.sort(crossings, 0, n);
        int[] runs = new int[n + 1];
        int count = 0;
        int last = 0;
        for (int i = 0; i < n; i++) {
            if (i + 1 < n && crossings[i] == crossings[i + 1]) {
                i++;
                continue;
            }
            runs[count++] = crossings[i] - last;
            last = crossings[i];
        }
        int rest = width * height - last;
        if (rest > 0 || count == 0) {
            runs[count++] = rest;
        }
        return Arrays.copyOf(runs, count);
    }
}
