package dev.kerf.backend.gpu.jcuda;

import jcuda.Pointer;
import jcuda.driver.CUdeviceptr;

/**
 * JCuda's pointer objects of the addresses that were used last, so that transfers from and to the same places make none. For
 * one thread at a time.
 */
final class Addresses {
    private static final int BITS = 6;
    private static final long MIX = 0x9E3779B97F4A7C15L;

    private final Host[] hosts = new Host[1 << BITS];
    private final Device[] devices = new Device[1 << BITS];

    /** Native host memory. */
    static final class Host extends Pointer {
        Host(long address) {
            super(address);
        }

        long address() {
            return getNativePointer();
        }
    }

    /** Device memory, whole or from an offset on. */
    static final class Device extends CUdeviceptr {
        /** To be filled in by an allocation. */
        Device() {}

        private Device(Device base, long offset) {
            super(base, offset);
        }

        long address() {
            return getNativePointer() + getByteOffset();
        }
    }

    /** A pointer to native host memory. */
    Pointer host(long address) {
        int slot = slot(address);
        Host h = hosts[slot];
        if (h == null || h.address() != address) {
            h = new Host(address);
            hosts[slot] = h;
        }
        return h;
    }

    /** A pointer into device memory. */
    CUdeviceptr device(Device base, long offset) {
        long address = base.address() + offset;
        int slot = slot(address);
        Device d = devices[slot];
        if (d == null || d.address() != address) {
            d = new Device(base, offset);
            devices[slot] = d;
        }
        return d;
    }

    private static int slot(long address) {
        return (int) (address * MIX >>> Long.SIZE - BITS);
    }
}
