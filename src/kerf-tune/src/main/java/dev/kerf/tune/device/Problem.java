package dev.kerf.tune.device;

import dev.kerf.backend.Device;
import dev.kerf.backend.Precision;
import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.KernelCall;
import dev.kerf.backend.gpu.Lowering;
import dev.kerf.backend.gpu.Target;
import dev.kerf.backend.gpu.TunedParameters;
import dev.kerf.backend.gpu.device.GpuDevice;
import dev.kerf.backend.gpu.kernel.Expression;
import dev.kerf.backend.gpu.kernel.Manifest;
import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.graph.BoxOp;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.SourceOp;
import dev.kerf.graph.StateOp;
import dev.kerf.graph.TensorType;
import dev.kerf.graph.plan.Fusion;
import dev.kerf.tensor.HostTensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/**
 * What a kernel is tuned for: one op with operands of certain sizes, as a graph of its own with numbers for its inputs.
 *
 * @param kernel     that the lowering asks for
 * @param variant    that is tuned: the kernel itself or one that stands in for it
 * @param sizes      that distinguish it from others, by the manifest's names
 * @param known      all that the manifest's formulas see, facts of the device among it
 * @param parameters that the device takes today
 * @param tier       where these come from: a tuned file, or the manifest
 * @param times      how often the model launches it
 * @param graph      the op alone; its outputs are y0, y1 …
 * @param inputs     a tensor for each input
 */
