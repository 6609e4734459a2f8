package dev.kerf.backend.gpu.jcuda;

import java.util.concurrent.atomic.AtomicReferenceArray;
import jcuda.Pointer;
import jcuda.driver.CUdeviceptr;

/**
 * JCuda's pointer objects of the addresses that were used last, so that transfers from and to the same places make
 * none. Any thread may ask.
 */
final class Addresses {
    private static final int BITS = 10;
    private static final long MIX = 0x9E3779B97F4A7C15L;

    private final AtomicReferenceArray<Host> hosts = new AtomicReferenceArray<>(1 << BITS);
    private final AtomicReferenceArray<Device> devices = new AtomicReferenceArray<>(1 << BITS);

    /** Native host memory. */
    static final class Host extends Pointer {
        /** 0 to be filled in by an allocation. */
        Host(long address) {
            super(address);
        }

        long address() {
            return getNativePointer();
        }
    }

    /** Device memory. */
    static final class Device extends CUdeviceptr {
        private static final CUdeviceptr NULL = new CUdeviceptr();

        /** To be filled in by an allocation. */
        Device() {}

        private Device(long address) {
            super(NULL, address);
        }

        long address() {
            return getNativePointer() + getByteOffset();
        }
    }

    /** A pointer to native host memory. */
    Pointer host(long address) {
        int slot = slot(address);
        Host h = hosts.get(slot);
        if (h == null || h.address() != address) {
            h = new Host(address);
            hosts.set(slot, h);
        }
        return h;
    }

    /** A pointer into device memory. */
    CUdeviceptr device(long address) {
        int slot = slot(address);
        Device d = devices.get(slot);
        if (d == null || d.address() != address) {
            d = new Device(address);
            devices.set(slot, d);
        }
        return d;
    }

    private static int slot(long address) {
        return (int) (address * MIX >>> Long.SIZE - BITS);
    }
}
