package dev.kerf.geo;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A piece of an outline that grows at both ends: corners in columns and rows, one after the other. */
final class Chain {
    private static final int FIRST_ROOM = 16;

    private int[] points = new int[FIRST_ROOM];
    private int from = FIRST_ROOM / 2;
    private int to = FIRST_ROOM / 2;
    /** What it became a part of. */
    private Chain whole = this;
    private boolean touches;

    /** What it is a part of by now. */
    Chain whole() {
        Chain c = this;
        while (c.whole != c) {
            c.whole = c.whole.whole;
            c = c.whole;
        }
        return c;
    }

    /** Notes that it may come to the same place twice. */
    void mayTouch() {
        touches = true;
    }

    void addLast(int x, int y) {
        room(0, 2);
        points[to++] = x;
        points[to++] = y;
    }

    void addFirst(int x, int y) {
        room(2, 0);
        points[--from] = y;
        points[--from] = x;
    }

    private void room(int before, int after) {
        if (from >= before && points.length - to >= after) {
            return;
        }
        int n = to - from;
        int free = Math.max(FIRST_ROOM, n / 2);
        int[] more = new int[n + before + after + 2 * free];
        System.arraycopy(points, from, more, before + free, n);
        points = more;
        from = before + free;
        to = from + n;
    }

    /** Puts another one behind this one's end; both are one from then on. */
    void join(Chain other) {
        int n = to - from;
        int m = other.to - other.from;
        boolean behind = n >= m;
        Chain stays = behind ? this : other;
        Chain goes = behind ? other : this;
        if (behind) {
            room(0, m);
            System.arraycopy(other.points, other.from, points, to, m);
            to += m;
        } else {
            other.room(n, 0);
            other.from -= n;
            System.arraycopy(points, from, other.points, other.from, n);
        }
        stays.touches |= goes.touches;
        goes.whole = stays;
        goes.points = new int[0];
        goes.from = 0;
        goes.to = 0;
    }

    /** The rings that it is when its ends have met: x and y of each corner, no place twice in one ring. */
    List<int[]> rings() {
        int[] all = Arrays.copyOfRange(points, from, to);
        if (!touches) {
            return List.of(all);
        }
        List<int[]> out = new ArrayList<>();
        Map<Long, Integer> seen = new HashMap<>();
        int n = 0;
        for (int i = 0; i < all.length; i += 2) {
            long place = (long) all[i] << 32 | all[i + 1];
            Integer before = seen.get(place);
            if (before != null) {
                // The loop since then is a ring of its own, and this is where it was left.
                out.add(Arrays.copyOfRange(all, before, n));
                for (int k = before + 2; k < n; k += 2) {
                    seen.remove((long) all[k] << 32 | all[k + 1]);
                }
                n = before + 2;
                continue;
            }
            seen.put(place, n);
            all[n] = all[i];
            all[n + 1] = all[i + 1];
            n += 2;
        }
        out.add(Arrays.copyOf(all, n));
        return out;
    }
}
