package dev.kerf.model.plan;

import dev.kerf.backend.DeviceTensor;
import dev.kerf.backend.Executable;
import dev.kerf.error.BadInputException;
import dev.kerf.error.ClosedException;
import dev.kerf.model.DeviceResult;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** The outputs of one plan or several, with their leases; but for the check of their logits, which is the model's. */
public final class PlanResult implements DeviceResult {
    private final List<PlanCache<?, Executable>.Lease> leases = new ArrayList<>();
    private final Map<String, DeviceTensor> tensors = new LinkedHashMap<>();
    private volatile boolean closed;

    private PlanResult() {}

    /**
     * The outputs of a plan.
     *
     * @param lease given back when the result is closed, or if the run fails
     * @param run   fills the inputs and runs
     */
    public static PlanResult of(PlanCache<?, Executable>.Lease lease, Consumer<Executable> run) {
        return new PlanResult().and(() -> lease, run);
    }

    /**
     * This with the outputs of a plan that reads some of it.
     *
     * @param lease asked once; if it or the run fails, this is closed
     * @param run   binds and fills the inputs and runs
     */
    public PlanResult and(Supplier<PlanCache<?, Executable>.Lease> lease, Consumer<Executable> run) {
        boolean done = false;
        try {
            PlanCache<?, Executable>.Lease next = lease.get();
            leases.add(next);
            run.accept(next.plan());
            next.plan().graph().outputs().keySet().stream().filter(name -> !name.equals(FiniteCheck.OUTPUT))
                    .forEach(name -> tensors.put(name, next.plan().output(name)));
            done = true;
            return this;
        } finally {
            if (!done) {
                close();
            }
        }
    }

    @Override
    public Set<String> names() {
        return Set.copyOf(tensors.keySet());
    }

    @Override
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

    @Override
    public void close() {
        closed = true;
        leases.forEach(PlanCache.Lease::close);
    }
}
