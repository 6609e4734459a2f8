package dev.kerf.measure;

import java.util.Arrays;

/**
 * Takes objects that touch apart: by the middles of a mask, which are the tops of its distance transform, and a flood that rises from
 * them (Beucher and Lantuéjoul 1979; Meyer 1994).
 *
 * @param near which pixels touch
 * @param mask not 0 inside
 * @param far  distance of each pixel inside from the outside
 */
record Watershed(Neighbours near, byte[] mask, double[] far) {
    /** The objects, numbered from 1; a mask that nothing is outside of is one object. */
    static int[] split(byte[] mask, int width, int height, boolean corners, double depth) {
        double[] far = DistanceTransform.of(mask, new int[] {height, width}, 1, 1);
        for (int i = 0; i < far.length; i++) {
            far[i] = Math.min(far[i], Double.MAX_VALUE);
        }
        Watershed w = new Watershed(new Neighbours(width, height, corners), mask, far);
        return w.flood(w.middles(depth));
    }

    /**
     * Numbers for the pixels around each top that is deeper than {@code depth}: from which one has to go down by more to get to a
     * higher one. They are the tops of what scikit-image's {@code reconstruction(far - depth, far)} leaves.
     */
    int[] middles(double depth) {
        PixelHeap down = new PixelHeap();
        for (int i = 0; i < mask.length; i++) {
            if (mask[i] != 0) {
                down.push(-far[i], i, i);
            }
        }
        // Trees of what is joined above the level that is reached; the root is the top.
        int[] up = new int[mask.length];
        boolean[] top = new boolean[mask.length];
        Arrays.fill(up, -1);
        while (!down.isEmpty()) {
            int p = down.pop();
            up[p] = p;
            top[p] = true;
            for (int k = 0; k < near.count(); k++) {
                int q = near.of(p, k);
                if (q < 0 || up[q] < 0) {
                    continue;
                }
                int a = root(up, p);
                int b = root(up, q);
                if (a != b) {
                    int high = far[a] >= far[b] ? a : b;
                    int low = high == a ? b : a;
                    up[low] = high;
                    top[low] &= far[low] - depth > far[p];
                }
            }
        }
        int[] out = new int[mask.length];
        int[] stack = new int[64];
        for (int i = 0; i < mask.length; i++) {
            if (mask[i] != 0 && top[i]) {
                stack = spread(i, far[i] - depth, out, stack);
            }
        }
        return out;
    }

    private static int root(int[] up, int i) {
        int at = i;
        while (up[at] != at) {
            up[at] = up[up[at]];
            at = up[at];
        }
        return at;
    }

    /** Gives what is joined with a pixel and no lower than a level the pixel's number. */
    private int[] spread(int first, double level, int[] out, int[] room) {
        int[] stack = room;
        int n = 1;
        stack[0] = first;
        out[first] = first + 1;
        while (n > 0) {
            int p = stack[--n];
            for (int k = 0; k < near.count(); k++) {
                int q = near.of(p, k);
                if (q >= 0 && mask[q] != 0 && out[q] == 0 && far[q] >= level) {
                    out[q] = first + 1;
                    stack = n < stack.length ? stack : Arrays.copyOf(stack, 2 * n);
                    stack[n++] = q;
                }
            }
        }
        return stack;
    }

    /**
     * Lets the numbers grow over the mask, the farthest from the outside first, of equals those that were reached first:
     * scikit-image's {@code watershed(-far, markers, mask=mask)}.
     */
    int[] flood(int[] markers) {
        int[] out = markers.clone();
        PixelHeap rising = new PixelHeap();
        for (int i = 0; i < out.length; i++) {
            if (out[i] != 0) {
                rising.push(-far[i], 0, i);
            }
        }
        int age = 0;
        while (!rising.isEmpty()) {
            double level = rising.value();
            int p = rising.pop();
            for (int k = 0; k < near.count(); k++) {
                int q = near.of(p, k);
                if (q >= 0 && mask[q] != 0 && out[q] == 0) {
                    out[q] = out[p];
                    // A pixel costs what its way there cost, so that none wins by spilling over first.
                    rising.push(Math.max(-far[q], level), ++age, q);
                }
            }
        }
        return out;
    }
}
