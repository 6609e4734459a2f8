package dev.kerf.cli.option;

import dev.kerf.backend.Backends;
import dev.kerf.backend.CpuOptions;
import dev.kerf.backend.Device;
import dev.kerf.error.BackendUnavailableException;
import dev.kerf.model.unet.UNet;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Which device does the work. */
public final class DeviceOptions {
    private static final int MOST_RUNS = UNet.PLANS;

    /** What {@link #backend} is where nothing is said. */
    public static final String AUTO = "auto";

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    private String backend;

    private Integer device;

    private CpuOptions cpu = CpuOptions.of();

    @Option(names = "--backend", paramLabel = "NAME", defaultValue = AUTO, description = "cpu, opencl …: see 'kerf devices'. By default a GPU if there is one, otherwise cpu.")
    private void backend(String name) {
        if (!name.equals(AUTO)) {
            Usage.of(spec, () -> Backends.named(name.replaceFirst(":\\d+$", "")));
        }
        backend = name;
    }

    @Option(names = "--device", paramLabel = "N", description = "Which device of the back end; 0 is the first.")
    private void device(Integer n) {
        if (n != null && n < 0) {
            throw new ParameterException(spec.commandLine(), "--device " + n + ": devices count from 0");
        }
        device = n;
    }

    @Option(names = "--threads", paramLabel = "N", description = "Threads of the cpu back end; by default all processors.")
    private void threads(Integer n) {
        cpu = n == null ? CpuOptions.of() : Usage.of(spec, () -> CpuOptions.of().threads(n));
    }

    /** The back end that was asked for, or {@link #AUTO}. */
    public String backend() {
        return backend;
    }

    /**
     * Opens the device.
     *
     * @throws BackendUnavailableException if it can't start; one asked for by name is never replaced by another
     */
    public Device open() {
        if (!backend.equals(AUTO)) {
            return Backends.open(device == null ? backend : backend + ":" + device, cpu);
        }
        if (device != null) {
            throw new ParameterException(spec.commandLine(),
                    "--device " + device + " needs --backend: which back end's device is meant?");
        }
        return Backends.best(cpu);
    }

    /**
     * How many runs at once the device that was opened does side by side, a thread for each; one where each has all of it. Each has scratch for
     * all threads, which for many threads would be more than their memory.
     */
    public int runs(Device opened) {
        return opened.info().backend().equals("cpu") && cpu.threads() <= MOST_RUNS ? cpu.threads() : 1;
    }
}
