package dev.kerf.model;

import dev.kerf.backend.DeviceTensor;
import dev.kerf.error.BadInputException;
import dev.kerf.error.ClosedException;
import java.util.Set;

/**
 * What a model found, where it was found: on the device. Metrics and other graphs read it there without a copy.
 *
 * <pre>{@code
 * try (DeviceResult found = net.segmentOnDevice(List.of(image), options)) {
 *     ConfusionMatrix m = confusions.measure(truth, found.get("labels"));
 * }
 * }</pre>
 *
 * <p>It holds the compiled plan that made it: close it soon, or others wait for one. Its tensors must not be used after that.
 */
public interface DeviceResult extends AutoCloseable {
    /** Names of the tensors. */
    Set<String> names();

    /**
     * A tensor by its name; the model says which there are.
     *
     * @throws BadInputException if there is none of that name
     * @throws ClosedException   if this is closed
     */
    DeviceTensor get(String name);

    /** Gives the plans back; a second call does nothing. */
    @Override
    void close();
}
