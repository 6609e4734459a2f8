package dev.kerf.backend.gpu.jcuda;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.cuda.CuStatus;
import java.util.concurrent.atomic.AtomicLong;
import jcuda.driver.JCudaDriver;

/** Device memory. */
final class JcBuffer extends JcObject implements Driver.Buffer {
    private final Addresses.Device start;
    private final long bytes;
    private final AtomicLong allocated;

    private JcBuffer(JcContext context, Addresses.Device start, long bytes, AtomicLong allocated) {
        super(context, "buffer of " + JcContext.size(bytes));
        this.start = start;
        this.bytes = bytes;
        this.allocated = allocated;
        allocated.addAndGet(bytes);
    }

    /** The context is current. */
    static JcBuffer of(JcContext context, long bytes, AtomicLong allocated) {
        if (bytes < 1) {
            throw new IllegalArgumentException("a buffer of " + bytes + " bytes");
        }
        Addresses.Device start = new Addresses.Device();
        int status = JCudaDriver.cuMemAlloc(start, bytes);
        if (status != CuStatus.SUCCESS) {
            throw context.error(status, "cuMemAlloc", "of " + JcContext.size(bytes));
        }
        return new JcBuffer(context, start, bytes, allocated);
    }

    @Override
    public long bytes() {
        return bytes;
    }

    /** Its first byte. */
    Addresses.Device start() {
        checkOpen();
        return start;
    }

    /** Its first byte, after a check of a range. */
    Addresses.Device start(long offset, long length) {
        if (offset < 0 || length < 0 || offset > bytes - length) {
            throw context.error(CuStatus.INVALID_VALUE, "a transfer", "of bytes " + offset + " to " + (offset + length)
                    + " of a buffer of " + JcContext.size(bytes));
        }
        return start();
    }

    @Override
    void free() {
        allocated.addAndGet(-bytes);
        context.checkFree(JCudaDriver.cuMemFree(start), "cuMemFree");
    }
}
