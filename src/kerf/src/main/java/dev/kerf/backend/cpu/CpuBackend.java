package dev.kerf.backend.cpu;

import dev.kerf.backend.Backend;
import dev.kerf.backend.CpuOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.Executable;
import dev.kerf.backend.Precision;
import dev.kerf.error.BackendUnavailableException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The back end that is always there. One device: all processors, or as many threads as {@link CpuOptions} say.
 * Tensors are Java arrays, so that the heap ({@code -Xmx}) bounds its memory. float32 only.
 */
public final class CpuBackend implements Backend {
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

    /**
     * A device that compiles for so many threads, with as many processors, where those needn't be there. The calling thread does all
     * that they would, and {@link Executable#timings} has what each node would take them: each task of a kernel the
     * least time that it took here in any run so far, given to the thread that is free first; memory as fast as for one thread, and none
     * slowed by another.
     */
    public static Device simulated(int threads) {
        Device.Info info = new CpuBackend().info(CpuOptions.of().threads(threads));
        return new CpuDevice(info, new Workers(threads, true));
    }

    /** Of each of the timings of an executable of such a device: nanoseconds that one thread takes for all of it. */
    public static long[] together(Executable simulated) {
        return ((CpuExecutable) simulated).together();
    }

    @Override
    public List<Device.Info> devices() {
        return List.of(info(CpuOptions.of()));
    }

    private Device.Info info(CpuOptions options) {
        String vectors = Vectors.present() ? Vectors.description() : "no jdk.incubator.vector";
        return new Device.Info(name(), 0, Device.Info.Kind.CPU, cpuinfo("model name"), cpuinfo("vendor_id"),
                "Java " + Runtime.version() + ", " + vectors, Runtime.getRuntime().maxMemory(),
                4L * ArrayKind.MOST_ELEMENTS, options.threads(), List.of(Precision.FLOAT32));
    }

    @Override
    public Device open(int ordinal) {
        return open(ordinal, CpuOptions.of());
    }

    @Override
    public Device open(int ordinal, CpuOptions options) {
        if (ordinal != 0) {
            throw new BackendUnavailableException("cpu:" + ordinal + ": there is one CPU device, cpu:0");
        }
        Vectors.warnIfMissing();
        return new CpuDevice(info(options), options.threads());
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
