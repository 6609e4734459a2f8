package dev.kerf.backend.gpu.jcuda;

import dev.kerf.backend.Backend;
import dev.kerf.backend.Device;
import dev.kerf.backend.gpu.cuda.CudaBackend;
import dev.kerf.backend.gpu.cuda.CudaDriver;
import dev.kerf.backend.gpu.device.GpuDevice;
import java.util.List;

/**
 * All NVIDIA GPUs that JCuda shows. Needs {@code org.jcuda:jcuda} 12.6.0 and its natives on the class path or the
 * library path, and NVIDIA's driver. JCuda's exceptions are turned off when its library is started, for the whole
 * process: Kerf reads its statuses.
 *
 * <pre>{@code Device device = Backends.open("jcuda:0");}</pre>
 */
public final class JcudaBackend implements Backend {
    static final String NAME = "jcuda";

    /** The library is loaded only when devices are asked for. */
    public JcudaBackend() {}

    @Override
    public String name() {
        return NAME;
    }

    /** Below the other GPU back ends: taken when it is asked for. */
    @Override
    public int priority() {
        return 5;
    }

    @Override
    public List<Device.Info> devices() {
        return CudaDriver.devices(JcudaLibrary.open());
    }

    @Override
    public Device open(int ordinal) {
        return new GpuDevice(openDriver(ordinal));
    }

    /** The driver of a device, for tests and measurements below the graph. */
    public static CudaDriver openDriver(int ordinal) {
        return CudaDriver.open(JcudaLibrary.open(), ordinal, CudaBackend.images());
    }
}
