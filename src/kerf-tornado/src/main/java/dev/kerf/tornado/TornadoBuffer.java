package dev.kerf.tornado;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.NativeObject;
import dev.kerf.error.DeviceException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * Host memory that TornadoVM copies to the device. Each plan has a device copy of its own; the newest is that of the
 * plan which wrote last, or the host's. All but its size belongs to the worker.
 */
final class TornadoBuffer extends NativeObject implements Driver.Buffer {
    private static final long HEADER = TornadoNativeArray.ARRAY_HEADER;
    private static final long ALIGNMENT = 64;

    private final long bytes;
    private final Element element;
    private final AtomicLong allocated;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment data;
    private final TornadoNativeArray array;
    private TornadoPlan owner;
    private boolean onHost = true;
    private long version;
    private DeviceException lost;
    private boolean changes;
    private boolean freed;

    /** Counts itself in {@code allocated} as long as it is open. */
    TornadoBuffer(long bytes, Element element, Set<NativeObject> open, AtomicLong allocated) {
        super("buffer of " + bytes + " bytes", 0, open);
        this.bytes = bytes;
        this.element = element;
        this.allocated = allocated;
        long size = Math.ceilDiv(bytes, element.bytes()) * element.bytes();
        try {
            MemorySegment memory = arena.allocate(HEADER + size, ALIGNMENT);
            data = memory.asSlice(HEADER);
            array = element.array(memory);
        } catch (OutOfMemoryError e) {
            allocated.addAndGet(bytes);
            close();
            throw e;
        }
        allocated.addAndGet(bytes);
    }

    @Override
    public long bytes() {
        return bytes;
    }

    /** What it holds. */
    Element element() {
        return element;
    }

    /** As TornadoVM takes it. */
    TornadoNativeArray array() {
        return array;
    }

    /** Goes up with each change of its contents. */
    long version() {
        return version;
    }

    /** Whether it ever had contents. */
    boolean written() {
        return version > 0;
    }

    /** Whether its contents change between the runs of a plan. */
    boolean changes() {
        return changes;
    }

    /** Notes that they do. */
    void changing() {
        changes = true;
    }

    /** Whether the worker has passed its end. */
    boolean freed() {
        return freed;
    }

    /** Checks a range. */
    void check(long offset, long length) {
        checkOpen();
        if (offset < 0 || length < 0 || offset > bytes - length) {
            throw new DeviceException("transfer", 0, "OUT_OF_RANGE", "of bytes " + offset + " to " + (offset + length)
                    + " of a buffer of " + bytes, "the range must lie within the buffer", false);
        }
    }

    /** Its newest contents, to be read; throws if they were lost. */
    MemorySegment read() {
        if (lost != null) {
            throw lost;
        }
        if (!onHost) {
            owner.pull(array);
            onHost = true;
        }
        return data;
    }

    /** Its memory, to be written to from some byte on. */
    MemorySegment write(long offset, long length) {
        if (offset > 0 || length < bytes) {
            read();
        }
        disown();
        onHost = true;
        lost = null;
        version++;
        return data;
    }

    /** A plan's run wrote to its device copy, which is the newest now. Returns the version. */
    long writtenBy(TornadoPlan plan) {
        if (owner != plan) {
            disown();
            owner = plan;
            plan.owns(1);
        }
        onHost = false;
        lost = null;
        return ++version;
    }

    /** A run that would have written to it failed. */
    void lose(DeviceException error) {
        disown();
        onHost = true;
        lost = error;
        version++;
    }

    private void disown() {
        if (owner != null) {
            TornadoPlan last = owner;
            owner = null;
            last.owns(-1);
        }
    }

    @Override
    protected void free(long none) {
        allocated.addAndGet(-bytes);
        Worker.give(() -> {
            disown();
            freed = true;
            arena.close();
        });
    }
}
