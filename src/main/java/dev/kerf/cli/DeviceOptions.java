package dev.kerf.cli;

import dev.kerf.backend.Backend;
import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceInfo;
import dev.kerf.backend.cpu.CpuBackend;
import dev.kerf.error.BackendUnavailableException;
import dev.kerf.error.BadInputException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** Which device does the work. */
final class DeviceOptions {
    private static final String AUTO = "auto";

    @Option(names = "--backend", paramLabel = "NAME", defaultValue = AUTO,
            description = "cpu, opencl …: see 'kerf devices'. By default a GPU if there is one, otherwise cpu.")
    private String backend;

    @Option(names = "--device", paramLabel = "N", description = "Which device of the back end; 0 is the first.")
    private Integer device;

    @Option(names = "--threads", paramLabel = "N", description = "Threads of the cpu back end; by default all processors.")
    private Integer threads;

    /**
     * Opens the device.
     *
     * @throws BackendUnavailableException if it can't start; one asked for by name is never replaced by another
     */
    Device open() {
        if (threads != null) {
            System.setProperty(CpuBackend.THREADS, threads.toString());
        }
        if (!backend.equals(AUTO)) {
            return Backends.open(device == null ? backend : backend + ":" + device);
        }
        if (device != null) {
            throw new BadInputException("--device " + device + " needs --backend: which back end's device is meant?");
        }
        return gpuMayBeThere() ? openGpu() : Backends.open("cpu");
    }

    /** Whether the kernel shows a GPU. Looking costs nothing, while loading drivers takes as long as a small image. */
    private static boolean gpuMayBeThere() {
        if (Files.exists(Path.of("/dev/nvidia0")) || Files.exists(Path.of("/dev/kfd"))) {
            return true;
        }
        try (DirectoryStream<Path> nodes = Files.newDirectoryStream(Path.of("/dev/dri"), "renderD*")) {
            return nodes.iterator().hasNext();
        } catch (IOException e) {
            return false;
        }
    }

    private static Device openGpu() {
        for (Backend b : Backends.all()) {
            try {
                for (DeviceInfo d : b.devices()) {
                    if (d.kind() == DeviceInfo.Kind.GPU) {
                        return b.open(d.ordinal());
                    }
                }
            } catch (BackendUnavailableException e) {
                // Nobody asked for this one by name; the next may start, and the CPU always does.
                continue;
            }
        }
        return Backends.open("cpu");
    }
}
