package dev.kerf.cli.option;

import dev.kerf.backend.Backends;
import dev.kerf.backend.CpuOptions;
import dev.kerf.backend.Device;
import dev.kerf.error.BackendUnavailableException;
import dev.kerf.error.BadInputException;
import picocli.CommandLine.Option;

/** Which device does the work. */
public final class DeviceOptions {
    private static final String AUTO = "auto";

    @Option(names = "--backend", paramLabel = "NAME", defaultValue = AUTO, description = "cpu, opencl …: see 'kerf devices'. By default a GPU if there is one, otherwise cpu.")
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
    public Device open() {
        CpuOptions cpu = threads == null ? CpuOptions.of() : CpuOptions.of().threads(threads);
        if (!backend.equals(AUTO)) {
            return Backends.open(device == null ? backend : backend + ":" + device, cpu);
        }
        if (device != null) {
            throw new BadInputException("--device " + device + " needs --backend: which back end's device is meant?");
        }
        return Backends.best(cpu);
    }
}
