package dev.kerf.formats;

import dev.kerf.mask.Mask;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The outlines of a mask along the edges of its pixels, a part (pixels joined by edges) with its holes as one polygon. Each
 * ring goes around one region that isn't the part's, regions joined by edges, too: so none meets itself, and two meet in
 * single corners alone.
 */
final class Rings {
    /** Right, down, left, up. */
    private static final int[] DX = {1, 0, -1, 0};
    private static final int[] DY = {0, 1, 0, -1};

    private final Mask mask;
    private final int width;
    private final int height;
    /** Of each pixel the part that it belongs to, from 1. */
    private final int[] part;
    /** Whether the walk along the upper edge of a pixel was made. */
    private final boolean[] walked;

    private Rings(Mask mask) {
        this.mask = mask;
        this.width = mask.width();
        this.height = mask.height();
        this.part = new int[width * height];
        this.walked = new boolean[width * height];
    }

    /**
     * A polygon.
     *
     * @param outer x, y of each corner in turn, the part on the right hand of who walks so
     * @param holes likewise
     */
    record Polygon(int[] outer, List<int[]> holes) {
        List<int[]> all() {
            List<int[]> rings = new ArrayList<>(List.of(outer));
            rings.addAll(holes);
            return rings;
        }
    }

    /** Polygons in the order in which rows from the top meet them. */
    static List<Polygon> of(Mask mask) {
        return new Rings(mask).polygons();
    }

    private List<Polygon> polygons() {
        List<Polygon> found = new ArrayList<>();
        for (int i = 0; i < part.length; i++) {
            int x = i % width;
            int y = i / width;
            if (!mask.get(x, y)) {
                continue;
            }
            if (part[i] == 0) {
                fill(i, found.size() + 1);
                // Met from above: this edge belongs to the outer ring.
                found.add(new Polygon(walk(x, y), new ArrayList<>()));
            } else if (!walked[i] && !in(x, y - 1, part[i])) {
                found.get(part[i] - 1).holes.add(walk(x, y));
            }
        }
        return found;
    }

    private void fill(int from, int number) {
        int[] stack = new int[64];
        int n = 0;
        stack[n++] = from;
        part[from] = number;
        while (n > 0) {
            int at = stack[--n];
            for (int d = 0; d < 4; d++) {
                int x = at % width + DX[d];
                int y = at / width + DY[d];
                if (mask.get(x, y) && part[y * width + x] == 0) {
                    part[y * width + x] = number;
                    if (n == stack.length) {
                        stack = Arrays.copyOf(stack, 2 * n);
                    }
                    stack[n++] = y * width + x;
                }
            }
        }
    }

    private boolean in(int x, int y, int number) {
        return x >= 0 && y >= 0 && x < width && y < height && part[y * width + x] == number;
    }

    /** Along the upper edge of a pixel to the right, and on with the part on the right hand until there again. */
    private int[] walk(int x0, int y0) {
        int number = part[y0 * width + x0];
        int[] corners = new int[16];
        int n = 0;
        int x = x0;
        int y = y0;
        int d = 0;
        do {
            if (d == 0) {
                walked[y * width + x] = true;
            }
            x += DX[d];
            y += DY[d];
            // The pixels ahead, on the left and on the right hand.
            int left = (d + 3) % 4;
            boolean ahead = pixel(x, y, d, left, number);
            int turn = ahead ? left : pixel(x, y, d, (d + 1) % 4, number) ? d : (d + 1) % 4;
            if (turn != d) {
                if (n + 2 > corners.length) {
                    corners = Arrays.copyOf(corners, 2 * n);
                }
                corners[n++] = x;
                corners[n++] = y;
                d = turn;
            }
        } while (x != x0 || y != y0 || d != 0);
        return Arrays.copyOf(corners, n);
    }

    /** The pixel at a corner that lies ahead and to one side. */
    private boolean pixel(int x, int y, int ahead, int side, int number) {
        int px = x + (DX[ahead] + DX[side] > 0 ? 0 : -1);
        int py = y + (DY[ahead] + DY[side] > 0 ? 0 : -1);
        return in(px, py, number);
    }

    /** How often the rings of polygons come to each corner that more than one comes to. */
    static Map<Long, Integer> shared(List<Polygon> polygons) {
        Map<Long, Integer> visits = new HashMap<>();
        for (Polygon p : polygons) {
            for (int[] ring : p.all()) {
                for (int i = 0; i < ring.length; i += 2) {
                    visits.merge(key(ring[i], ring[i + 1]), 1, Integer::sum);
                }
            }
        }
        visits.values().removeIf(n -> n < 2);
        return visits;
    }

    static long key(int x, int y) {
        return (long) x << 32 | y;
    }
}
