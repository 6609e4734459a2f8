package dev.kerf.model.sam2;

/** Regions of pixels that touch each other, at their edges or corners. */
final class SmallRegions {
    private SmallRegions() {}

    /** For each pixel, row by row, how many pixels its region has; 0 for one that isn't in. */
    static int[] sizes(boolean[] in, int width) {
        int[] size = new int[in.length];
        boolean[] seen = new boolean[in.length];
        int[] region = new int[in.length];
        for (int start = 0; start < in.length; start++) {
            if (!in[start] || seen[start]) {
                continue;
            }
            int n = 0;
            region[n++] = start;
            seen[start] = true;
            for (int i = 0; i < n; i++) {
                n = grow(in, seen, region, n, region[i], width);
            }
            for (int i = 0; i < n; i++) {
                size[region[i]] = n;
            }
        }
        return size;
    }

    private static int grow(boolean[] in, boolean[] seen, int[] region, int n, int at, int width) {
        int count = n;
        int x = at % width;
        for (int dy = -width; dy <= width; dy += width) {
            for (int dx = -1; dx <= 1; dx++) {
                int next = at + dy + dx;
                if (x + dx >= 0 && x + dx < width && next >= 0 && next < in.length && in[next] && !seen[next]) {
                    seen[next] = true;
                    region[count++] = next;
                }
            }
        }
        return count;
    }
}
