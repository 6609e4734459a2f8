package dev.kerf.geo;

import dev.kerf.error.BadInputException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/**
 * Traces the outlines of what is connected by edges in labels that come row by row. What is finished is given out at once, so that memory holds
 * two rows and the corners of what isn't finished, however many rows there are.
 *
 * <pre>{@code
 * Outlines outlines = new Outlines(width, 255, shape -> System.out.println(shape.rings().size() - 1 + " holes"));
 * for (int[] row : rows) {
 *     outlines.add(row);
 * }
 * outlines.finish();
 * }</pre>
 *
 * <p>Outlines are valid polygons as OGC 06-103r4 has them: rings don't cross or touch themselves, and holes touch others in single points
 * at most.
 */
public final class Outlines {
    private static final int NONE = -1;

    private final int width;
    private final int left;
    private final Consumer<Shape> sink;
    private int[] above;
    private int[] row;
    private Region[] regionsAbove;
    private Region[] regions;
    /** For each corner of the row before what comes down to it, and what goes up from it. */
    private final Chain[] down;
    private final Chain[] up;
    private Chain fromLeft;
    private Chain toLeft;
    private int y;

    /**
     * What is connected.
     *
     * @param label  of its pixels
     * @param pixels how many
     * @param rings  corners as column and row, in the order of going around: the outer ring first, with its pixels to the right of the way,
     *               then the holes
     */
    public record Shape(int label, long pixels, List<int[]> rings) {}

    /** Connected pixels that are seen so far. */
    private static final class Region {
        private Region whole = this;
        private int label;
        private long pixels;
        private int lastRow;
        private List<int[]> rings = new ArrayList<>(1);

        Region whole() {
            Region r = this;
            while (r.whole != r) {
                r.whole = r.whole.whole;
                r = r.whole;
            }
            return r;
        }

        void join(Region other) {
            pixels += other.pixels;
            boolean more = rings.size() >= other.rings.size();
            List<int[]> all = more ? rings : other.rings;
            all.addAll(more ? other.rings : rings);
            rings = all;
            other.rings = List.of();
            other.whole = this;
        }
    }

    /**
     * Begins.
     *
     * @param width   columns of a row
     * @param without the label that isn't traced, such as that of pixels without data; none below 0 is
     * @param sink    takes each shape when it is finished
     */
    public Outlines(int width, int without, Consumer<Shape> sink) {
        this.width = width;
        this.left = without;
        this.sink = sink;
        above = new int[width + 2];
        Arrays.fill(above, NONE);
        row = above.clone();
        regionsAbove = new Region[width + 2];
        regions = new Region[width + 2];
        down = new Chain[width + 1];
        up = new Chain[width + 1];
    }

    /**
     * Takes the next row.
     *
     * @param labels one for each column; those below 0 aren't traced
     */
    public void add(int[] labels) {
        if (labels.length != width) {
            throw new BadInputException("a row of " + labels.length + " labels, not " + width);
        }
        for (int x = 0; x < width; x++) {
            row[x + 1] = labels[x] == left ? NONE : Math.max(NONE, labels[x]);
        }
        next();
    }

    /** Gives out what is left: there is no other row. */
    public void finish() {
        Arrays.fill(row, NONE);
        next();
    }

    private void next() {
        connect();
        for (int x = 0; x <= width; x++) {
            if (above[x] != above[x + 1] || row[x] != row[x + 1] || above[x] != row[x]) {
                corner(x);
            }
        }
        for (int x = 1; x <= width; x++) {
            Region r = regionsAbove[x];
            if (r != null && r != regionsAbove[x - 1] && r.whole().lastRow < y) {
                give(r.whole());
            }
        }
        int[] labels = above;
        above = row;
        row = labels;
        Region[] swapped = regionsAbove;
        regionsAbove = regions;
        regions = swapped;
        y++;
    }

    /** Finds what each pixel of the row is connected with. */
    private void connect() {
        for (int x = 1; x <= width;) {
            int label = row[x];
            int end = x + 1;
            while (end <= width && row[end] == label) {
                end++;
            }
            if (label == NONE) {
                Arrays.fill(regions, x, end, null);
                x = end;
                continue;
            }
            Region here = null;
            for (int i = x; i < end; i++) {
                if (above[i] == label && (i == x || regionsAbove[i] != regionsAbove[i - 1])) {
                    Region other = regionsAbove[i].whole();
                    if (here == null) {
                        here = other;
                    } else if (here != other) {
                        here.join(other);
                    }
                }
            }
            if (here == null) {
                here = new Region();
                here.label = label;
            }
            here.pixels += end - x;
            here.lastRow = y;
            Arrays.fill(regions, x, end, here);
            x = end;
        }
    }

