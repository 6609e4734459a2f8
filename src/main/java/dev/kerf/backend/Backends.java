package dev.kerf.backend;

import dev.kerf.error.BackendUnavailableException;
import dev.kerf.error.BadInputException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.ServiceLoader;

/**
 * Finds back ends.
 *
 * <pre>{@code
 * try (Device device = Backends.open("opencl:0")) {
 *     System.out.println(device.info().name());
 * }
 * }</pre>
 */
public final class Backends {
    private Backends() {}

    /**
     * What a back end answered.
     *
     * @param name    its name
     * @param devices its devices; empty if it can't start
     * @param reason  why it can't start; null if it can
     */
    public record Finding(String name, List<DeviceInfo> devices, String reason) {}

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
     */
    public static Device open(String id) {
        int colon = id.indexOf(':');
        if (colon < 0) {
            return named(id).open(0);
        }
        try {
            return named(id.substring(0, colon)).open(Integer.parseInt(id.substring(colon + 1)));
        } catch (NumberFormatException e) {
            throw new BadInputException("'" + id + "' is no device; expected a form such as opencl:0", e);
        }
    }
}
