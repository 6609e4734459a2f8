package dev.kerf.model;

import dev.kerf.backend.DeviceTensor;
import dev.kerf.backend.Executable;
import dev.kerf.error.BadInputException;
import dev.kerf.error.ClosedException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;

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
public final class DeviceResult implements AutoCloseable {
    private final List<PlanCache<?, Executable>.Lease> leases = new ArrayList<>();
    private final Map<String, DeviceTensor> tensors = new LinkedHashMap<>();
    private volatile boolean closed;

    private DeviceResult() {}

    /**
     * The outputs of a plan.
     *
     * @param lease given back when the result is closed, or if the run fails
     * @param run   fills the inputs and runs
     */
    public static DeviceResult of(PlanCache<?, Executable>.Lease lease, Consumer<Executable> run) {
        return new DeviceResult().and(() -> lease, run);
    }

    /**
     * This with the outputs of a plan that reads some of it.
     *
     * @param lease asked once; if it or the run fails, this is closed
     * @param run   binds and fills the inputs and runs
     */
    public DeviceResult and(Supplier<PlanCache<?, Executable>.Lease> lease, Consumer<Executable> run) {
        boolean done = false;
        try {
            PlanCache<?, Executable>.Lease next = lease.get();
            leases.add(next);
            run.accept(next.plan());
            next.plan().graph().outputs().keySet().forEach(name -> tensors.put(name, next.plan().output(name)));
            done = true;
            return this;
        } finally {
            if (!done) {
                close();
            }
        }
    }

    /** Names of the tensors. */
    public Set<String> names() {
        return Set.copyOf(tensors.keySet());
    }

    /**
     * A tensor by its name; the model says which there are.
     *
     * @throws BadInputException if there is none of that name
     */
    public DeviceTensor get(String name) {
        if (closed) {
            throw new ClosedException("the result is closed");
        }
        DeviceTensor tensor = tensors.get(name);
        if (tensor == null) {
            throw new BadInputException("no result '" + name + "'; there are " + tensors.keySet());
        }
        return tensor;
    }

    /** Gives the plans back; a second call does nothing. */
    @Override
    public void close() {
        closed = true;
        leases.forEach(PlanCache.Lease::close);
    }
}
