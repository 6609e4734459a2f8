package dev.kerf.backend.gpu.cuda;

import dev.kerf.backend.Device;
import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.kernel.Dialect;
import dev.kerf.error.BackendUnavailableException;
import dev.kerf.error.DeviceException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Starts the library and finds its devices, in the library's order. */
final class CudaDevices {
    static final int MAX_GRID_DIM_X = 5;
    static final int MAX_GRID_DIM_Y = 6;
    static final int MAX_GRID_DIM_Z = 7;
    static final int MAX_THREADS_PER_BLOCK = 1;
    static final int MAX_SHARED_MEMORY_PER_BLOCK = 8;
    static final int MULTIPROCESSOR_COUNT = 16;
    static final int INTEGRATED = 18;
    static final int COMPUTE_CAPABILITY_MAJOR = 75;
    static final int COMPUTE_CAPABILITY_MINOR = 76;
    static final int MAX_SHARED_MEMORY_PER_BLOCK_OPTIN = 97;
    static final int MEMORY_POOLS_SUPPORTED = 115;

    private static final int ALIGNMENT = 256;
    private static final int NAME_BYTES = 256;
    private static final Path KERNEL_MODULE = Path.of("/proc/driver/nvidia/version");
    private static final Pattern VERSION = Pattern.compile("\\b\\d{3,}\\.\\d+(\\.\\d+)?\\b");

    private CudaDevices() {}

    /**
     * A device.
     *
     * @param handle      {@code CUdevice}
     * @param facts       what lowering needs to know
     * @param chip        what code must fit
     * @param maxGrid     most groups along each axis
     * @param mostDynamic bytes of LOCAL memory that a kernel can have when it asks for them at launch
     * @param pools       whether memory can be had from pools, in the order of a stream
     */
    record Found(
            int handle, Driver.Facts facts, KernelImages.Chip chip, long[] maxGrid, int mostDynamic, boolean pools) {}

    /** All devices. */
    static List<Found> all(CudaApi cuda) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment cell = arena.allocate(ValueLayout.JAVA_INT);
            check(cuda, cuda.cuDriverGetVersion(cell.address()), "cuDriverGetVersion");
            int version = cell.get(ValueLayout.JAVA_INT, 0);
            CudaApi.Binding binding = cuda.binding();
            if (version < binding.oldest()) {
                throw unavailable(cuda,
                        "the NVIDIA driver is too old: it is for CUDA " + text(version) + ", " + binding.name()
                                + " needs one for CUDA " + text(binding.oldest())
                                + " or newer (" + binding.driver() + " and up); update it");
            }
            start(cuda);
            check(cuda, cuda.cuDeviceGetCount(cell.address()), "cuDeviceGetCount");
            int count = cell.get(ValueLayout.JAVA_INT, 0);
            if (count == 0) {
                throw noDevice(cuda);
            }
            List<Found> found = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                check(cuda, cuda.cuDeviceGet(cell.address(), i), "cuDeviceGet");
                found.add(found(cuda, arena, i, cell.get(ValueLayout.JAVA_INT, 0), version));
            }
            return found;
        }
    }

    private static void start(CudaApi cuda) {
        int status = cuda.cuInit(0);
        switch (status) {
            case CuStatus.SUCCESS -> {}
            case CuStatus.NO_DEVICE -> throw noDevice(cuda);
            case CuStatus.STUB_LIBRARY -> throw unavailable(cuda, "the libcuda that was found is "
                    + "the CUDA toolkit's stub, which only serves linking; install the NVIDIA driver");
            case CuStatus.SYSTEM_DRIVER_MISMATCH -> throw unavailable(cuda, "libcuda and the "
                    + "kernel's NVIDIA module are of different versions (" + cuda.name(status)
                    + "); restart the machine after a driver's update");
            default -> throw unavailable(cuda, cuda.name(status) + " (" + status
                    + ") in cuInit; see whether nvidia-smi works");
        }
    }

    /** That a binding has nothing to offer, and why. */
    static BackendUnavailableException unavailable(CudaApi cuda, String why) {
        return new BackendUnavailableException(cuda.binding().backend() + ": " + why);
    }

    private static BackendUnavailableException noDevice(CudaApi cuda) {
        return unavailable(cuda, "the NVIDIA driver finds no GPU; see whether nvidia-smi does, whether "
                + "CUDA_VISIBLE_DEVICES hides it, and in a container whether the GPU was handed in");
    }

    private static Found found(CudaApi cuda, Arena arena, int ordinal, int device, int version) {
        MemorySegment name = arena.allocate(NAME_BYTES);
        check(cuda, cuda.cuDeviceGetName(name.address(), NAME_BYTES, device), "cuDeviceGetName");
        MemorySegment bytes = arena.allocate(ValueLayout.JAVA_LONG);
        check(cuda, cuda.cuDeviceTotalMem(bytes.address(), device), "cuDeviceTotalMem");
        long memory = bytes.get(ValueLayout.JAVA_LONG, 0);
        String through = cuda.binding().through();
        int major = number(cuda, arena, device, COMPUTE_CAPABILITY_MAJOR);
        int minor = number(cuda, arena, device, COMPUTE_CAPABILITY_MINOR);
        Device.Info info = new Device.Info(cuda.binding().backend(), ordinal, Device.Info.Kind.GPU,
                name.getString(0).strip(), "NVIDIA",
                "CUDA " + text(version) + module() + (through.isEmpty() ? "" : ", " + through), memory, memory,
                number(cuda, arena, device, MULTIPROCESSOR_COUNT), KernelImages.precisions(10 * major + minor));
        KernelImages.Chip chip = new KernelImages.Chip(major, minor, version, info.name());
        int dynamic = number(cuda, arena, device, MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);
        Driver.Facts facts = new Driver.Facts(info, chip.architecture(), ALIGNMENT,
                number(cuda, arena, device, MAX_THREADS_PER_BLOCK),
                number(cuda, arena, device, MAX_SHARED_MEMORY_PER_BLOCK), number(cuda, arena, device, INTEGRATED) != 0,
                false, new Driver.Code(Dialect.CUDA, PtxVersion.ofDriver(version), dynamic));
        long[] grid = {number(cuda, arena, device, MAX_GRID_DIM_X), number(cuda, arena, device, MAX_GRID_DIM_Y),
            number(cuda, arena, device, MAX_GRID_DIM_Z)};
        return new Found(device, facts, chip, grid, dynamic,
                cuda.pools() && number(cuda, arena, device, MEMORY_POOLS_SUPPORTED) != 0);
    }

    private static int number(CudaApi cuda, Arena arena, int device, int attribute) {
        MemorySegment value = arena.allocate(ValueLayout.JAVA_INT);
        check(cuda, cuda.cuDeviceGetAttribute(value.address(), attribute, device), "cuDeviceGetAttribute");
        return value.get(ValueLayout.JAVA_INT, 0);
    }

    /** 12060 → 12.6. */
    private static String text(int version) {
        return version / 1000 + "." + version % 1000 / 10;
    }

    /** The version of the kernel's module, as users know drivers; nothing where it isn't told. */
    private static String module() {
        try {
            Matcher m = VERSION.matcher(Files.readString(KERNEL_MODULE));
            return m.find() ? " (driver " + m.group() + ")" : "";
        } catch (IOException e) {
            return "";
        }
    }

    private static void check(CudaApi cuda, int status, String call) {
        if (status != CuStatus.SUCCESS) {
            throw new DeviceException(call, status, cuda.name(status), "while looking for devices",
                    CuStatus.advice(status), false);
        }
    }
}
