package dev.kerf.backend;

import dev.kerf.error.DeadlineExceededException;
import java.time.Duration;

/**
 * An order for work on a device. What is submitted to one stream runs one after the other; streams are independent, except
 * that an executable that reads another one's output waits for it on the device.
 */
public interface Stream extends AutoCloseable {
    /**
     * Waits for everything submitted. An error of that work is thrown here, once: {@link dev.kerf.error.DeviceException},
     * {@link dev.kerf.error.CapacityExceededException}.
     */
    void synchronize();

    /**
     * Waits, but not longer than a limit.
     *
     * @throws DeadlineExceededException if work is still under way then; it goes on
     */
    void synchronize(Duration limit);

    /** Whether everything submitted has ended. */
    boolean done();

    /** Waits for the work under way, then frees the stream. */
    @Override
    void close();
}
