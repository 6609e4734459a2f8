package dev.kerf.tornado.kernel;

import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * How elementwise kernels and copies walk over tensors: axis 0 of a batched walk is the second axis of the launch, the
 * others are {@code rank} (1 to 5) extents, the last one fastest, with a stride for each operand. Extents and strides
 * lie in the scalars, five of each.
 */
public final class Strides {
    private Strides() {
    }

    /**
     * Where element i of a walk lies in an operand, without its batch.
     *
     * @param s       scalars
     * @param rank    extents in use
     * @param extents where the extents begin in s
     * @param strides where the operand's strides begin in s
     */
    public static int offset(IntArray s, int rank, int extents, int strides, int i) {
        int rest = i;
        int at = 0;
        if (rank > 4) {
            int d = s.get(extents + 4);
            at += rest % d * s.get(strides + 4);
            rest /= d;
        }
        if (rank > 3) {
            int d = s.get(extents + 3);
            at += rest % d * s.get(strides + 3);
            rest /= d;
        }
        if (rank > 2) {
            int d = s.get(extents + 2);
            at += rest % d * s.get(strides + 2);
            rest /= d;
        }
        if (rank > 1) {
            int d = s.get(extents + 1);
            at += rest % d * s.get(strides + 1);
            rest /= d;
        }
        return at + rest * s.get(strides);
    }
}
