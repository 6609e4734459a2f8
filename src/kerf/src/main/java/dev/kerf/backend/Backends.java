package dev.kerf.backend;

import dev.kerf.error.BackendUnavailableException;
import dev.kerf.error.BadInputException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;

/**
 * Finds back ends.
 *
 * <pre>{@code
 * try (Device device = Backends.best()) {            // or Backends.open("opencl:0")
 *     System.out.println(device.info().name());
 * }
 * }</pre>
 */
public final class Backends {
    private static final System.Logger LOG = System.getLogger(Backends.class.getName());

    private Backends() {}

    /**
     * What a back end answered.
     *
     * @param name    its name
     * @param devices its devices; empty if it can't start
     * @param reason  why it can't start; none if it can
     */
    public record Finding(String name, List<Device.Info> devices, @Nullable String reason) {}

    /** All back ends on the class path, the preferred first. Starts none. */
    public static List<Backend> all() {
        List<Backend> found = new ArrayList<>();
        ServiceLoader.load(Backend.class, Backends.class.getClassLoader()).forEach(found::add);
        found.sort(Comparator.comparingInt(Backend::priority).reversed().thenComparing(Backend::name));
        return found;
    }

    /** Asks every back end for its devices. */
    public static List<Finding> survey() {
        List<Finding> findings = new ArrayList<>();
        for (Backend b : all()) {
            try {
                findings.add(new Finding(b.name(), b.devices(), null));
            } catch (BackendUnavailableException e) {
                findings.add(new Finding(b.name(), List.of(), e.getMessage()));
            }
        }
        return findings;
    }

    /**
     * A back end by name.
     *
     * @throws BadInputException if there is none of that name; lists those that there are
     */
    public static Backend named(String name) {
        List<Backend> all = all();
        return all.stream()
                .filter(b -> b.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new BadInputException("no back end '" + name + "'; there are "
                        + all.stream().map(Backend::name).toList()));
    }

    /**
     * Opens a device.
     *
     * @param id a back end ({@code cpu}) and optionally a device of it ({@code opencl:1}; the first one otherwise)
     * @throws BackendUnavailableException if it can't start; never falls back to another
     * @throws BadInputException if the id names no back end
     */
    public static Device open(String id) {
        return open(id, CpuOptions.of());
    }

    /** The same; if it is the CPU, with options. */
    public static Device open(String id, CpuOptions options) {
        int colon = id.indexOf(':');
        String name = colon < 0 ? id : id.substring(0, colon);
        try {
            return opened(named(name), colon < 0 ? 0 : Integer.parseInt(id.substring(colon + 1)), options);
        } catch (NumberFormatException e) {
            throw new BadInputException("'" + id + "' is no device; expected a form such as opencl:0", e);
        }
    }

    /** The first GPU of the preferred back end that starts; the CPU where there is none. */
    public static Device best() {
        return best(CpuOptions.of());
    }

    /** The same; if it is the CPU, with options. */
    public static Device best(CpuOptions options) {
        if (gpuMayBeThere()) {
            for (Backend b : all().stream().filter(x -> x.priority() >= 0).toList()) {
                try {
                    for (Device.Info d : b.devices()) {
                        if (d.kind() == Device.Info.Kind.GPU) {
                            return opened(b, d.ordinal(), options);
                        }
                    }
                } catch (BackendUnavailableException e) {
                    // Nobody asked for this one by name; the next may start, and the CPU always does.
                    LOG.log(System.Logger.Level.DEBUG, "{0} is left out: {1}", b.name(), e.getMessage());
                }
            }
        }
        return open("cpu", options);
    }

    private static Device opened(Backend backend, int ordinal, CpuOptions options) {
        Device device = backend.open(ordinal, options);
        LOG.log(System.Logger.Level.DEBUG, "{0}: {1}, {2}", device.info().id(), device.info().name(),
                device.info().driver());
        return device;
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
}
