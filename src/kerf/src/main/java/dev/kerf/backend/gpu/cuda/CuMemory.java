package dev.kerf.backend.gpu.cuda;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.NativeObject;
import dev.kerf.error.DeviceException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Device memory from a pool of the driver's own, which keeps what is freed until the driver is closed; where there are
 * no pools, from the device itself. Freed memory goes back in the order of streams: after all work that was put into
 * any queue before, without waiting for it.
 */
final class CuMemory {
    private static final int PINNED = 1;
    private static final int ON_DEVICE = 1;
    private static final int RELEASE_THRESHOLD = 4;
    private static final int PORTABLE = 1;

    /** {@code CUmemPoolProps}: type, handle types, location's type and id, two words, 56 bytes reserved. */
    static final long POOL_PROPERTIES_BYTES = 88;

    static final long POOL_TYPE = 0;
    static final long POOL_LOCATION_TYPE = 8;
    static final long POOL_LOCATION_ID = 12;

    private final CuContext context;
    private final Set<Long> streams = new HashSet<>();
    private final AtomicLong allocated = new AtomicLong();
    private long pool;
    private long stream;
    private long event;

    CuMemory(CuContext context) {
        this.context = context;
        if (context.device().pools()) {
            try {
                open();
            } catch (DeviceException e) {
                close();
                throw e;
            }
        }
    }

    private void open() {
        CudaApi cuda = context.cuda;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment cell = arena.allocate(ValueLayout.JAVA_LONG);
            MemorySegment properties = arena.allocate(POOL_PROPERTIES_BYTES, 8);
            properties.set(ValueLayout.JAVA_INT, POOL_TYPE, PINNED);
            properties.set(ValueLayout.JAVA_INT, POOL_LOCATION_TYPE, ON_DEVICE);
            properties.set(ValueLayout.JAVA_INT, POOL_LOCATION_ID, context.device().handle());
            context.call("cuMemPoolCreate", "", () -> cuda.cuMemPoolCreate(cell.address(), properties.address()));
            pool = cell.get(ValueLayout.JAVA_LONG, 0);
            cell.set(ValueLayout.JAVA_LONG, 0, -1L);
            context.call("cuMemPoolSetAttribute", "",
                    () -> cuda.cuMemPoolSetAttribute(pool, RELEASE_THRESHOLD, cell.address()));
            context.call("cuStreamCreate", "", () -> cuda.cuStreamCreate(cell.address(), CuQueue.NON_BLOCKING));
            stream = cell.get(ValueLayout.JAVA_LONG, 0);
            context.call("cuEventCreate", "", () -> cuda.cuEventCreate(cell.address(), CuEvent.DISABLE_TIMING));
            event = cell.get(ValueLayout.JAVA_LONG, 0);
        }
    }

    /** Device memory. */
    synchronized CuBuffer allocate(long bytes) {
        if (bytes < 1) {
            throw new IllegalArgumentException("a buffer of " + bytes + " bytes");
        }
        CudaApi cuda = context.cuda;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment cell = arena.allocate(ValueLayout.JAVA_LONG);
            String of = "of " + Driver.Buffer.size(bytes);
            if (pool == 0) {
                context.call("cuMemAlloc", of, () -> cuda.cuMemAlloc(cell.address(), bytes));
            } else {
                context.call("cuMemAllocFromPoolAsync", of,
                        () -> cuda.cuMemAllocFromPoolAsync(cell.address(), bytes, pool, stream));
                try {
                    // From here on it may be used in any stream.
                    context.call("cuStreamSynchronize", "", () -> cuda.cuStreamSynchronize(stream));
                } catch (DeviceException e) {
                    context.free("cuMemFreeAsync",
                            () -> cuda.cuMemFreeAsync(cell.get(ValueLayout.JAVA_LONG, 0), stream));
                    throw e;
                }
            }
            return new CuBuffer(cell.get(ValueLayout.JAVA_LONG, 0), bytes);
        }
    }

    /** Device memory. */
    final class CuBuffer extends NativeObject implements Driver.Buffer {
        private final long bytes;

        private CuBuffer(long address, long bytes) {
            super("buffer of " + Driver.Buffer.size(bytes), address, context.open());
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
                        + Driver.Buffer.size(bytes));
            }
            return handle() + offset;
        }

        @Override
        protected void free(long address) {
            allocated.addAndGet(-bytes);
            release(address);
        }
    }

    private synchronized void release(long address) {
        CudaApi cuda = context.cuda;
        if (pool == 0) {
            context.free("cuMemFree", () -> cuda.cuMemFree(address));
            return;
        }
        for (long s : streams) {
            context.free("cuEventRecord", () -> cuda.cuEventRecord(event, s));
            context.free("cuStreamWaitEvent", () -> cuda.cuStreamWaitEvent(stream, event, 0));
        }
        context.free("cuMemFreeAsync", () -> cuda.cuMemFreeAsync(address, stream));
    }

    /** From now on memory is freed after the work of this stream. */
    synchronized void opened(long user) {
        streams.add(user);
    }

    /** The stream is empty and about to be closed. */
    synchronized void closing(long user) {
        streams.remove(user);
    }

    /** Host memory that no page of is moved. */
    @SuppressWarnings("restricted") // the driver allocated this many bytes
    Driver.Staging staging(long bytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment cell = arena.allocate(ValueLayout.JAVA_LONG);
            context.call("cuMemHostAlloc", "of " + Driver.Buffer.size(bytes),
                    () -> context.cuda.cuMemHostAlloc(cell.address(), bytes, PORTABLE));
            long address = cell.get(ValueLayout.JAVA_LONG, 0);
            return new CuStaging(address, MemorySegment.ofAddress(address).reinterpret(bytes));
        }
    }

    private final class CuStaging extends NativeObject implements Driver.Staging {
        private final MemorySegment memory;

        private CuStaging(long address, MemorySegment memory) {
            super("staging memory", address, context.open());
            this.memory = memory;
        }

        @Override
        public MemorySegment memory() {
            handle();
            return memory;
        }

        @Override
        protected void free(long address) {
            context.free("cuMemFreeHost", () -> context.cuda.cuMemFreeHost(address));
        }
    }

    /** Bytes of buffers that aren't closed. */
    long allocatedBytes() {
        return allocated.get();
    }

    /** Gives the pool back; all buffers are closed. */
    void close() {
        CudaApi cuda = context.cuda;
        List<Runnable> steps = new ArrayList<>();
        if (event != 0) {
            steps.add(() -> context.free("cuEventDestroy", () -> cuda.cuEventDestroy(event)));
        }
        if (stream != 0) {
            steps.add(() -> context.free("cuStreamSynchronize", () -> cuda.cuStreamSynchronize(stream)));
            steps.add(() -> context.free("cuStreamDestroy", () -> cuda.cuStreamDestroy(stream)));
        }
        if (pool != 0) {
            steps.add(() -> context.free("cuMemPoolDestroy", () -> cuda.cuMemPoolDestroy(pool)));
        }
        CuContext.allOf(steps);
    }
}
