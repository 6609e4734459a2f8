package dev.kerf.backend.gpu.jcuda;

import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_INTEGRATED;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK;
import static jcuda.driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT;

import dev.kerf.backend.DeviceInfo;
import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.cuda.CuStatus;
import dev.kerf.backend.gpu.cuda.KernelImages;
import dev.kerf.error.BackendUnavailableException;
import dev.kerf.error.DeviceException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import jcuda.driver.CUdevice;
import jcuda.driver.JCudaDriver;

/** Starts JCuda's library and finds its devices, in the library's order. */
final class JcDevices {
    /** The CUDA version that JCuda 12.6 was made for has minor version compatibility down to this one. */
    private static final int OLDEST = 12000;

    private static final int ALIGNMENT = 256;
    private static final int NAME_BYTES = 256;
    /** What the dynamic loader says of a library that it can't load, among JCuda's stack traces. */
    private static final Pattern MISSING = Pattern.compile("(lib[\\w.+-]+\\.so[\\w.]*: [^\\r\\n]+)");
    private static final Pattern NOWHERE = Pattern.compile("no (\\S+) in java\\.library\\.path");

    private JcDevices() {}

    /**
     * A device.
     *
     * @param handle      as JCuda has it
     * @param facts       what lowering needs to know
     * @param chip        what code must fit
     * @param maxGrid     most groups along each axis
     * @param mostDynamic bytes of LOCAL memory that a kernel can have when it asks for them at launch
     */
    record Found(CUdevice handle, Driver.Facts facts, KernelImages.Chip chip, long[] maxGrid, int mostDynamic) {}

    /** Why the library can't be loaded; found out once, as a class that failed to start tells only once. */
    private static final class Library {
        static final String TROUBLE = load();

        private static String load() {
            try {
                JCudaDriver.setExceptionsEnabled(false);
                return null;
            } catch (LinkageError e) {
                return trouble(e);
            }
        }
    }

    /** What is missing, in one line, of an error that may hold pages of stack traces. */
    static String trouble(LinkageError e) {
        StringBuilder all = new StringBuilder();
        for (Throwable t = e; t != null; t = t.getCause()) {
            all.append(t).append('\n');
        }
        Matcher m = MISSING.matcher(all);
        // The loader names the library that asked first and what that lacks last.
        String missing = null;
        while (m.find()) {
            missing = m.group(1);
        }
        if (missing != null) {
            return missing;
        }
        Matcher nowhere = NOWHERE.matcher(all);
        return nowhere.find() ? nowhere.group(1) + " is neither on the class path nor on java.library.path"
                : all.toString().lines().findFirst().orElse("");
    }

    /** All devices. */
    static List<Found> all() {
        if (Library.TROUBLE != null) {
            throw new BackendUnavailableException("jcuda: JCuda's native library can't be loaded (" + Library.TROUBLE
                    + "); it needs NVIDIA's driver, 525.60 or newer, and org.jcuda:jcuda-natives:12.6.0:linux-x86_64");
        }
        int[] cell = new int[1];
        check(JCudaDriver.cuDriverGetVersion(cell), "cuDriverGetVersion");
        int version = cell[0];
        if (version < OLDEST) {
            throw new BackendUnavailableException("jcuda: the NVIDIA driver is too old: it is for CUDA " + text(version)
                    + ", JCuda 12.6 needs one for CUDA " + text(OLDEST) + " or newer (525.60 and up); update it");
        }
        start();
        check(JCudaDriver.cuDeviceGetCount(cell), "cuDeviceGetCount");
        int count = cell[0];
        if (count == 0) {
            throw noDevice();
        }
        List<Found> found = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            CUdevice device = new CUdevice();
            check(JCudaDriver.cuDeviceGet(device, i), "cuDeviceGet");
            found.add(found(device, i, version));
        }
        return found;
    }

    private static void start() {
        int status = JCudaDriver.cuInit(0);
        switch (status) {
            case CuStatus.SUCCESS -> { }
            case CuStatus.NO_DEVICE -> throw noDevice();
            default -> throw new BackendUnavailableException("jcuda: " + name(status) + " (" + status
                    + ") in cuInit; see whether nvidia-smi works");
        }
    }

    private static BackendUnavailableException noDevice() {
        return new BackendUnavailableException("jcuda: the NVIDIA driver finds no GPU; see whether nvidia-smi does, whether "
                + "CUDA_VISIBLE_DEVICES hides it, and in a container whether the GPU was handed in");
    }

    private static Found found(CUdevice device, int ordinal, int version) {
        byte[] name = new byte[NAME_BYTES];
        check(JCudaDriver.cuDeviceGetName(name, NAME_BYTES, device), "cuDeviceGetName");
        int length = 0;
        while (length < NAME_BYTES && name[length] != 0) {
            length++;
        }
        long[] bytes = new long[1];
        check(JCudaDriver.cuDeviceTotalMem(bytes, device), "cuDeviceTotalMem");
        DeviceInfo info = new DeviceInfo(JcudaBackend.NAME, ordinal, DeviceInfo.Kind.GPU,
                new String(name, 0, length, StandardCharsets.UTF_8).strip(), "NVIDIA", "CUDA " + text(version) + ", JCuda 12.6",
                bytes[0], bytes[0], number(device, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT),
                KernelImages.PRECISIONS);
        KernelImages.Chip chip = new KernelImages.Chip(number(device, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR),
                number(device, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR), version, info.name());
        Driver.Facts facts = new Driver.Facts(info, chip.architecture(), ALIGNMENT,
                number(device, CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK),
                number(device, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK),
                number(device, CU_DEVICE_ATTRIBUTE_INTEGRATED) != 0);
        long[] grid = {number(device, CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X), number(device, CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y),
            number(device, CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z)};
        return new Found(device, facts, chip, grid, number(device, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN));
    }

    private static int number(CUdevice device, int attribute) {
        int[] value = new int[1];
        check(JCudaDriver.cuDeviceGetAttribute(value, attribute, device), "cuDeviceGetAttribute");
        return value[0];
    }

    /** A status by name, as the library knows it. */
    static String name(int status) {
        String[] text = new String[1];
        return JCudaDriver.cuGetErrorName(status, text) == CuStatus.SUCCESS && text[0] != null ? text[0] : "unknown status";
    }

    /** 12060 → 12.6. */
    private static String text(int version) {
        return version / 1000 + "." + version % 1000 / 10;
    }

    private static void check(int status, String call) {
        if (status != CuStatus.SUCCESS) {
            throw new DeviceException(call, status, name(status), "while looking for devices", CuStatus.advice(status), false);
        }
    }
}
