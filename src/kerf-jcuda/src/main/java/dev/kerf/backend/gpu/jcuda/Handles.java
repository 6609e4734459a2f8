package dev.kerf.backend.gpu.jcuda;

import java.util.Arrays;
import java.util.BitSet;

/** JCuda's objects by number, from 1 on. Looking one up neither allocates nor waits. */
final class Handles {
    private final BitSet taken = new BitSet();
    private volatile Object[] objects = new Object[64];

    /** Gives an object a number. */
    synchronized int add(Object object) {
        int handle = taken.nextClearBit(1);
        if (handle == objects.length) {
            objects = Arrays.copyOf(objects, 2 * handle);
        }
        objects[handle] = object;
        taken.set(handle);
        return handle;
    }

    /** The object of a number. */
    @SuppressWarnings("unchecked") // the caller knows what it has put in
    <T> T at(long handle) {
        return (T) objects[(int) handle];
    }

    /** The same, and its number is free again. */
    synchronized <T> T remove(long handle) {
        T object = at(handle);
        objects[(int) handle] = null;
        taken.clear((int) handle);
        return object;
    }
}
