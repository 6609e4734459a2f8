package dev.kerf.backend.gpu.jcuda;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.cuda.CuStatus;
import java.lang.foreign.MemorySegment;
import jcuda.driver.JCudaDriver;

/** Host memory that no page of is moved. */
final class JcStaging extends JcObject implements Driver.Staging {
    private static final int PORTABLE = 1;

    private final Addresses.Host start;
    private final MemorySegment memory;

    private JcStaging(JcContext context, Addresses.Host start, MemorySegment memory) {
        super(context, "staging memory");
        this.start = start;
        this.memory = memory;
    }

    /** The context is current. */
    @SuppressWarnings("restricted") // the driver allocated this many bytes
    static JcStaging of(JcContext context, long bytes) {
        Addresses.Host start = new Addresses.Host(0);
        int status = JCudaDriver.cuMemHostAlloc(start, bytes, PORTABLE);
        if (status != CuStatus.SUCCESS) {
            throw context.error(status, "cuMemHostAlloc", "of " + JcContext.size(bytes));
        }
        return new JcStaging(context, start, MemorySegment.ofAddress(start.address()).reinterpret(bytes));
    }

    @Override
    public MemorySegment memory() {
        checkOpen();
        return memory;
    }

    @Override
    void free() {
        context.checkFree(JCudaDriver.cuMemFreeHost(start), "cuMemFreeHost");
    }
}
