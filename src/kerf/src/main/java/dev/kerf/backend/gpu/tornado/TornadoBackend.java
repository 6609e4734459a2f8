package dev.kerf.backend.gpu.tornado;

import dev.kerf.backend.Backend;
import dev.kerf.backend.Device;
import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.device.GpuDevice;
import dev.kerf.error.BackendUnavailableException;
import java.util.List;
import java.util.ServiceLoader;

/**
 * Any device that TornadoVM runs on, with kernels that it compiles from Java. Needs the jar that is built where
 * {@code TORNADOVM_HOME} names an SDK of TornadoVM, and a Java runtime that was started with the SDK's
 * {@code tornado-argfile}.
 *
 * <pre>{@code Device device = Backends.open("tornado:0");}</pre>
 */
public final class TornadoBackend implements Backend {
    /** Its name. */
    public static final String NAME = "tornado";

    private static final String SERVICE = "/META-INF/services/" + TornadoDevices.class.getName();
    /** Set by {@code tornado-argfile}. */
    private static final String STARTED = "tornado.load.runtime.implementation";

    /** TornadoVM is started only when devices are asked for. */
    public TornadoBackend() {}

    @Override
    public String name() {
        return NAME;
    }

    /** Below the other GPU back ends: taken when it is asked for. */
    @Override
    public int priority() {
        return 4;
    }

    @Override
    public List<Device.Info> devices() {
        return tornado().devices();
    }

    @Override
    public Device open(int ordinal) {
        return new GpuDevice(openDriver(ordinal));
    }

    /** The driver of a device, for tests and measurements below the graph. */
    public static Driver openDriver(int ordinal) {
        TornadoDevices tornado = tornado();
        List<Device.Info> found = tornado.devices();
        if (ordinal < 0 || ordinal >= found.size()) {
            throw new BackendUnavailableException("tornado: there is no device " + ordinal + ", only "
                    + found.stream().map(d -> d.id() + " " + d.name()).toList());
        }
        return tornado.open(ordinal);
    }

    private static TornadoDevices tornado() {
        // The classes behind the service need the runtime's flags even to be loaded: looked for before they are touched.
        if (TornadoBackend.class.getResource(SERVICE) == null) {
            throw new BackendUnavailableException("tornado: this build has no TornadoVM; get an SDK of TornadoVM for JDK 25 "
                    + "(https://www.tornadovm.org), set TORNADOVM_HOME to it and build Kerf again");
        }
        if (System.getProperty(STARTED) == null) {
            throw new BackendUnavailableException("tornado: this Java runtime was started without TornadoVM; set "
                    + "TORNADOVM_HOME to its SDK for the kerf command, or start a JDK 25 by "
                    + "java @$TORNADOVM_HOME/tornado-argfile …");
        }
        return ServiceLoader.load(TornadoDevices.class, TornadoBackend.class.getClassLoader()).findFirst().orElseThrow();
    }
}
