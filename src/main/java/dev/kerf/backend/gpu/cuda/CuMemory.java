package dev.kerf.backend.gpu.cuda;

import dev.kerf.backend.gpu.Driver;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Device memory from a pool of the driver's own, which keeps what is freed until the driver is closed; where there are no
 * pools, from the device itself. Freed memory goes back in the order of streams: after all work that was put into any queue
 * before, without waiting for it.
 */
final class CuMemory {
    private static final int PINNED = 1;
    private static final int ON_DEVICE = 1;
    private static final int RELEASE_THRESHOLD = 4;
    private static final int PORTABLE = 1;
    private static final int NON_BLOCKING = 1;
    private static final int DISABLE_TIMING = 2;

    /** {@code CUmemPoolProps}: type, handle types, location's type and id, two words, 56 bytes reserved. */
    static final long POOL_PROPERTIES_BYTES = 88;

    static final long POOL_TYPE = 0;
    static final long POOL_LOCATION_TYPE = 8;
    static final long POOL_LOCATION_ID = 12;

    private final CuContext context;
    private final Set<Long> streams = new HashSet<>();
    private final AtomicLong allocated = new AtomicLong();
    private final long pool;
    private final long stream;
    private final long event;

    /** The context is current. */
    CuMemory(CuContext context) {
        this.context = context;
        LibCuda cuda = context.cuda;
        if (!context.device().pools()) {
            pool = 0;
            stream = 0;
            event = 0;
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment cell = arena.allocate(ValueLayout.JAVA_LONG);
            MemorySegment properties = arena.allocate(POOL_PROPERTIES_BYTES, 8);
            properties.set(ValueLayout.JAVA_INT, POOL_TYPE, PINNED);
            properties.set(ValueLayout.JAVA_INT, POOL_LOCATION_TYPE, ON_DEVICE);
            properties.set(ValueLayout.JAVA_INT, POOL_LOCATION_ID, context.device().handle());
            context.check(cuda.cuMemPoolCreate(cell.address(), properties.address()), "cuMemPoolCreate", "");
            pool = cell.get(ValueLayout.JAVA_LONG, 0);
            cell.set(ValueLayout.JAVA_LONG, 0, -1L);
            context.check(cuda.cuMemPoolSetAttribute(pool, RELEASE_THRESHOLD, cell.address()), "cuMemPoolSetAttribute", "");
            context.check(cuda.cuStreamCreate(cell.address(), NON_BLOCKING), "cuStreamCreate", "");
            stream = cell.get(ValueLayout.JAVA_LONG, 0);
            context.check(cuda.cuEventCreate(cell.address(), DISABLE_TIMING), "cuEventCreate", "");
            event = cell.get(ValueLayout.JAVA_LONG, 0);
        }
    }

    /** Device memory; the context is current. */
    synchronized CuBuffer allocate(long bytes) {
        if (bytes < 1) {
            throw new IllegalArgumentException("a buffer of " + bytes + " bytes");
        }
        LibCuda cuda = context.cuda;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment cell = arena.allocate(ValueLayout.JAVA_LONG);
            if (pool == 0) {
                int status = cuda.cuMemAlloc(cell.address(), bytes);
                context.check(status, "cuMemAlloc", "of " + CuContext.size(bytes));
            } else {
                int status = cuda.cuMemAllocFromPoolAsync(cell.address(), bytes, pool, stream);
                context.check(status, "cuMemAllocFromPoolAsync", "of " + CuContext.size(bytes));
                // From here on it may be used in any stream.
                context.check(cuda.cuStreamSynchronize(stream), "cuStreamSynchronize", "");
            }
            return new CuBuffer(cell.get(ValueLayout.JAVA_LONG, 0), bytes);
        }
    }

    /** Device memory. */
    final class CuBuffer extends CuObject implements Driver.Buffer {
        private final long bytes;

        private CuBuffer(long address, long bytes) {
            super(CuMemory.this.context, "buffer of " + CuContext.size(bytes), address);
            this.bytes = bytes;
            allocated.addAndGet(bytes);
        }

        @Override
        public long bytes() {
            return bytes;
        }

        /** The address of a range. */
        long range(long offset, long length) {
            if (offset < 0 || length < 0 || offset > bytes - length) {
                throw new IllegalArgumentException("bytes " + offset + " to " + (offset + length) + " of a buffer of "
                        + CuContext.size(bytes));
            }
            return handle() + offset;
        }

        @Override
        void free(long address) {
            allocated.addAndGet(-bytes);
            release(address);
        }
    }

    private synchronized void release(long address) {
        LibCuda cuda = context.cuda;
        if (pool == 0) {
            context.checkFree(cuda.cuMemFree(address), "cuMemFree");
            return;
        }
        for (long s : streams) {
            context.checkFree(cuda.cuEventRecord(event, s), "cuEventRecord");
            context.checkFree(cuda.cuStreamWaitEvent(stream, event, 0), "cuStreamWaitEvent");
        }
        context.checkFree(cuda.cuMemFreeAsync(address, stream), "cuMemFreeAsync");
    }

    /** From now on memory is freed after the work of this stream. */
    synchronized void opened(long user) {
        streams.add(user);
    }

    /** The stream is empty and about to be closed. */
    synchronized void closing(long user) {
        streams.remove(user);
    }

    /** Host memory that no page of is moved; the context is current. */
    @SuppressWarnings("restricted") // the driver allocated this many bytes
    Driver.Staging staging(long bytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment cell = arena.allocate(ValueLayout.JAVA_LONG);
            context.check(context.cuda.cuMemHostAlloc(cell.address(), bytes, PORTABLE), "cuMemHostAlloc",
                    "of " + CuContext.size(bytes));
            long address = cell.get(ValueLayout.JAVA_LONG, 0);
            return new CuStaging(address, MemorySegment.ofAddress(address).reinterpret(bytes));
        }
    }

    private final class CuStaging extends CuObject implements Driver.Staging {
        private final MemorySegment memory;

        private CuStaging(long address, MemorySegment memory) {
            super(CuMemory.this.context, "staging memory", address);
            this.memory = memory;
        }

        @Override
        public MemorySegment memory() {
            handle();
            return memory;
        }

        @Override
        void free(long address) {
            context.checkFree(context.cuda.cuMemFreeHost(address), "cuMemFreeHost");
        }
    }

    /** Bytes of buffers that aren't closed. */
    long allocatedBytes() {
        return allocated.get();
    }

    /** Gives the pool back; all buffers are closed and the context is current. */
    void close() {
        if (pool != 0) {
            LibCuda cuda = context.cuda;
            context.checkFree(cuda.cuStreamSynchronize(stream), "cuStreamSynchronize");
            context.checkFree(cuda.cuEventDestroy(event), "cuEventDestroy");
            context.checkFree(cuda.cuStreamDestroy(stream), "cuStreamDestroy");
            context.checkFree(cuda.cuMemPoolDestroy(pool), "cuMemPoolDestroy");
        }
    }
}
