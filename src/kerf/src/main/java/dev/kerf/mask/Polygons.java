package dev.kerf.mask;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Outlines of a mask, along the edges of its pixels.
 *
 * <p>COCO's polygons know no holes: all polygons of an object are united. Therefore each part of the mask (pixels
 * joined by edges) becomes one polygon, and a hole in it is reached by a cut of no width that runs straight up from the
 * hole's top left corner to the next outline, down which the polygon comes back. Rasterised by {@link
 * RunLength#ofPolygons} or pycocotools, the polygons give exactly the mask.
 *
 * <pre>{@code
 * List<double[]> outlines = mask.polygons();          // COCO's "segmentation"
 * RunLength.ofPolygons(mask.width(), mask.height(), outlines).decode().equals(mask); // true
 * }</pre>
 */
final class Polygons {
    private static final int RIGHT = 0;
    private static final int DOWN = 1;
    private static final int LEFT = 2;
    private static final int[] DX = {1, 0, -1, 0};
    private static final int[] DY = {0, 1, 0, -1};

    private final Mask mask;
    /** Holes by the pixel at whose top left corner the cut from them ends. */
    private final Map<Integer, List<int[]>> holes = new HashMap<>();

    private Polygons(Mask mask) {
        this.mask = mask;
    }

    /** One polygon for each part of the mask: x, y of its corners, clockwise on the screen; none for an empty mask. */
    static List<double[]> trace(Mask mask) {
        Polygons p = new Polygons(mask);
        List<double[]> out = new ArrayList<>();
        for (int[] start : p.findOutlines()) {
            out.add(p.draw(start[0], start[1]));
        }
        return out;
    }

    /** Follows every border once; returns where the outer ones begin and notes the holes and their cuts. */
    private List<int[]> findOutlines() {
        int w = mask.width();
        boolean[] seen = new boolean[w * mask.height()];
        List<int[]> outer = new ArrayList<>();
        for (int y = 0; y < mask.height(); y++) {
            for (int x = 0; x < w; x++) {
                if (!mask.get(x, y) || mask.get(x, y - 1) || seen[y * w + x]) {
                    continue;
                }
                int cx = x;
                int cy = y;
                int d = RIGHT;
                long area = 0;
                int topX = -1;
                int topY = Integer.MAX_VALUE;
                do {
                    if (d == RIGHT) {
                        seen[cy * w + cx] = true;
                    }
                    area += (long) cx * DY[d] - (long) cy * DX[d];
                    cx += DX[d];
                    cy += DY[d];
                    if (d == LEFT && (cy < topY || cy == topY && cx < topX)) {
                        topX = cx;
                        topY = cy;
                    }
                    d = turn(cx, cy, d);
                } while (cx != x || cy != y || d != RIGHT);
                if (area > 0) {
                    outer.add(new int[] {x, y});
                } else {
                    int end = topY;
                    while (mask.get(topX, end - 1)) {
                        end--;
                    }
                    holes.computeIfAbsent(end * w + topX, k -> new ArrayList<>()).add(new int[] {topX, topY});
                }
            }
        }
        return outer;
    }

    /**
     * The direction in which the border goes on: with the mask to its right, around one pixel's corner where two touch.
     */
    private int turn(int x, int y, int d) {
        for (int t = 1; t >= -1; t--) {
            int next = (d + t) & 3;
            boolean right = switch (next) {
                case RIGHT -> mask.get(x, y) && !mask.get(x, y - 1);
                case DOWN -> mask.get(x - 1, y) && !mask.get(x, y);
                case LEFT -> mask.get(x - 1, y - 1) && !mask.get(x - 1, y);
                default -> mask.get(x, y - 1) && !mask.get(x - 1, y - 1);
            };
            if (right) {
                return next;
            }
        }
        throw new AssertionError("a border ends at (" + x + ", " + y + ")");
    }

    /** A border being walked: where it began, where it is, and which holes at this corner are still to be visited. */
    private static final class Tracer {
        private final int startX;
        private final int startY;
        private final int startD;
        private int x;
        private int y;
        private int d;
        private int visited;
        private boolean moved;

        Tracer(int x, int y, int d) {
            this.x = startX = x;
            this.y = startY = y;
            this.d = startD = d;
        }
    }

