package dev.kerf.backend.gpu.opencl;

import dev.kerf.backend.Device;
import dev.kerf.backend.Precision;
import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.SignalHandlers;
import dev.kerf.error.BackendUnavailableException;
import dev.kerf.error.DeviceException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Finds the devices of all platforms: GPUs first, then accelerators, then CPUs. */
final class ClDevices {
    private static final long TYPE_ALL = 0xFFFF_FFFFL;
    private static final long TYPE_CPU = 1 << 1;
    private static final long TYPE_GPU = 1 << 2;
    private static final int PLATFORM_NAME = 0x0902;
    private static final int TYPE = 0x1000;
    private static final int MAX_COMPUTE_UNITS = 0x1002;
    private static final int MAX_WORK_GROUP_SIZE = 0x1004;
    private static final int MAX_MEM_ALLOC_SIZE = 0x1010;
    private static final int MEM_BASE_ADDR_ALIGN = 0x1019;
    private static final int SINGLE_FP_CONFIG = 0x101B;
    private static final int GLOBAL_MEM_SIZE = 0x101F;
    private static final int LOCAL_MEM_SIZE = 0x1023;
    private static final int NAME = 0x102B;
    private static final int VENDOR = 0x102C;
    private static final int DRIVER_VERSION = 0x102D;
    private static final int HOST_UNIFIED_MEMORY = 0x1035;
    private static final long CORRECTLY_ROUNDED = 1 << 7;

    private ClDevices() {}

    /**
     * A device as the library names it.
     *
     * @param handle           {@code cl_device_id}
     * @param facts            what lowering needs to know
     * @param correctlyRounded whether division and square root can be had correctly rounded
     */
    record Found(long handle, Driver.Facts facts, boolean correctlyRounded) {}

    /** All devices. */
    static List<Found> all(LibOpenCl cl) {
        List<Found> found = new ArrayList<>();
        try (Arena arena = Arena.ofConfined()) {
            for (long platform : platforms(cl, arena)) {
                String name = text(cl, arena, platform, PLATFORM_NAME, true);
                for (long device : devices(cl, arena, platform)) {
                    found.add(found(cl, arena, name, device));
                }
            }
        } finally {
            SignalHandlers.restore();
        }
        if (found.isEmpty()) {
            throw new BackendUnavailableException("opencl: the platforms that are installed have no device");
        }
        found.sort(Comparator.comparingInt(f -> switch (f.facts().info().kind()) {
            case GPU -> 0;
            case ACCELERATOR -> 1;
            case CPU -> 2;
        }));
        for (int i = 0; i < found.size(); i++) {
            found.set(i, numbered(found.get(i), i));
        }
        return found;
    }

    private static long[] platforms(LibOpenCl cl, Arena arena) {
        MemorySegment count = arena.allocate(ValueLayout.JAVA_INT);
        int status = cl.clGetPlatformIDs(0, 0, count.address());
        int n = count.get(ValueLayout.JAVA_INT, 0);
        if (status == ClStatus.PLATFORM_NOT_FOUND || status == ClStatus.SUCCESS && n == 0) {
            throw new BackendUnavailableException("opencl: the OpenCL loader is there, but no platform ("
                    + ClStatus.name(ClStatus.PLATFORM_NOT_FOUND) + "); install your GPU vendor's OpenCL driver, or PoCL to "
                    + "run on the CPU (Debian: pocl-opencl-icd)");
        }
        check(status, "clGetPlatformIDs");
        MemorySegment ids = arena.allocate(ValueLayout.JAVA_LONG, n);
        check(cl.clGetPlatformIDs(n, ids.address(), 0), "clGetPlatformIDs");
        return ids.toArray(ValueLayout.JAVA_LONG);
    }

