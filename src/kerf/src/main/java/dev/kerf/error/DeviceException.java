package dev.kerf.error;

/**
 * A native call failed: what was called, its status by name and number, the kernel if any, the device, and what the user
 * can do.
 *
 * <pre>{@code CL_MEM_OBJECT_ALLOCATION_FAILURE (-4) in clCreateBuffer of 1.2 GiB on <device>: lower the memory limit …}</pre>
 */
public final class DeviceException extends KerfException {
    private static final long serialVersionUID = 1L;

    private final String call;
    private final int status;
    private final String statusName;
    private final boolean outOfMemory;

    /**
     * One call that failed.
     *
     * @param call        the native function, such as {@code clEnqueueNDRangeKernel}
     * @param status      its status number
     * @param statusName  the status by name, such as {@code CL_OUT_OF_RESOURCES}
     * @param where       kernel, size and device, in words
     * @param advice      what the user can do
     * @param outOfMemory whether the device ran out of memory
     */
    public DeviceException(
            String call, int status, String statusName, String where, String advice, boolean outOfMemory) {
        super(statusName + " (" + status + ") in " + call + " " + where + ": " + advice);
        this.call = call;
        this.status = status;
        this.statusName = statusName;
        this.outOfMemory = outOfMemory;
    }

    /** The native function that failed. */
    public String call() {
        return call;
    }

    /** Its status number. */
    public int status() {
        return status;
    }

    /** Its status by name, such as {@code CL_OUT_OF_RESOURCES}. */
    public String statusName() {
        return statusName;
    }

    /** Whether the device ran out of memory. */
    public boolean outOfMemory() {
        return outOfMemory;
    }
}
