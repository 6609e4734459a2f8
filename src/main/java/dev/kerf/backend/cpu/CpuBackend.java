package dev.kerf.backend.cpu;

import dev.kerf.backend.Backend;
import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceInfo;
import dev.kerf.backend.Precision;
import dev.kerf.error.BackendUnavailableException;
import dev.kerf.error.BadInputException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The back end that is always there. One device: all processors, or as many threads as {@code -Dkerf.cpu.threads} says.
 * Tensors are Java arrays, so that the heap ({@code -Xmx}) bounds its memory. float32 only.
 */
public final class CpuBackend implements Backend {
    /** System property: threads that work at once, the calling one included. */
    public static final String THREADS = "kerf.cpu.threads";

    /** Found by {@link java.util.ServiceLoader}. */
    public CpuBackend() {}

    @Override
    public String name() {
        return "cpu";
    }

    @Override
    public int priority() {
        return 0;
    }

    @Override
    public List<DeviceInfo> devices() {
        String vectors = Vectors.present() ? Vectors.description() : "no jdk.incubator.vector";
        return List.of(new DeviceInfo(name(), 0, DeviceInfo.Kind.CPU, cpuinfo("model name"), cpuinfo("vendor_id"),
                "Java " + Runtime.version() + ", " + vectors, Runtime.getRuntime().maxMemory(),
                4L * Storage.MOST_ELEMENTS, threads(), List.of(Precision.FLOAT32)));
    }

    @Override
    public Device open(int ordinal) {
        if (ordinal != 0) {
            throw new BackendUnavailableException("cpu:" + ordinal + ": there is one CPU device, cpu:0");
        }
        Vectors.warnIfMissing();
        return new CpuDevice(devices().getFirst(), threads());
    }

    private static int threads() {
        String given = System.getProperty(THREADS);
        if (given == null) {
            return Runtime.getRuntime().availableProcessors();
        }
        try {
            int n = Integer.parseInt(given);
            if (n >= 1 && n <= 1024) {
                return n;
            }
        } catch (NumberFormatException e) {
            // Reported below, as is a number out of range.
        }
        throw new BadInputException(THREADS + "=" + given + ": expected a number of threads from 1 to 1024");
    }

    private static String cpuinfo(String key) {
        try (var lines = Files.lines(Path.of("/proc/cpuinfo"), StandardCharsets.UTF_8)) {
            return lines.filter(l -> l.startsWith(key) && l.contains(":"))
                    .findFirst()
                    .map(l -> l.substring(l.indexOf(':') + 1).strip())
                    .orElse(System.getProperty("os.arch"));
        } catch (IOException e) {
            return System.getProperty("os.arch");
        }
    }
}
