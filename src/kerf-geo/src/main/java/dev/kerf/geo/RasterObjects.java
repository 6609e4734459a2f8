package dev.kerf.geo;

import dev.kerf.error.BadInputException;
import java.util.Arrays;
import java.util.function.Consumer;

/**
 * Measures what is connected in labels that come row by row. An object is given out when no other row can add to it: memory holds two rows
 * and a few numbers for each object that reaches the last of them, however many rows there are.
 *
 * <pre>{@code
 * RasterObjects objects = new RasterObjects(width, 8, o -> System.out.println(o.area() + " pixels"));
 * for (int[] row : rows) {
 *     objects.add(row);
 * }
 * objects.finish();
 * }</pre>
 */
public final class RasterObjects {
    private static final int NONE = -1;

    private final int width;
    private final boolean corners;
    private final Consumer<RasterObject> sink;
    private int[] above;
    private int[] row;
    private Part[] partsAbove;
    private Part[] parts;
    private int y;

    /** Connected pixels that are seen so far: how many, their mean place, and sums of squared differences from it. */
    private static final class Part {
        private Part whole = this;
        private int label;
        private long n;
        private double x;
        private double y;
        private double xx;
        private double yy;
        private double xy;
        private int left = Integer.MAX_VALUE;
        private int right;
        private int top;
        private int lastRow;
        private long quarters;
        private boolean border;

        Part whole() {
            Part p = this;
            while (p.whole != p) {
                p.whole = p.whole.whole;
                p = p.whole;
            }
            return p;
        }

        /** Adds pixels of a mean place and squared differences from it (Chan, Golub and LeVeque 1979). */
        void add(long more, double atX, double atY, double addXx, double addYy, double addXy) {
            double all = n + more;
            double dx = atX - x;
            double dy = atY - y;
            double weight = n / all * more;
            xx += addXx + dx * dx * weight;
            yy += addYy + dy * dy * weight;
            xy += addXy + dx * dy * weight;
            x += dx * more / all;
            y += dy * more / all;
            n += more;
        }

        void join(Part other) {
            add(other.n, other.x, other.y, other.xx, other.yy, other.xy);
            left = Math.min(left, other.left);
            right = Math.max(right, other.right);
            top = Math.min(top, other.top);
            lastRow = Math.max(lastRow, other.lastRow);
            quarters += other.quarters;
            border |= other.border;
            other.whole = this;
        }
    }

    /**
     * Begins.
     *
     * @param width        columns of a row
     * @param connectivity 4 where pixels are joined that share an edge, 8 where those that share a corner are, too
     * @param sink         takes each object when it is finished
     */
    public RasterObjects(int width, int connectivity, Consumer<RasterObject> sink) {
        if (connectivity != 4 && connectivity != 8) {
            throw new BadInputException("connectivity is 4 or 8, not " + connectivity);
        }
        this.width = width;
        this.corners = connectivity == 8;
        this.sink = sink;
        above = new int[width + 2];
        Arrays.fill(above, NONE);
        row = above.clone();
        partsAbove = new Part[width + 2];
        parts = new Part[width + 2];
    }

    /**
     * Takes the next row.
     *
     * @param labels one for each column; those below 0 are no object's
     */
    public void add(int[] labels) {
        if (labels.length != width) {
            throw new BadInputException("a row of " + labels.length + " labels, not " + width);
        }
        for (int x = 0; x < width; x++) {
            row[x + 1] = Math.max(NONE, labels[x]);
        }
        next();
    }

    /** Gives out what is left: there is no other row. */
    public void finish() {
        for (Part p : partsAbove) {
            if (p != null) {
                p.whole().border = true;
            }
        }
        Arrays.fill(row, NONE);
        next();
    }

    private void next() {
        for (int x = 1; x <= width;) {
            int end = x + 1;
            while (end <= width && row[end] == row[x]) {
                end++;
            }
            run(x, end);
            x = end;
        }
        for (int x = 0; x <= width; x++) {
            if (above[x] != above[x + 1] || row[x] != row[x + 1] || above[x] != row[x]) {
                quad(x);
            }
        }
        for (int x = 1; x <= width; x++) {
            Part p = partsAbove[x];
            if (p != null && p != partsAbove[x - 1] && p.whole().lastRow < y) {
                give(p.whole());
            }
        }
        int[] labels = above;
        above = row;
        row = labels;
        Part[] swapped = partsAbove;
        partsAbove = parts;
        parts = swapped;
        y++;
    }

    /** Pixels of one label beside each other, from a column to the end. */
    private void run(int x, int end) {
        int label = row[x];
        if (label == NONE) {
            Arrays.fill(parts, x, end, null);
            return;
        }
        Part here = null;
        int reach = corners ? 1 : 0;
        for (int i = x - reach; i < end + reach; i++) {
            if (above[i] == label && (i == x - reach || partsAbove[i] != partsAbove[i - 1])) {
                Part other = partsAbove[i].whole();
                if (here == null) {
                    here = other;
                } else if (here != other) {
                    here.join(other);
                }
            }
        }
        if (here == null) {
            here = new Part();
            here.label = label;
            here.top = y;
        }
        double n = end - x;
        here.add(end - x, (x + end - 1) / 2.0 - 1, y, n * (n * n - 1) / 12, 0, 0);
        here.left = Math.min(here.left, x - 1);
        here.right = Math.max(here.right, end - 1);
        here.border |= y == 0 || x == 1 || end == width + 1;
        here.lastRow = y;
        Arrays.fill(parts, x, end, here);
    }

    /** What four pixels add to four times the Euler number of each object (Gray 1971). */
    private void quad(int x) {
        int[] labels = {above[x], above[x + 1], row[x + 1], row[x]};
        for (int i = 0; i < 4; i++) {
            int label = labels[i];
            boolean before = labels[(i + 3) % 4] == label;
            boolean after = labels[(i + 1) % 4] == label;
            boolean across = labels[(i + 2) % 4] == label;
            if (label == NONE) {
                continue;
            }
            // One alone adds 1, three take 1, and two across from each other take 2 where corners join them.
            if (!before && !after) {
                part(x, i).quarters += across && corners ? -1 : 1;
            } else if (before && after && !across) {
                part(x, i).quarters--;
            }
        }
    }

    private Part part(int x, int i) {
        return switch (i) {
            case 0 -> partsAbove[x].whole();
            case 1 -> partsAbove[x + 1].whole();
            case 2 -> parts[x + 1].whole();
            default -> parts[x].whole();
        };
    }

    private void give(Part p) {
        p.lastRow = Integer.MAX_VALUE;
        sink.accept(
                new RasterObject(p.label, p.n, p.left, p.top, p.right, y, 1 - p.quarters / 4, p.border, p.x, p.y, p.xx / p.n,
                        p.yy / p.n, p.xy / p.n));
    }
}
