package dev.kerf.backend.gpu.opencl;

import dev.kerf.backend.Backend;
import dev.kerf.backend.Device;
import dev.kerf.backend.gpu.device.GpuDevice;
import dev.kerf.error.BackendUnavailableException;
import java.util.List;

/**
 * OpenCL on any vendor's device. Its {@link #priority} is above the CPU's for the sake of GPUs; who picks a default should
 * pass over devices of {@link Device.Info.Kind#CPU}, where the {@code cpu} back end is faster.
 *
 * <pre>{@code Device device = Backends.open("opencl:0");}</pre>
 */
public final class OpenClBackend implements Backend {
    static final String NAME = "opencl";

    private static final String LIBRARY = "libOpenCL.so.1";

    /** The library is opened only when devices are asked for, once for each process and path. */
    public OpenClBackend() {}

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public int priority() {
        return 10;
    }

    @Override
    public List<Device.Info> devices() {
        return ClDevices.all(library()).stream().map(f -> f.facts().info()).toList();
    }

    @Override
    public Device open(int ordinal) {
        return new GpuDevice(openDriver(ordinal));
    }

    /** The driver of a device, for tests and measurements below the graph. */
    public static OpenClDriver openDriver(int ordinal) {
        LibOpenCl cl = library();
        List<ClDevices.Found> found = ClDevices.all(cl);
        if (ordinal < 0 || ordinal >= found.size()) {
            throw new BackendUnavailableException("opencl: there is no device " + ordinal + ", only "
                    + found.stream().map(f -> f.facts().info().id() + " " + f.facts().info().name()).toList());
        }
        return new OpenClDriver(cl, found.get(ordinal));
    }

    private static LibOpenCl library() {
        String path = System.getProperty("kerf.opencl.library",
                System.getenv().getOrDefault("KERF_OPENCL_LIBRARY", LIBRARY));
        try {
            return new LibOpenCl(path);
        } catch (IllegalArgumentException e) {
            throw new BackendUnavailableException("opencl: " + path + " not found (" + e.getMessage()
                    + "); install an OpenCL loader and your GPU vendor's driver (Debian: ocl-icd-libopencl1 and, to run on "
                    + "the CPU, pocl-opencl-icd)", e);
        }
    }
}