public record Problem(String kernel, String variant, Map<String, Long> sizes, Map<String, Long> known,
        Map<String, Long> parameters, String tier, int times, Graph graph, Map<String, HostTensor> inputs) {
    /** Facts of the device and of precision, which every formula may see. */
    private static final Set<String> FACTS = Set.of("max_group", "local_memory", "dynamic_local", "compute_units",
            "typed_memory",
            "sm", "isa", "real", "storage", "tf32");

    /** One line. */
    public String text() {
        StringBuilder text = new StringBuilder(variant);
        sizes.forEach((name, size) -> text.append(' ').append(name).append('=').append(size));
        return text.toString();
    }

    /** The condition of a tuned file that holds for these sizes alone. */
    public String when() {
        return String.join(" && ", sizes.entrySet().stream().map(e -> e.getKey() + " == " + e.getValue()).toList());
    }

    /**
     * The different problems that a graph has for a kernel or variant, the most frequent first.
     *
     * @param name of a kernel, for what the device chooses of it, or of a variant, which is forced
     * @throws BadInputException if the graph doesn't launch it on that device
     */
    public static List<Problem> of(Graph model, Device device, Precision precision, String name) {
        Driver.Facts facts = driver(device).facts();
        Manifest wanted = Manifest.of(name);
        String base = wanted.variantOf().isEmpty() ? name : wanted.variantOf();
        Target.Forced forced = wanted.variantOf().isEmpty()
                ? Target.Forced.NONE
                : new Target.Forced(Map.of(base, name), Map.of());
        Graph graph = Fusion.fuse(model, Set.of());
        TunedParameters tuned = TunedParameters.of(facts);
        Target target = new Target(facts, graph, precision, tuned, forced);
        Map<String, Problem> all = new LinkedHashMap<>();
        for (Node n : graph.nodes()) {
            for (KernelCall call : n.op() instanceof StateOp ? List.<KernelCall>of() : Lowering.lower(n, target)) {
                Manifest m = call.kernel();
                if (m.name().equals(name) || wanted.variantOf().isEmpty() && m.variantOf().equals(name)) {
                    Map<String, Long> known = known(call);
                    Map<String, Long> sizes = sizes(m, known);
                    Problem same = all.get(n.op() + " " + sizes);
                    all.put(n.op() + " " + sizes, new Problem(base, m.name(), sizes, known, parameters(call),
                            tuned.tier(m.name(), known), same == null ? 1 : same.times + 1,
                            same == null ? alone(n, graph) : same.graph, same == null ? numbers(n, graph) : same.inputs));
                    break;
                }
            }
        }
        if (all.isEmpty()) {
            throw new BadInputException("nothing launches " + name + " on " + facts.info().id()
                    + (wanted.variantOf().isEmpty() ? "" : " for these sizes; it is for " + wanted.when()));
        }
        return all.values().stream().sorted((a, b) -> b.times - a.times).toList();
    }

    /** The driver of a device that kernels can be tuned on. */
    static Driver driver(Device device) {
        if (device instanceof GpuDevice gpu) {
            return gpu.driver();
        }
        throw new BadInputException(
                device.info().id() + " has no kernels of kernels/: tune on opencl, cuda or another that has");
    }

    private static Map<String, Long> parameters(KernelCall call) {
        Map<String, Long> all = new LinkedHashMap<>();
        call.kernel().parameters().keySet().forEach(p -> all.put(p, (long) call.parameter(p)));
        return all;
    }

    /** The value of every name in the manifest's formulas. */
    private static Map<String, Long> known(KernelCall call) {
        Manifest m = call.kernel();
        Set<String> names = new LinkedHashSet<>();
        m.arguments().stream().filter(a -> !a.pointer() && !a.type().equals("float")).forEach(a -> names.add(a.name()));
        List<Expression> formulas = new ArrayList<>(m.constraints());
        formulas.addAll(m.global());
        formulas.addAll(m.local());
        formulas.addAll(List.of(m.flops(), m.bytes(), m.when()));
        m.given().values().forEach(g -> formulas.add(g.value()));
        formulas.forEach(f -> names.addAll(f.names()));
        names.addAll(FACTS);
        names.removeAll(m.parameters().keySet());
        names.removeAll(m.given().keySet());
        Map<String, Long> known = new LinkedHashMap<>();
        for (String name : names) {
            try {
                known.put(name, call.extents(List.of(Expression.parse(name)))[0]);
            } catch (BadFileException unknown) {
                // Where a tensor lies, which memory's plan says and no formula sees.
                continue;
            }
        }
        return known;
    }

    /** Of these, what says how large the work is. */
    private static Map<String, Long> sizes(Manifest m, Map<String, Long> known) {
        Set<String> names = new LinkedHashSet<>();
        m.flops().names().forEach(names::add);
        m.bytes().names().forEach(names::add);
        m.global().forEach(f -> names.addAll(f.names()));
        m.constraints().forEach(f -> names.addAll(f.names()));
        m.given().values().forEach(g -> names.addAll(g.value().names()));
        Map<String, Long> sizes = new LinkedHashMap<>();
        names.stream().filter(n -> known.containsKey(n) && !FACTS.contains(n)).forEach(n -> sizes.put(n, known.get(n)));
        return Collections.unmodifiableMap(sizes);
    }

    private static Graph alone(Node n, Graph from) {
        GraphBuilder g = new GraphBuilder();
        Map<Integer, Value> made = new LinkedHashMap<>();
        Value[] operands = new Value[n.inputs().size()];
        for (int i = 0; i < operands.length; i++) {
            Value v = n.input(i);
            Value same = made.get(v.id());
            operands[i] = same != null ? same : operand(g, v, i, from, made);
            made.put(v.id(), operands[i]);
        }
        List<Value> out = g.add(n.op(), operands);
        for (int i = 0; i < out.size(); i++) {
            g.output("y" + i, out.get(i));
        }
        return g.build();
    }

    private static Value operand(GraphBuilder g, Value v, int i, Graph from, Map<Integer, Value> made) {
        if (from.producer(v).op() instanceof SourceOp.Constant c) {
            return g.constant(c.value());
        }
        if (from.producer(v).op() instanceof SourceOp.Weight) {
            return g.constant(draw(v.type(), i, null));
        }
        if (v.count() == null) {
            return g.input("x" + i, v.type());
        }
        Value count = made.computeIfAbsent(v.count().id(), _ -> g.input("n" + i, v.count().type()));
        return g.input("x" + i, v.type(), count);
    }

    /** Numbers for the inputs; counts are as large as can be. */
    private static Map<String, HostTensor> numbers(Node n, Graph from) {
        Map<String, HostTensor> all = new LinkedHashMap<>();
        Map<Integer, Integer> seen = new LinkedHashMap<>();
        for (int i = 0; i < n.inputs().size(); i++) {
            Value v = n.input(i);
            boolean source = from.producer(v).op() instanceof SourceOp.Constant
                    || from.producer(v).op() instanceof SourceOp.Weight;
            if (source || seen.putIfAbsent(v.id(), i) != null) {
                continue;
            }
            all.put("x" + i, draw(v.type(), i, n));
            if (v.count() != null && seen.putIfAbsent(v.count().id(), i) == null) {
                HostTensor count = HostTensor.zeros(v.count().type().dtype(), v.count().type().shape());
                for (long k = 0; k < count.elements(); k++) {
                    count.setDouble(k, v.type().shape().dim(v.countAxis()));
                }
                all.put("n" + i, count);
            }
        }
        return all;
    }

    /** Multiples of 2⁻¹⁰ in [−1, 1), exact in float16 too; boxes on an image of 256; whole numbers that index what there is. */
    private static HostTensor draw(TensorType type, int seed, Node n) {
        HostTensor t = HostTensor.zeros(type.dtype(), type.shape());
        Random random = new Random(seed);
        boolean boxes = n != null && n.op() instanceof BoxOp && !(n.op() instanceof BoxOp.DecodeBoxes)
                && type.dtype().floating()
                && type.shape().rank() > 1 && type.shape().dim(type.shape().rank() - 1) == 4;
        long rows = n == null ? 1 : n.input(0).type().shape().rank() == 0 ? 1 : n.input(0).type().shape().dim(0);
        for (long i = 0; i < t.elements(); i++) {
            if (boxes) {
                t.setDouble(i, i % 4 < 2 ? random.nextInt(1600) / 8.0 : t.getDouble(i - 2) + 1 + random.nextInt(440) / 8.0);
            } else if (type.dtype().floating()) {
                t.setDouble(i, (random.nextInt(2048) - 1024) / 1024.0);
            } else {
                t.setDouble(i, random.nextInt((int) Math.min(Math.max(1, rows), 2)));
            }
        }
        return t;
    }
}
