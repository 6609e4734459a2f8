package dev.kerf.tornado;

import dev.kerf.backend.Device;
import dev.kerf.backend.gpu.tornado.TornadoDevices;
import dev.kerf.backend.Precision;
import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.SignalHandlers;
import dev.kerf.error.BackendUnavailableException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import uk.ac.manchester.tornado.api.TornadoBackend;
import uk.ac.manchester.tornado.api.TornadoRuntime;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.runtime.TornadoRuntimeProvider;

/** The devices of the TornadoVM that this Java runtime was started with. */
public final class InstalledDevices implements TornadoDevices {
    /** What {@link Driver.Facts#architecture} says of all of them. */
    static final String ARCHITECTURE = "tornado";

    private static final int ALIGNMENT = 64;
    /** Arrays are counted in 32 bits, their header included. */
    private static final long MOST_BYTES = Integer.MAX_VALUE - 63L;
    /** Used where the user says nothing else. */
    private static final Map<String, String> SETTINGS = Map.of(
            "tornado.opencl.compiler.flags", "-w",
            "tornado.tvm.maxbytecodesize", Integer.toString(1 << 20));

    private record Found(TornadoDevice device, boolean standard, Driver.Facts facts) {}

    private static List<Found> found;
    /** Why there are none: TornadoVM tries to start only once. */
    private static String failure;

    /** TornadoVM is started only when devices are asked for. */
    public InstalledDevices() {}

    @Override
    public List<Device.Info> devices() {
        return all().stream().map(f -> f.facts().info()).toList();
    }

    @Override
    public Driver open(int ordinal) {
        Found f = all().get(ordinal);
        return new TornadoDriver(f.device(), f.standard(), f.facts());
    }

    private static synchronized List<Found> all() {
        if (found == null) {
            try {
                found = Worker.call(InstalledDevices::find);
            } catch (RuntimeException | LinkageError e) {
                failure = "tornado: TornadoVM can't start (" + Reason.of(e) + "); see whether tornado --devices works";
                found = List.of();
            }
        }
        if (failure != null) {
            throw new BackendUnavailableException(failure);
        }
        if (found.isEmpty()) {
            throw new BackendUnavailableException("tornado: TornadoVM finds no device; see whether tornado --devices does");
        }
        return found;
    }

    private static List<Found> find() {
        SETTINGS.forEach((name, value) -> System.setProperty(name, System.getProperty(name, value)));
        // TornadoVM counts what it allocates and has 4 GB if nothing is said; the device itself knows better what it has.
        System.setProperty("tornado.device.memory", System.getProperty("tornado.device.memory", hostMemory()));
        // A kernel that can't be compiled must be an error, not Java code that runs instead.
        System.setProperty("tornado.recover.bailout", "False");
        SignalHandlers.remember();
        try {
            TornadoRuntime runtime = TornadoRuntimeProvider.getTornadoRuntime();
            List<Found> all = new ArrayList<>();
            for (int b = 0; b < runtime.getNumBackends(); b++) {
                TornadoBackend backend = runtime.getBackend(b);
                for (int d = 0; d < backend.getNumDevices(); d++) {
                    all.add(describe(backend, backend.getDevice(d), all.size()));
                }
            }
            return all;
        } finally {
            SignalHandlers.restore();
        }
    }

    private static String hostMemory() {
        long bytes = ManagementFactory.getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean os
                ? os.getTotalMemorySize()
                : 4L << 30;
        return (bytes >> 20) + "MB";
    }

    private static Found describe(TornadoBackend backend, TornadoDevice device, int ordinal) {
        Device.Info.Kind kind = switch (device.getDeviceType()) {
            case CPU -> Device.Info.Kind.CPU;
            case GPU -> Device.Info.Kind.GPU;
            default -> Device.Info.Kind.ACCELERATOR;
        };
        String through = "TornadoVM " + device.getTornadoVMBackend();
        long memory = device.getMaxGlobalMemory();
        Device.Info info = new Device.Info(dev.kerf.backend.gpu.tornado.TornadoBackend.NAME, ordinal, kind,
                device.getPhysicalDevice().getDeviceName().strip() + " (" + through + ")",
                device.getPlatformName().strip() + " (" + through + ")", "TornadoVM, " + backend.getName(), memory,
                Math.min(device.getMaxAllocMemory(), MOST_BYTES), device.getPhysicalDevice().getDeviceMaxComputeUnits(),
                List.of(Precision.FLOAT32));
        long group = device.getPhysicalDevice().getDeviceMaxWorkGroupSize()[0];
        return new Found(device, ordinal == 0, new Driver.Facts(info, ARCHITECTURE, ALIGNMENT, (int) group,
                device.getDeviceLocalMemorySize(), kind == Device.Info.Kind.CPU, true, Driver.Code.OPENCL));
    }
}
