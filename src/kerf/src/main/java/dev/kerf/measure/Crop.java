package dev.kerf.measure;

import dev.kerf.mask.Box;
import dev.kerf.mask.Mask;

/**
 * The pixels of one object, at least one.
 *
 * @param box    the smallest around them
 * @param in     of the box's pixels, rows packed, 1 where they belong
 * @param width  columns of the picture
 * @param height its rows
 */
record Crop(Box box, byte[] in, int width, int height) {
    /** Of a mask that isn't empty. */
    static Crop of(Mask mask) {
        Box b = mask.bounds();
        byte[] in = new byte[b.width() * b.height()];
        for (int i = 0; i < in.length; i++) {
            in[i] = (byte) (mask.get(b.x() + i % b.width(), b.y() + i / b.width()) ? 1 : 0);
        }
        return new Crop(b, in, mask.width(), mask.height());
    }

    /** 1 where a pixel of the box belongs, 0 elsewhere and around the box. */
    int at(int x, int y) {
        return x < 0 || y < 0 || x >= box.width() || y >= box.height() ? 0 : in[y * box.width() + x];
    }

    long area() {
        long n = 0;
        for (byte b : in) {
            n += b;
        }
        return n;
    }

    boolean touchesBorder() {
        return box.x() == 0 || box.y() == 0 || box.x() + box.width() == width || box.y() + box.height() == height;
    }

    /**
     * The Euler number, components less holes, counted from squares of 2×2 pixels (Gray 1971).
     *
     * @param corners whether pixels that share a corner only are joined
     */
    int eulerNumber(boolean corners) {
        int one = 0;
        int three = 0;
        int diagonal = 0;
        for (int y = 0; y <= box.height(); y++) {
            for (int x = 0; x <= box.width(); x++) {
                int code = at(x - 1, y - 1) | at(x, y - 1) << 1 | at(x - 1, y) << 2 | at(x, y) << 3;
                int bits = Integer.bitCount(code);
                one += bits == 1 ? 1 : 0;
                three += bits == 3 ? 1 : 0;
                diagonal += code == 0b0110 || code == 0b1001 ? 1 : 0;
            }
        }
        return (one - three + (corners ? -2 : 2) * diagonal) / 4;
    }

    /** How many components there are. */
    int parts(boolean corners) {
        Neighbours near = new Neighbours(box.width(), box.height(), corners);
        boolean[] seen = new boolean[in.length];
        int[] stack = new int[in.length];
        int parts = 0;
        for (int i = 0; i < in.length; i++) {
            if (in[i] == 0 || seen[i]) {
                continue;
            }
            parts++;
            seen[i] = true;
            int n = 1;
            stack[0] = i;
            while (n > 0) {
                int p = stack[--n];
                for (int k = 0; k < near.count(); k++) {
                    int q = near.of(p, k);
                    if (q >= 0 && in[q] != 0 && !seen[q]) {
                        seen[q] = true;
                        stack[n++] = q;
                    }
                }
            }
        }
        return parts;
    }

    /**
     * The length of the outline, along the middles of the pixels that have one outside at an edge (Benkrid and Crookes 2000; weights of
     * scikit-image's {@code perimeter} with 4 neighbours): each counts half the way to two neighbours on the outline, both across edges
     * where two or three of them touch it there, both across corners where none does (or one, and three at corners), else one of each;
     * what has other neighbours counts nothing. Where pixels aren't square, the way across an edge is the mean of those taken.
     */
    double perimeter(double dx, double dy) {
        int w = box.width();
        byte[] rim = new byte[in.length];
        for (int i = 0; i < in.length; i++) {
            int x = i % w;
            int y = i / w;
            boolean inner = at(x - 1, y) + at(x + 1, y) + at(x, y - 1) + at(x, y + 1) == 4;
            rim[i] = inner ? 0 : in[i];
        }
        Crop outline = new Crop(box, rim, width, height);
        double diagonal = Math.hypot(dx, dy);
        double sum = 0;
        for (int i = 0; i < in.length; i++) {
            if (rim[i] != 0) {
                sum += outline.length(i % w, i / w, dx, dy, diagonal);
            }
        }
        return sum;
    }

    private double length(int x, int y, double dx, double dy, double diagonal) {
        int across = at(x - 1, y) + at(x + 1, y);
        int down = at(x, y - 1) + at(x, y + 1);
        int edges = across + down;
        int corners = at(x - 1, y - 1) + at(x + 1, y - 1) + at(x - 1, y + 1) + at(x + 1, y + 1);
        double straight = edges == 0 ? 0 : (across * dx + down * dy) / edges;
        if ((edges == 2 || edges == 3) && corners <= 2) {
            return straight;
        }
        if (edges == 1 && (corners == 1 || corners == 2)) {
            return (straight + diagonal) / 2;
        }
        return edges == 0 && corners == 2 || edges == 1 && corners == 3 ? diagonal : 0;
    }
}
