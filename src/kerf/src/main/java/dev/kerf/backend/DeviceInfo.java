package dev.kerf.backend;

import dev.kerf.error.UnsupportedOpException;
import java.util.List;

/**
 * What is known of a device before it is used.
 *
 * @param backend            name of its back end
 * @param ordinal            its position there, from 0
 * @param kind               what sort of processor it is
 * @param name               as its driver names it
 * @param vendor             as its driver names it
 * @param driver             name and version of the driver or library
 * @param memoryBytes        memory that it can address
 * @param maxAllocationBytes largest single allocation
 * @param computeUnits       cores, multiprocessors or compute units
 * @param precisions         what {@link CompileOptions#precision} may be
 */
public record DeviceInfo(
        String backend, int ordinal, Kind kind, String name, String vendor, String driver, long memoryBytes,
        long maxAllocationBytes, int computeUnits, List<Precision> precisions) {
    /** Sorts of processors. */
    public enum Kind {
        /** A CPU, also behind OpenCL. */
        CPU,
        /** A GPU. */
        GPU,
        /** Anything else. */
        ACCELERATOR
    }

    /** Copies the list. */
    public DeviceInfo {
        precisions = List.copyOf(precisions);
    }

    /**
     * Checks that a precision is among {@link #precisions}.
     *
     * @throws UnsupportedOpException if it isn't, naming it and those that there are
     */
    public void require(Precision precision) {
        if (!precisions.contains(precision)) {
            throw new UnsupportedOpException(id() + " has no precision " + precision + ", only " + precisions);
        }
    }

    /** What {@link Backends#open(String)} takes for this device, such as {@code opencl:0}. */
    public String id() {
        return backend + ":" + ordinal;
    }
}
