package dev.kerf.check.cost;

import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.DeviceWeights;
import dev.kerf.backend.Executable;
import dev.kerf.backend.Precision;
import dev.kerf.backend.gpu.device.GpuDevice;
import dev.kerf.backend.gpu.device.Step;
import dev.kerf.backend.gpu.kernel.Manifest;
import dev.kerf.check.ptx.Card;
import dev.kerf.check.ptx.CompiledPtx;
import dev.kerf.check.ptx.LaunchCounter;
import dev.kerf.graph.BoxOp;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Value;
import dev.kerf.weights.Weights;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the launches of a graph cost on a card of NVIDIA's: the graph is compiled as for that card, and of each launch some blocks of the
 * PTX that ships, or that is compiled for tuned parameters that don't, are interpreted. Nothing is computed as a whole, no GPU is needed,
 * and the figures are the same in each run. Memory reads as 0; where a count says how many rows are valid, all are, and boxes lie apart, so that none suppresses another.
 *
 * <pre>{@code
 * List<LaunchCost> costs = LaunchCosts.of(graph, weights, Card.of("h100"), Precision.FLOAT32, LaunchCosts.SOME);
 * long executed = costs.getFirst().multiplyAdds();
 * }</pre>
 */
public final class LaunchCosts {
    /** As few blocks of a launch as will do. */
    public static final int SOME = 48;
    /** All of them, however many. */
    public static final int ALL = LaunchCounter.ALL;

    private final LaunchCounter counter;
    private final Ptxas assembler;
    private final int most;
    private final Map<Object, LaunchCost> known = new HashMap<>();

    private LaunchCosts(LaunchCounter counter, Card card, int most) {
        this.counter = counter;
        this.assembler = new Ptxas(card);
        this.most = most;
    }

    /**
     * The launches of a run, in order.
     *
     * @param weights of the graph; null if it has none
     * @param most    how many blocks of a launch to look at besides the first and the last: {@link #SOME}, {@link #ALL} or any other
     */
    public static List<LaunchCost> of(Graph graph, Weights weights, Card card, Precision precision, int most) {
        try (LaunchCounter counter = new LaunchCounter(card, new CompiledPtx(CompiledPtx.USUAL));
                DeviceWeights loaded = weights == null ? null : counter.device().load(weights);
                Executable e = counter.device().compile(graph, loaded, CompileOptions.of().precision(precision))) {
            graph.states().forEach((name, value) -> e.bindState(name, counter.device().allocateState(value.type())));
            return of(counter, e, card, most);
        }
    }

    /**
     * The launches of an executable of a counter's device, in order.
     *
     * @param card that the counter passes for
     * @param most as above
     */
    public static List<LaunchCost> of(LaunchCounter counter, Executable compiled, Card card, int most) {
        LaunchCosts costs = new LaunchCosts(counter, card, most);
        List<LaunchCost> all = new ArrayList<>();
        GpuDevice.steps(compiled).forEach(s -> all.add(costs.of(s)));
        return all;
    }

    private LaunchCost of(Step step) {
        Manifest kernel = Manifest.of(step.kernel());
        LaunchCost same = known.computeIfAbsent(counter.identity(step.launch(), kernel), _ -> count(step, kernel));
        return new LaunchCost(step.node().name(), same.kernel(), same.variant(), same.definitions(), same.blocks(),
                same.sampled(), step.flops(), step.bytes(), same.registers(), same.localBytes(), same.assembled(),
                same.counts());
    }

    private LaunchCost count(Step step, Manifest kernel) {
        prepare(step, kernel);
        LaunchCounter.Counted counted = counter.count(step.launch(), kernel, most);
        Optional<Integer> registers = assembler.registers(counter.code(step.kernel(), step.definitions()));
        return new LaunchCost(step.node().name(), kernel.variantOf().isEmpty() ? kernel.name() : kernel.variantOf(),
                kernel.name(), Map.copyOf(step.definitions()), counted.counts().blocks(), counted.sampled(), step.flops(),
                step.bytes(),
                registers.orElseGet(() -> counter.registers(step.launch())), counter.localBytes(step.launch()),
                registers.isPresent(), counted.counts());
    }

    /** What decides how much a launch does: all rows that there may be are valid, and no box lies over another. */
    private void prepare(Step step, Manifest kernel) {
        for (Manifest.Argument a : kernel.arguments()) {
            boolean found = a.name().equals("found");
            if (a.type().equals("const int*") && (found || a.name().endsWith("count"))) {
                counted(found ? step.node().outputs() : step.node().inputs())
                        .ifPresent(v -> counter.write(step.launch(), kernel, a.name(), filled(
                                (int) v.count().type().shape().elements(), v.type().shape().size(v.countAxis()))));
            } else if (a.name().equals("boxes") && step.node().op() instanceof BoxOp.Nms) {
                counter.write(step.launch(), kernel, a.name(),
                        apart((int) step.node().input(0).type().shape().elements() / 4));
            }
        }
    }

    /** Of values with counts, the one of the least capacity. */
    private static Optional<Value> counted(List<Value> values) {
        return values.stream().filter(v -> v.count() != null)
                .min(Comparator.comparingInt(v -> v.type().shape().size(v.countAxis())));
    }

    private static int[] filled(int length, int value) {
        int[] all = new int[length];
        Arrays.fill(all, value);
        return all;
    }

    /** The bits of boxes of one pixel with one between each two. */
    private static int[] apart(int boxes) {
        int[] bits = new int[4 * boxes];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = Float.floatToRawIntBits(i / 4 * 2 + i % 4 / 2);
        }
        return bits;
    }
}