    /**
     * Goes on with the outlines at the corner before column {@code x}. Around it lie four pixels and, where two differ, the edges between
     * them. The outline of what lies between one edge and the next, clockwise, comes in by the second and goes out by the first, so that its
     * pixels are to the right.
     */
    private void corner(int x) {
        int ul = above[x];
        int ur = above[x + 1];
        int dl = row[x];
        int dr = row[x + 1];
        boolean north = ul != ur;
        boolean east = ur != dr;
        boolean south = dr != dl;
        boolean west = dl != ul;
        Chain northIn = down[x];
        Chain northOut = up[x];
        Chain westIn = fromLeft;
        Chain westOut = toLeft;
        boolean saddle = north && east && south && west && (ul == dr || ur == dl);
        Chain eastIn = null;
        Chain eastOut = null;
        Chain southIn = null;
        Chain southOut = null;
        if (north && west && ul != NONE) {
            closed(northIn, westOut, x, ul == dr && saddle, regionsAbove[x]);
        }
        if (north && ur != NONE) {
            if (east) {
                eastIn = before(northOut, x, true, saddle);
            } else if (south) {
                southIn = before(northOut, x, false, false);
            } else {
                // Three pixels: in from the left.
                closed(westIn, northOut, x, false, regionsAbove[x + 1]);
            }
        }
        if (east && dr != NONE) {
            if (south) {
                Chain c = new Chain();
                c.addLast(x, y);
                mark(c, saddle);
                southIn = c;
                eastOut = c;
            } else if (west) {
                eastOut = after(westIn, x, false, false);
            } else {
                eastOut = after(northIn, x, true, false);
            }
        }
        if (south && dl != NONE) {
            if (west) {
                southOut = after(westIn, x, true, saddle);
            } else if (north) {
                southOut = after(northIn, x, false, false);
            } else {
                // Three pixels: both ways are new.
                Chain c = new Chain();
                c.addLast(x, y);
                eastIn = c;
                southOut = c;
            }
        }
        if (west && !north && ul != NONE) {
            if (east) {
                eastIn = before(westOut, x, false, false);
            } else {
                southIn = before(westOut, x, true, false);
            }
        }
        down[x] = southOut;
        up[x] = southIn;
        fromLeft = eastOut;
        toLeft = eastIn;
    }

    private static void mark(Chain c, boolean saddle) {
        if (saddle) {
            c.mayTouch();
        }
    }

    /** Goes on at the end of what came in. */
    private Chain after(Chain in, int x, boolean turns, boolean saddle) {
        Chain c = in.whole();
        if (turns) {
            c.addLast(x, y);
        }
        mark(c, saddle);
        return c;
    }

    /** Goes on, backwards, at the beginning of what goes out. */
    private Chain before(Chain out, int x, boolean turns, boolean saddle) {
        Chain c = out.whole();
        if (turns) {
            c.addFirst(x, y);
        }
        mark(c, saddle);
        return c;
    }

    /** Joins what came in with what goes out. */
    private void closed(Chain in, Chain out, int x, boolean saddle, Region region) {
        Chain a = in.whole();
        Chain b = out.whole();
        a.addLast(x, y);
        mark(a, saddle);
        if (a == b) {
            region.whole().rings.addAll(a.rings());
        } else {
            a.join(b);
        }
    }

    private void give(Region r) {
        List<int[]> rings = r.rings;
        for (int i = 0; i < rings.size(); i++) {
            if (turn(rings.get(i)) > 0) {
                rings.addFirst(rings.remove(i));
                break;
            }
        }
        r.lastRow = Integer.MAX_VALUE;
        r.rings = List.of();
        sink.accept(new Shape(r.label, r.pixels, rings));
    }

    /** Twice the area of a ring; above 0 where its pixels are inside. */
    static long turn(int[] ring) {
        long sum = 0;
        for (int i = 0; i < ring.length; i += 2) {
            int k = (i + 2) % ring.length;
            sum += (long) ring[i] * ring[k + 1] - (long) ring[k] * ring[i + 1];
        }
        return sum;
    }
}
