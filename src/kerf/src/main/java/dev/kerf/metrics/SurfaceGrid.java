package dev.kerf.metrics;

/**
 * The points between pixels or voxels, within the box around two masks and at its rim, where their surfaces have elements.
 *
 * @param shape of the masks
 * @param from  where the box begins
 * @param box   its extents; 0 where both masks are empty
 */
record SurfaceGrid(int[] shape, int[] from, int[] box) {
    static SurfaceGrid around(byte[] a, byte[] b, int[] shape) {
        int[] low = shape.clone();
        int[] high = new int[shape.length];
        for (int i = 0; i < a.length; i++) {
            if ((a[i] | b[i]) != 0) {
                for (int axis = shape.length - 1, at = i; axis >= 0; axis--) {
                    int x = at % shape[axis];
                    at /= shape[axis];
                    low[axis] = Math.min(low[axis], x);
                    high[axis] = Math.max(high[axis], x + 1);
                }
            }
        }
        int[] box = new int[shape.length];
        for (int axis = 0; axis < box.length; axis++) {
            box[axis] = Math.max(0, high[axis] - low[axis]);
        }
        return new SurfaceGrid(shape, low, box);
    }

    /** How many points there are along each axis. */
    int[] corners() {
        int[] out = box.clone();
        for (int axis = 0; axis < out.length; axis++) {
            out[axis] = box[axis] == 0 ? 0 : box[axis] + 1;
        }
        return out;
    }

    /** Of each point which elements around it are inside, as {@link SurfaceElements} has it. */
    byte[] codes(byte[] mask) {
        int[] corners = corners();
        int axes = shape.length;
        int count = 1;
        for (int c : corners) {
            count *= c;
        }
        byte[] out = new byte[count];
        int around = 1 << axes;
        int[] at = new int[axes];
        for (int i = 0; i < count; i++) {
            for (int axis = axes - 1, rest = i; axis >= 0; axis--) {
                at[axis] = rest % corners[axis];
                rest /= corners[axis];
            }
            int code = 0;
            for (int k = 0; k < around; k++) {
                code |= inside(mask, at, k) << around - 1 - k;
            }
            out[i] = (byte) code;
        }
        return out;
    }

    /** Element k around a point: bit {@code axes − 1 − axis} of k says whether it is before the point or behind it. */
    private int inside(byte[] mask, int[] at, int k) {
        int index = 0;
        for (int axis = 0; axis < at.length; axis++) {
            int x = at[axis] - 1 + (k >> at.length - 1 - axis & 1);
            if (x < 0 || x >= box[axis]) {
                return 0;
            }
            index = index * shape[axis] + from[axis] + x;
        }
        return mask[index] == 0 ? 0 : 1;
    }

    /** Whether a code is of a point between inside and outside. */
    boolean isSurface(byte code) {
        return code != 0 && (code & 0xFF) != (1 << (1 << shape.length)) - 1;
    }

    /** 1 where a mask of these codes has no surface. */
    byte[] outside(byte[] codes) {
        byte[] out = new byte[codes.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = (byte) (isSurface(codes[i]) ? 0 : 1);
        }
        return out;
    }
}