    private double[] draw(int x, int y) {
        Corners corners = new Corners();
        // A stack of our own: holes under holes may be many.
        Deque<Tracer> stack = new ArrayDeque<>();
        stack.push(new Tracer(x, y, RIGHT));
        while (!stack.isEmpty()) {
            Tracer walk = stack.peek();
            if (walk.moved && walk.x == walk.startX && walk.y == walk.startY && walk.d == walk.startD) {
                stack.pop();
                corners.add(walk.x, walk.y);
                continue;
            }
            corners.add(walk.x, walk.y);
            List<int[]> here = walk.d == RIGHT ? holes.get(walk.y * mask.width() + walk.x) : null;
            if (here != null && walk.visited < here.size()) {
                int[] hole = here.get(walk.visited++);
                stack.push(new Tracer(hole[0], hole[1], turn(hole[0], hole[1], LEFT)));
                continue;
            }
            walk.x += DX[walk.d];
            walk.y += DY[walk.d];
            walk.d = turn(walk.x, walk.y, walk.d);
            walk.visited = 0;
            walk.moved = true;
        }
        return corners.closed();
    }

    /** Corners as they come, without those in the middle of a straight line. */
    private static final class Corners {
        private double[] xy = new double[16];
        private int n;

        void add(int x, int y) {
            if (n >= 2 && xy[n - 2] == x && xy[n - 1] == y) {
                return;
            }
            if (n >= 4 && between(xy[n - 4], xy[n - 3], xy[n - 2], xy[n - 1], x, y)) {
                n -= 2;
            }
            if (n == xy.length) {
                xy = Arrays.copyOf(xy, 2 * n);
            }
            xy[n++] = x;
            xy[n++] = y;
        }

        /**
         * Whether the middle point lies on the axis-parallel line between the others; turning back is no straight line.
         */
        private static boolean between(double x0, double y0, double x1, double y1, double x2, double y2) {
            return x0 == x1 && x1 == x2 && (y1 - y0) * (y2 - y1) > 0
                    || y0 == y1 && y1 == y2 && (x1 - x0) * (x2 - x1) > 0;
        }

        double[] closed() {
            // The last point is the first again.
            return Arrays.copyOf(xy, n - 2);
        }
    }

    /**
     * Leaves out corners so that no left-out one is farther from the new outline than {@code tolerance} pixels (Douglas
     * and Peucker, 1973). At least three corners stay. With a tolerance above 0 the mask isn't kept exactly.
     */
    static double[] simplify(double[] polygon, double tolerance) {
        int n = polygon.length / 2;
        if (tolerance <= 0 || n <= 4) {
            return polygon;
        }
        // The ring is cut at its first corner and the one farthest from it.
        int far = farthest(polygon, 0, n, true);
        boolean[] keep = new boolean[n];
        keep[0] = keep[far] = true;
        Deque<int[]> parts = new ArrayDeque<>(List.of(new int[] {0, far}, new int[] {far, n}));
        while (!parts.isEmpty()) {
            int[] part = parts.pop();
            int middle = farthest(polygon, part[0], part[1], false);
            if (middle >= 0 && distance(polygon, middle, part[0], part[1] % n) > tolerance) {
                keep[middle] = true;
                parts.push(new int[] {part[0], middle});
                parts.push(new int[] {middle, part[1]});
            }
        }
        double[] out = new double[polygon.length];
        int m = 0;
        for (int i = 0; i < n; i++) {
            if (keep[i]) {
                out[m++] = polygon[2 * i];
                out[m++] = polygon[2 * i + 1];
            }
        }
        return m >= 6 ? Arrays.copyOf(out, m) : polygon;
    }

    /** The corner between two that lies farthest from the line between them, or from the first; -1 if there is none. */
    private static int farthest(double[] polygon, int from, int to, boolean fromFirst) {
        int n = polygon.length / 2;
        int best = -1;
        double most = -1;
        for (int i = from + 1; i < to; i++) {
            double d = distance(polygon, i, from, fromFirst ? from : to % n);
            if (d > most) {
                most = d;
                best = i;
            }
        }
        return best;
    }

    /** Distance of a corner from the line segment between two others. */
    private static double distance(double[] p, int i, int a, int b) {
        double dx = p[2 * b] - p[2 * a];
        double dy = p[2 * b + 1] - p[2 * a + 1];
        double x = p[2 * i] - p[2 * a];
        double y = p[2 * i + 1] - p[2 * a + 1];
        double length = dx * dx + dy * dy;
        double t = length == 0 ? 0 : Math.clamp((x * dx + y * dy) / length, 0, 1);
        return Math.hypot(x - t * dx, y - t * dy);
    }
}