    private static long[] devices(LibOpenCl cl, Arena arena, long platform) {
        MemorySegment count = arena.allocate(ValueLayout.JAVA_INT);
        int status = cl.clGetDeviceIDs(platform, TYPE_ALL, 0, 0, count.address());
        if (status == ClStatus.DEVICE_NOT_FOUND) {
            return new long[0];
        }
        check(status, "clGetDeviceIDs");
        int n = count.get(ValueLayout.JAVA_INT, 0);
        MemorySegment ids = arena.allocate(ValueLayout.JAVA_LONG, n);
        check(cl.clGetDeviceIDs(platform, TYPE_ALL, n, ids.address(), 0), "clGetDeviceIDs");
        return ids.toArray(ValueLayout.JAVA_LONG);
    }

    private static Found found(LibOpenCl cl, Arena arena, String platform, long device) {
        long type = number(cl, arena, device, TYPE);
        Device.Info.Kind kind = (type & TYPE_GPU) != 0
                ? Device.Info.Kind.GPU
                : (type & TYPE_CPU) != 0 ? Device.Info.Kind.CPU : Device.Info.Kind.ACCELERATOR;
        Device.Info info = new Device.Info(OpenClBackend.NAME, 0, kind, text(cl, arena, device, NAME, false),
                text(cl, arena, device, VENDOR, false),
                platform + " " + text(cl, arena, device, DRIVER_VERSION, false),
                number(cl, arena, device, GLOBAL_MEM_SIZE), number(cl, arena, device, MAX_MEM_ALLOC_SIZE),
                (int) number(cl, arena, device, MAX_COMPUTE_UNITS),
                List.of(Precision.FLOAT32, Precision.FLOAT16, Precision.BFLOAT16));
        int alignment = (int) Math.max(64, number(cl, arena, device, MEM_BASE_ADDR_ALIGN) / 8);
        Driver.Facts facts = new Driver.Facts(info, "", alignment, (int) number(cl, arena, device, MAX_WORK_GROUP_SIZE),
                number(cl, arena, device, LOCAL_MEM_SIZE), number(cl, arena, device, HOST_UNIFIED_MEMORY) != 0);
        return new Found(device, facts, (number(cl, arena, device, SINGLE_FP_CONFIG) & CORRECTLY_ROUNDED) != 0);
    }

    private static Found numbered(Found f, int ordinal) {
        Driver.Facts t = f.facts();
        Device.Info d = t.info();
        Device.Info info = new Device.Info(d.backend(), ordinal, d.kind(), d.name(), d.vendor(), d.driver(),
                d.memoryBytes(), d.maxAllocationBytes(), d.computeUnits(), d.precisions());
        return new Found(f.handle(), new Driver.Facts(info, t.architecture(), t.alignment(), t.maxGroup(),
                t.localMemory(), t.unifiedMemory()), f.correctlyRounded());
    }

    /** A number of 1 to 8 bytes; the memory is zeroed first and little-endian. */
    private static long number(LibOpenCl cl, Arena arena, long device, int name) {
        MemorySegment value = arena.allocate(ValueLayout.JAVA_LONG);
        check(cl.clGetDeviceInfo(device, name, 8, value.address(), 0), "clGetDeviceInfo");
        return value.get(ValueLayout.JAVA_LONG, 0);
    }

    private static String text(LibOpenCl cl, Arena arena, long object, int name, boolean platform) {
        MemorySegment size = arena.allocate(ValueLayout.JAVA_LONG);
        check(platform
                ? cl.clGetPlatformInfo(object, name, 0, 0, size.address())
                : cl.clGetDeviceInfo(object, name, 0, 0, size.address()), "clGetDeviceInfo");
        MemorySegment text = arena.allocate(Math.max(1, size.get(ValueLayout.JAVA_LONG, 0)) + 1);
        check(platform
                ? cl.clGetPlatformInfo(object, name, text.byteSize() - 1, text.address(), 0)
                : cl.clGetDeviceInfo(object, name, text.byteSize() - 1, text.address(), 0), "clGetDeviceInfo");
        return text.getString(0, StandardCharsets.UTF_8).strip();
    }

    private static void check(int status, String call) {
        if (status != ClStatus.SUCCESS) {
            throw new DeviceException(call, status, ClStatus.name(status), "while looking for devices",
                    "the OpenCL driver may be broken; see whether clinfo works", false);
        }
    }
}
