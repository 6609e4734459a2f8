package dev.kerf.backend.gpu.device;

import dev.kerf.backend.gpu.Driver;
import java.lang.foreign.MemorySegment;

/**
 * Host memory that uploads go through, part by part, in a ring: a place is used again when the copy from it has passed.
 * Allocates nothing once it is made. Used by one thread at a time.
 */
final class UploadRing implements AutoCloseable {
    /** Bytes of a part at most. */
    static final long PART = 1L << 20;

    private static final long BYTES = 4 * PART;
    private static final int MOST_PARTS = 64;
    private static final long ALIGNMENT = 64;

    private final Driver.Staging staging;
    private final Driver.Event[] copied = new Driver.Event[MOST_PARTS];
    private final long[] ends = new long[MOST_PARTS];
    // Bytes given out, and of these free again, since the beginning; likewise parts.
    private long given;
    private long free;
    private long sent;
    private long passed;

    UploadRing(Driver driver) {
        staging = driver.staging(BYTES);
        for (int i = 0; i < MOST_PARTS; i++) {
            copied[i] = driver.event();
        }
    }

    /** All of it. */
    MemorySegment memory() {
        return staging.memory();
    }

    /** Where a part of so many bytes may be written. Waits for copies before it only where the ring is full. */
    long reserve(long bytes) {
        long rest = BYTES - given % BYTES;
        given += rest < bytes ? rest : 0;
        while (passed < sent && (sent - passed == MOST_PARTS || given + bytes - free > BYTES)) {
            int oldest = (int) (passed++ % MOST_PARTS);
            copied[oldest].await();
            free = ends[oldest];
        }
        long at = given % BYTES;
        given += (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        return at;
    }

    /** The copy from what was reserved last is in the queue. */
    void sent(Driver.Queue queue) {
        int newest = (int) (sent++ % MOST_PARTS);
        queue.signal(copied[newest]);
        ends[newest] = given;
    }

    /** To be called when all copies have passed. */
    @Override
    public void close() {
        for (Driver.Event e : copied) {
            e.close();
        }
        staging.close();
    }
}
