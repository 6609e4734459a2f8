package dev.kerf.mask;

import dev.kerf.error.BadInputException;
import java.util.Arrays;

/**
 * Rasterises a polygon as pycocotools' rleFrPoly does: edges are drawn on a grid five times finer; wherever the drawn
 * line crosses the middle of a pixel's column, the column changes between outside and inside at the pixel that is cut.
 */
final class PolygonFill {
    private static final double SCALE = 5;
    private static final double FARTHEST = 1e7;

    private final int width;
    private final int height;
    private int[] crossings = new int[64];
    private int n;
    private boolean started;
    private int lastU;
    private int lastV;

    private PolygonFill(int width, int height) {
        this.width = width;
        this.height = height;
    }

    /** Run lengths of the polygon in column order. */
    static int[] runs(int width, int height, double[] xy) {
        if (xy.length < 6 || xy.length % 2 != 0) {
            throw new BadInputException("a polygon of " + xy.length
                    + " coordinates; at least three corners of x and y are needed");
        }
        for (double c : xy) {
            if (!(Math.abs(c) <= FARTHEST)) {
                throw new BadInputException("a polygon has the coordinate " + c);
            }
        }
        PolygonFill fill = new PolygonFill(width, height);
        int corners = xy.length / 2;
        for (int i = 0; i < corners; i++) {
            int j = (i + 1) % corners;
            fill.edge((int) (SCALE * xy[2 * i] + .5), (int) (SCALE * xy[2 * i + 1] + .5),
                    (int) (SCALE * xy[2 * j] + .5), (int) (SCALE * xy[2 * j + 1] + .5));
        }
        return fill.toRuns();
    }

    /** Draws an edge; both directions draw the same points. */
    private void edge(int x0, int y0, int x1, int y1) {
        int dx = Math.abs(x1 - x0);
        int dy = Math.abs(y1 - y0);
        boolean flat = dx >= dy;
        boolean flip = flat ? x0 > x1 : y0 > y1;
        int xs = flip ? x1 : x0;
        int ys = flip ? y1 : y0;
        double slope = flat
                ? (dx == 0 ? 0 : (double) (flip ? y0 - y1 : y1 - y0) / dx)
                : (double) (flip ? x0 - x1 : x1 - x0) / dy;
        int steps = flat ? dx : dy;
        for (int d = 0; d <= steps; d++) {
            int t = flip ? steps - d : d;
            if (flat) {
                point(t + xs, (int) (ys + slope * t + .5));
            } else {
                point((int) (xs + slope * t + .5), t + ys);
            }
        }
    }

    private void point(int u, int v) {
        if (started && u != lastU) {
            double x = (Math.min(u, lastU) + .5) / SCALE - .5;
            if (Math.floor(x) == x && x >= 0 && x <= width - 1) {
                double y = Math.ceil(Math.clamp((Math.min(v, lastV) + .5) / SCALE - .5, 0, (double) height));
                if (n == crossings.length) {
                    crossings = Arrays.copyOf(crossings, 2 * n);
                }
                crossings[n++] = (int) x * height + (int) y;
            }
        }
        started = true;
        lastU = u;
        lastV = v;
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
