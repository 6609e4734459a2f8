package dev.kerf.check.ptx.machine;

import dev.kerf.error.DeviceException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;

/**
 * Global memory. An address is the number of an allocation in its upper half and a place in it in its lower half, so that what lies
 * beyond an allocation is in no other one, and an address whose allocation was freed stays wrong for long.
 */
public final class DeviceMemory {
    static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    public static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    public static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    static final VarHandle FLOAT = MethodHandles.byteArrayViewVarHandle(float[].class, ByteOrder.LITTLE_ENDIAN);

    /** The largest allocation. */
    public static final long LARGEST = Integer.MAX_VALUE - 64;

    /** How many numbers rest before the one that was freed first is used again. */
    private static final int REST = 1 << 14;

    /** An allocation: its bytes, and for each whether it was written: 1; that only where it is asked for. */
    public static final class Allocation {
        public final long address;
        public final int size;
        public final byte[] bytes;
        final byte[] written;

        private Allocation(long address, int size, boolean strict, byte blank) {
            this.address = address;
            this.size = size;
            bytes = new byte[size + 16]; // lanes that don't take part look at the first bytes
            if (blank != 0) {
                Arrays.fill(bytes, blank);
            }
            written = new byte[strict ? size + 16 : 0];
        }

        /** Notes that a range is as written as another one. */
        public void copyMarks(long to, Allocation from, long source, long length) {
            if (written.length > 0) {
                System.arraycopy(from.written, (int) source, written, (int) to, (int) length);
            }
        }

        /** Notes that a range was written. */
        public void fill(long from, long length) {
            if (written.length > 0) {
                Arrays.fill(written, (int) from, (int) (from + length), (byte) 1);
            }
        }
    }

    private final boolean strict;
    private final byte blank;
    private volatile Allocation[] all = new Allocation[1024];
    private final Deque<Integer> freed = new ArrayDeque<>();
    private int next = 1; // Address 0 is nobody's.
    private long taken;

    /** {@code strict}: whether it keeps track of what was written; {@code blank}: what is read where nobody has. */
    public DeviceMemory(boolean strict, byte blank) {
        this.strict = strict;
        this.blank = blank;
    }

    /**
     * Memory that nobody has written.
     *
     * @throws DeviceException if the Java heap has no room for it
     */
    public synchronized Allocation allocate(long size) {
        int number = freed.size() > REST ? freed.removeFirst() : next++;
        try {
            if (size > LARGEST) {
                throw new OutOfMemoryError("an array of " + size + " bytes");
            }
            Allocation made = new Allocation((long) number << 32, (int) size, strict, blank);
            if (number >= all.length) {
                all = Arrays.copyOf(all, all.length * 2);
            }
            all[number] = made;
            taken += size;
            return made;
        } catch (OutOfMemoryError e) {
            throw new DeviceException("allocate", 2, "OUT_OF_MEMORY", "of " + size + " bytes by the PTX interpreter",
                    "it keeps device memory on the Java heap, and " + taken + " bytes are taken (" + e.getMessage()
                            + "); give it more by -Xmx",
                    true);
        }
    }

    public synchronized void free(Allocation a) {
        int number = (int) (a.address >>> 32);
        if (all[number] == a) {
            all[number] = null;
            freed.addLast(number);
            taken -= a.size;
        }
    }

    public synchronized long allocatedBytes() {
        return taken;
    }

    /** The allocation that an address lies in or just behind; null if there is none. */
    public Allocation at(long address) {
        int number = (int) (address >>> 32);
        Allocation[] a = all;
        return number > 0 && number < a.length ? a[number] : null;
    }
}
