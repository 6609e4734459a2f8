package dev.kerf.backend;

import dev.kerf.backend.gpu.cuda.StandIn;
import dev.kerf.error.BackendUnavailableException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * The devices that tests of the seam run on: all that back ends find here. {@code -Dkerf.test.backends=cpu,opencl} demands
 * those named and runs on no others; one that is missing or finds no device fails the run. {@code cuda-standin} is
 * {@code cuda} over {@link StandIn}. What is tested is printed once.
 *
 * <pre>{@code
 * @ParameterizedTest
 * @MethodSource("dev.kerf.backend.BackendsUnderTest#devices")
 * void adds(String device) {
 *     try (Device d = Backends.open(device)) { ... }
 * }
 * }</pre>
 */
public final class BackendsUnderTest {
    /** System property: names of back ends, separated by commas. */
    public static final String DEMANDED = "kerf.test.backends";

    private static final List<String> DEVICES = find();

    private BackendsUnderTest() {}

    /** Ids of all devices under test, such as {@code cpu:0}. */
    public static Stream<String> devices() {
        return DEVICES.stream();
    }

    private static List<String> find() {
        String demanded = System.getProperty(DEMANDED, "");
        List<String> devices = new ArrayList<>();
        if (demanded.isBlank()) {
            for (Backends.Finding f : Backends.survey()) {
                if (Backends.named(f.name()).priority() < 0) {
                    continue; // only where it is asked for
                }
                f.devices().forEach(d -> devices.add(d.id()));
                if (f.reason() != null) {
                    System.out.println("not tested: " + f.name() + " (" + f.reason() + ")");
                }
            }
        } else {
            for (String name : Arrays.stream(demanded.split(",")).map(String::strip).toList()) {
                String backend = name;
                if (name.equals(StandIn.NAME)) {
                    StandIn.install().withPortableKernels();
                    backend = "cuda";
                }
                List<Device.Info> found = Backends.named(backend).devices();
                if (found.isEmpty()) {
                    throw new BackendUnavailableException(name + ": demanded by " + DEMANDED + ", but it has no device");
                }
                found.forEach(d -> devices.add(d.id()));
            }
        }
        if (devices.isEmpty()) {
            throw new BackendUnavailableException("no back end has a device to test");
        }
        System.out.println("back ends under test: " + devices);
        return List.copyOf(devices);
    }
}
