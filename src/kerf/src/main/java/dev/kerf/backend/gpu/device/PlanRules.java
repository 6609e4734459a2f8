package dev.kerf.backend.gpu.device;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.KernelCall;
import dev.kerf.backend.gpu.Target;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.plan.MemoryPlan;
import dev.kerf.tensor.DType;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What the memory plan has to know of a device and of the kernels that were chosen. Where memory is typed, there is a
 * pool for each dtype and place among a node's outputs, so that no kernel writes to a buffer twice, and one for each kept
 * value: what is bound elsewhere is a whole buffer.
 */
final class PlanRules implements MemoryPlan.Rules {
    private final Target target;
    private final Map<Integer, List<KernelCall>> calls;
    private final Set<Integer> kept;
    private final Map<Integer, Integer> places = new HashMap<>();
    private final Map<Integer, DType> pools = new HashMap<>();

    PlanRules(Target target, Map<Integer, List<KernelCall>> calls, Collection<Value> kept) {
        this.target = target;
        this.calls = calls;
        this.kept = kept.stream().map(Value::id).collect(Collectors.toSet());
        for (Node n : target.graph().nodes()) {
            for (int i = 0; i < n.outputs().size(); i++) {
                places.put(n.outputs().get(i).id(), i);
            }
        }
    }

    /** Allocates a buffer of the plan. */
    Driver.Buffer allocate(Driver driver, MemoryPlan.Buffer buffer) {
        DType elements = pools.get(buffer.pool());
        return elements == null ? driver.allocate(buffer.bytes()) : driver.allocate(buffer.bytes(), elements);
    }

    @Override
    public long elementBytes(Value v) {
        return v.type().dtype().bytes();
    }

    @Override
    public long scratchBytes(Node n) {
        return target.facts().typedMemory()
                ? 0
                : calls.get(n.id()).stream().mapToLong(KernelCall::scratchBytes).max().orElse(0);
    }

    @Override
    public boolean strided(Node n, Value v) {
        return calls.get(n.id()).stream().allMatch(c -> c.strided(v));
    }

    @Override
    public long alignment() {
        return target.facts().alignment();
    }

    @Override
    public long maxAllocation() {
        return target.facts().info().maxAllocationBytes();
    }

    @Override
    public int pool(Value v) {
        if (!target.facts().typedMemory()) {
            return 0;
        }
        DType dtype = v.type().dtype();
        int pool = kept.contains(v.id()) ? -1 - v.id() : places.get(v.id()) * DType.values().length + dtype.ordinal();
        pools.put(pool, dtype);
        return pool;
    }
}
