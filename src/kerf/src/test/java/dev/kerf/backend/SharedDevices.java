package dev.kerf.backend;

import dev.kerf.error.KerfException;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Devices that the tests of a class share, so that kernels are built once. One that a test failed on is closed, and the next test has
 * a fresh one.
 *
 * <pre>{@code
 * @RegisterExtension
 * static final SharedDevices DEVICES = new SharedDevices();
 *
 * DEVICES.on("opencl:0", device -> { ... });
 * }</pre>
 */
public final class SharedDevices implements AfterAllCallback {
    private final Map<String, Device> open = new HashMap<>();

    /** What a test does with a device. */
    public interface Use {
        /** Uses it, and leaves nothing of its own there. */
        void of(Device device) throws Exception;
    }

    /** Runs a test on the device of an id. */
    public void on(String id, Use test) throws Exception {
        Device device = open.computeIfAbsent(id, Backends::open);
        try {
            test.of(device);
        } catch (Exception | Error e) {
            open.remove(id);
            try {
                device.close();
            } catch (KerfException lost) {
                e.addSuppressed(lost);
            }
            throw e;
        }
    }

    @Override
    public void afterAll(ExtensionContext context) {
        open.values().forEach(Device::close);
        open.clear();
    }
}
