package dev.kerf.backend.gpu;

import java.util.Arrays;

/**
 * Work-items of a launch, and those of one of its groups.
 *
 * @param global along each axis
 * @param local  likewise
 */
public record Geometry(long[] global, long[] local) {
    /** Copies both. */
    public Geometry {
        global = global.clone();
        local = local.clone();
    }

    /**
     * Whether it has 1 to 3 axes, groups that divide the work-items and are no larger than {@code mostItems}, and no
     * more groups along an axis than {@code mostGroups}, where that is told.
     */
    public boolean fits(long mostItems, long... mostGroups) {
        if (global.length < 1 || global.length > 3 || global.length != local.length) {
            return false;
        }
        long items = 1;
        for (int i = 0; i < global.length; i++) {
            if (local[i] < 1 || global[i] < 1 || global[i] % local[i] != 0
                    || mostGroups.length > 0 && global[i] / local[i] > mostGroups[i]) {
                return false;
            }
            items *= local[i];
        }
        return items <= mostItems;
    }

    /** Groups along an axis; 1 beyond the last. */
    public int groups(int axis) {
        return axis < global.length ? (int) (global[axis] / local[axis]) : 1;
    }

    /** Work-items of a group along an axis; 1 beyond the last. */
    public int items(int axis) {
        return axis < local.length ? (int) local[axis] : 1;
    }

    @Override
    public String toString() {
        return Arrays.toString(global) + " work-items in groups of " + Arrays.toString(local);
    }
}
