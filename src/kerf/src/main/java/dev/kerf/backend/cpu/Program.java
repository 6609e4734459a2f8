package dev.kerf.backend.cpu;

import dev.kerf.backend.Executable.NodeTiming;
import dev.kerf.backend.Limit;
import dev.kerf.backend.cpu.kernel.Faults;
import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.backend.cpu.kernel.Operand;
import dev.kerf.error.BadInputException;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.SourceOp.WeightExpr;
import dev.kerf.graph.plan.Work;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/** What the compiler makes: kernels in order over operands in place. */
final class Program {
    /**
     * One node's kernels.
     *
     * @param algorithm what runs, in words
     * @param work      what it can't do without
     */
    record Step(Node node, String algorithm, List<Kernel> kernels, Work work) {}

    private final Map<String, Operand> inputs;
    private final Map<String, Operand> outputs;
    private final Map<String, Operand> states;
    private final Operand[] operands;
    private final List<Step> steps;
    private final Kernel[] kernels;
    private final int[] stepOfKernel;
    private final long[] nanos;
    /** Where threads are simulated, what one takes for all that they would do. */
    private final long[] together;
    private final Operand[] stateOperands;
    private final Faults faults;
    private final Collection<WeightExpr> weights;
    private final long activationBytes;
    private final long unsharedBytes;
    private final long constantBytes;

    /**
     * @param placed all operands that own or share memory, to be let go of at the end
     * @param bytes  of activations, of the same without sharing, and of constants
     */
    Program(Map<String, Operand> inputs, Map<String, Operand> outputs, Map<String, Operand> states,
            Collection<Operand> placed, List<Step> steps, Faults faults, Collection<WeightExpr> weights,
            boolean profile, long... bytes) {
        this.inputs = inputs;
        this.outputs = outputs;
        this.states = states;
        this.operands = placed.toArray(Operand[]::new);
        this.steps = steps;
        this.faults = faults;
        this.weights = weights;
        this.activationBytes = bytes[0];
        this.unsharedBytes = bytes[1];
        this.constantBytes = bytes[2];
        this.stateOperands = states.values().toArray(Operand[]::new);
        this.nanos = profile ? new long[steps.size()] : null;
        this.together = profile ? new long[steps.size()] : null;
        this.kernels = steps.stream().flatMap(s -> s.kernels.stream()).toArray(Kernel[]::new);
        this.stepOfKernel = new int[kernels.length];
        for (int s = 0, k = 0; s < steps.size(); s++) {
            for (int i = 0; i < steps.get(s).kernels.size(); i++) {
                stepOfKernel[k++] = s;
            }
        }
    }

    void run(Workers workers, Limit limit) {
        workers.enter();
        try {
            runAll(workers, limit);
        } finally {
            workers.leave();
        }
        faults.check();
    }

    private void runAll(Workers workers, Limit limit) {
        if (nanos == null) {
            for (int i = 0; i < kernels.length; i++) {
                limit.check();
                workers.run(kernels[i]);
            }
        } else {
            java.util.Arrays.fill(nanos, 0);
            java.util.Arrays.fill(together, 0);
            for (int i = 0; i < kernels.length; i++) {
                limit.check();
                nanos[stepOfKernel[i]] += workers.timed(kernels[i]);
                together[stepOfKernel[i]] += workers.together();
            }
        }
    }

    void requireStates() {
        for (Operand o : stateOperands) {
            if (o.array() == null) {
                throw new BadInputException("states must be bound before the first run: "
                        + states.entrySet().stream().filter(e -> e.getValue().array() == null).map(Map.Entry::getKey)
                                .toList());
            }
        }
    }

    List<NodeTiming> timings() {
        List<NodeTiming> t = new ArrayList<>();
        for (int i = 0; i < nanos.length; i++) {
            Step s = steps.get(i);
            t.add(new NodeTiming(s.node.id(), s.node.name(), s.algorithm, nanos[i], s.work.flops(), s.work.bytes()));
        }
        return t;
    }

    long[] together() {
        return together.clone();
    }

    /** Lets go of the arrays, so that the garbage collector can have them while the closed executable is still referred to. */
    void free() {
        for (Operand o : operands) {
            o.place(null, 0, 0);
        }
        java.util.Arrays.fill(kernels, null);
    }

    Map<String, Operand> inputs() {
        return inputs;
    }

    Map<String, Operand> outputs() {
        return outputs;
    }

    Map<String, Operand> states() {
        return states;
    }

    Faults faults() {
        return faults;
    }

    Collection<WeightExpr> weights() {
        return weights;
    }

    long activationBytes() {
        return activationBytes;
    }

    long unsharedBytes() {
        return unsharedBytes;
    }

    /** Bytes accounted for besides inputs and weights. */
    long ownBytes() {
        return activationBytes + constantBytes;
    }
}
