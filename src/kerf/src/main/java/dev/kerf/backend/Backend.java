package dev.kerf.backend;

import dev.kerf.error.BackendUnavailableException;
import java.util.List;

/**
 * A way to run graphs: the CPU, OpenCL, CUDA …. Found by {@link java.util.ServiceLoader}; back ends don't know each other.
 * Making one must be cheap and must not touch native libraries; {@link #devices} does.
 */
public interface Backend {
    /** The name that users give, in lower case, such as {@code cpu}. */
    String name();

    /**
     * Preference when the user names none; the largest that has a device is taken. The CPU's is 0; what is negative is
     * taken only by name.
     */
    int priority();

    /**
     * The devices that it finds, in a stable order.
     *
     * @throws BackendUnavailableException if it can't start here, saying why and what to install
     */
    List<Device.Info> devices();

    /**
     * Opens a device.
     *
     * @param ordinal position in {@link #devices()}
     * @throws BackendUnavailableException if it can't start here, or there is no such device
     */
    Device open(int ordinal);

    /**
     * The same, with options that a back end other than the CPU's has no use for and leaves aside.
     *
     * @param ordinal position in {@link #devices()}
     * @param options threads
     * @throws BackendUnavailableException if it can't start here, or there is no such device
     */
    default Device open(int ordinal, CpuOptions options) {
        return open(ordinal);
    }
}
