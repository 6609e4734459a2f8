package dev.kerf.formats;

/** Exact arithmetic of segments and rings with whole coordinates below 2^31. */
final class Segments {
    private Segments() {}

    /** Whether two segments have more in common than one end that both have. */
    static boolean conflict(int[] a, int[] b) {
        if (Math.max(a[1], a[3]) < Math.min(b[1], b[3]) || Math.max(b[1], b[3]) < Math.min(a[1], a[3])) {
            return false;
        }
        int p = side(a, b[0], b[1]);
        int q = side(a, b[2], b[3]);
        int r = side(b, a[0], a[1]);
        int s = side(b, a[2], a[3]);
        if (p == 0 && q == 0) {
            return overlap(a, b);
        }
        boolean meet = p * q <= 0 && r * s <= 0;
        return meet && !joined(a, b);
    }

    /** Of segments on one line: whether they share more than an end. */
    private static boolean overlap(int[] a, int[] b) {
        boolean upright = a[0] == a[2];
        int i = upright ? 1 : 0;
        int from = Math.max(Math.min(a[i], a[i + 2]), Math.min(b[i], b[i + 2]));
        int to = Math.min(Math.max(a[i], a[i + 2]), Math.max(b[i], b[i + 2]));
        return from < to;
    }

    /** Whether they have an end in common, and so, not being on one line, nothing else. */
    private static boolean joined(int[] a, int[] b) {
        return a[0] == b[0] && a[1] == b[1] || a[0] == b[2] && a[1] == b[3] || a[2] == b[0] && a[3] == b[1]
                || a[2] == b[2] && a[3] == b[3];
    }

    private static int side(int[] s, int x, int y) {
        return Long.signum((long) (s[2] - s[0]) * (y - s[1]) - (long) (s[3] - s[1]) * (x - s[0]));
    }

    /** Twice the area of a ring; positive if its inside is on the right hand of who walks along it, rows counting down. */
    static long area(int[] ring) {
        long sum = 0;
        for (int i = 0; i < ring.length; i += 2) {
            int j = (i + 2) % ring.length;
            sum += (long) ring[i] * ring[j + 1] - (long) ring[j] * ring[i + 1];
        }
        return sum;
    }

    /** Least and largest column, least and largest row. */
    static int[] bounds(int[] ring) {
        int[] b = {ring[0], ring[0], ring[1], ring[1]};
        for (int i = 2; i < ring.length; i += 2) {
            b[0] = Math.min(b[0], ring[i]);
            b[1] = Math.max(b[1], ring[i]);
            b[2] = Math.min(b[2], ring[i + 1]);
            b[3] = Math.max(b[3], ring[i + 1]);
        }
        return b;
    }

    /** Whether bounds hold others. */
    static boolean covers(int[] outer, int[] inner) {
        return outer[0] <= inner[0] && outer[1] >= inner[1] && outer[2] <= inner[2] && outer[3] >= inner[3];
    }

    /** Whether a ring that doesn't cross another lies in it: a corner that isn't on the other does, or all are on it. */
    static boolean inside(int[] ring, int[] other) {
        for (int i = 0; i < ring.length; i += 2) {
            int where = locate(ring[i], ring[i + 1], other);
            if (where != 0) {
                return where > 0;
            }
        }
        return Math.abs(area(ring)) <= Math.abs(area(other));
    }

    /** 1 inside, 0 on the ring, -1 outside. */
    private static int locate(int x, int y, int[] ring) {
        boolean in = false;
        for (int i = 0; i < ring.length; i += 2) {
            int j = (i + 2) % ring.length;
            int[] s = {ring[i], ring[i + 1], ring[j], ring[j + 1]};
            int side = side(s, x, y);
            if (side == 0 && x >= Math.min(s[0], s[2]) && x <= Math.max(s[0], s[2]) && y >= Math.min(s[1], s[3])
                    && y <= Math.max(s[1], s[3])) {
                return 0;
            }
            if (s[1] > y != s[3] > y && side > 0 == s[3] > s[1]) {
                in = !in;
            }
        }
        return in ? 1 : -1;
    }
}
