package dev.kerf.backend.gpu.cuda;

import dev.kerf.backend.Backend;
import dev.kerf.backend.Device;
import dev.kerf.backend.gpu.device.GpuDevice;
import dev.kerf.error.BackendUnavailableException;
import java.util.List;

/**
 * All NVIDIA GPUs that the driver shows. System properties:
 * <ul>
 *   <li>{@code kerf.cuda.library}: another file than {@code libcuda.so.1}; so does the environment's
 *       {@code KERF_CUDA_LIBRARY}</li>
 *   <li>{@code kerf.cuda.images}: the name of a {@link KernelImages} class with a constructor without arguments, to
 *       take kernels' code from in place of {@link KernelImages#standard()}</li>
 * </ul>
 *
 * <pre>{@code Device device = Backends.open("cuda:0");}</pre>
 */
public final class CudaBackend implements Backend {
    static final String NAME = "cuda";

    private static final String LIBRARY = "libcuda.so.1";

    /** The library is opened only when devices are asked for, once for each process and path. */
    public CudaBackend() {}

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public int priority() {
        return 20;
    }

    @Override
    public List<Device.Info> devices() {
        return CudaDriver.devices(library());
    }

    @Override
    public Device open(int ordinal) {
        return new GpuDevice(openDriver(ordinal));
    }

    /** The driver of a device, for tests and measurements below the graph. */
    public static CudaDriver openDriver(int ordinal) {
        return openDriver(ordinal, images());
    }

    /** The same with another source of kernels' code. */
    public static CudaDriver openDriver(int ordinal, KernelImages images) {
        return CudaDriver.open(library(), ordinal, images);
    }

    /**
     * Where kernels' code comes from: {@link KernelImages#standard()} unless {@code kerf.cuda.images} says otherwise.
     */
    public static KernelImages images() {
        String name = System.getProperty("kerf.cuda.images", "");
        if (name.isEmpty()) {
            return KernelImages.standard();
        }
        try {
            return Class.forName(name).asSubclass(KernelImages.class).getConstructor().newInstance();
        } catch (ReflectiveOperationException | ClassCastException e) {
            throw new BackendUnavailableException("cuda: kerf.cuda.images names " + name
                    + ", which is no public class of " + KernelImages.class.getName()
                    + " with a public constructor without arguments (" + e + ")", e);
        }
    }

    private static LibCuda library() {
        String path = System.getProperty(
                "kerf.cuda.library", System.getenv().getOrDefault("KERF_CUDA_LIBRARY", LIBRARY));
        try {
            return new LibCuda(path);
        } catch (IllegalArgumentException e) {
            throw new BackendUnavailableException("cuda: " + path + " not found or too old (" + e.getMessage()
                    + "); install NVIDIA's driver, 520.61 or newer, which brings it", e);
        }
    }
}
