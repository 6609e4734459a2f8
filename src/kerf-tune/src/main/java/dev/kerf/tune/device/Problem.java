package dev.kerf.tune.device;

import dev.kerf.backend.Device;
import dev.kerf.backend.Precision;
import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.KernelCall;
import dev.kerf.backend.gpu.Lowering;
import dev.kerf.backend.gpu.Target;
import dev.kerf.backend.gpu.TunedParameters;
import dev.kerf.backend.gpu.device.GpuDevice;
import dev.kerf.backend.gpu.kernel.Dialect;
import dev.kerf.backend.gpu.kernel.Expression;
import dev.kerf.backend.gpu.kernel.KernelSource;
import dev.kerf.backend.gpu.kernel.Manifest;
import dev.kerf.check.op.OpCase;
import dev.kerf.check.op.OpCases;
import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.PointwiseOp;
import dev.kerf.graph.StateOp;
import dev.kerf.graph.plan.Fusion;
import dev.kerf.tensor.HostTensor;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
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
 * @param conditions which of the sizes conditions of tuned files may have
 * @param graph      the op alone; its outputs are y0, y1 …
 * @param inputs     a tensor for each input
 */
public record Problem(String kernel, String variant, Map<String, Long> sizes, Map<String, Long> known,
        Map<String, Long> parameters, String tier, int times, Set<String> conditions, Graph graph,
        Map<String, HostTensor> inputs) {
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

    /**
     * A hash of the source that its kernel has for a device, without comments and spaces; empty where the device reads none.
     */
    public String source(Device device) {
        Dialect compiler = driver(device).facts().code().dialect();
        if (!Manifest.of(variant).dialect().readBy(compiler)) {
            return "";
        }
        String text = KernelSource.of(variant, compiler).replaceAll("//[^\n]*|#line[^\n]*", "").replaceAll("\\s+", " ");
        try {
            return HexFormat.of().formatHex(
                    MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)), 0, 16);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    /** The condition of a tuned file that holds for these sizes alone, as far as conditions see them. */
    public String when() {
        return String.join(" && ", sizes.entrySet().stream().filter(e -> conditions.contains(e.getKey()))
                .map(e -> e.getKey() + " == " + e.getValue()).toList());
    }

    /**
     * The different problems that a graph has for a kernel or variant, the most frequent first.
     *
     * @param name of a kernel, for what the device chooses of it, or of a variant, which is forced
     * @throws BadInputException if the graph doesn't launch it on that device
     */
    public static List<Problem> of(Graph model, Device device, Precision precision, String name) {
        return found(List.of(Fusion.fuse(model, Set.of())), device, precision, name).stream()
                .sorted((a, b) -> b.times - a.times).toList();
    }

    /**
     * Those of the op cases, which are small and use every op: for kernels that no model launches. The largest first.
     *
     * @throws BadInputException if no case launches it on that device
     */
    public static List<Problem> ofCases(Device device, Precision precision, String name) {
        return found(OpCases.all().stream().map(OpCase::recorded).toList(), device, precision,
                name).stream()
                .sorted(Comparator.comparingLong((Problem p) -> Manifest.of(p.variant).bytes().value(p.known)).reversed())
                .toList();
    }

    private static Collection<Problem> found(List<Graph> graphs, Device device, Precision precision, String name) {
        Driver.Facts facts = driver(device).facts();
        Manifest wanted = Manifest.of(name);
        String base = wanted.variantOf().isEmpty() ? name : wanted.variantOf();
        Target.Forced forced = wanted.variantOf().isEmpty()
                ? Target.Forced.NONE
                : new Target.Forced(Map.of(base, name), Map.of());
        TunedParameters tuned = TunedParameters.of(facts);
        Map<String, Problem> all = new LinkedHashMap<>();
        for (Graph recorded : graphs) {
            Target target = Target.of(facts, recorded, Set.of(), precision, tuned, forced);
            Graph graph = target.graph();
            for (Node n : graph.nodes()) {
                (n.op() instanceof StateOp || converts(n) ? List.<KernelCall>of() : Lowering.lower(n, target)).stream()
                        .filter(c -> c.kernel().name().equals(name)
                                || wanted.variantOf().isEmpty() && c.kernel().variantOf().equals(name))
                        .findFirst().ifPresent(c -> add(all, base, c, n, graph, tuned));
            }
        }
        if (all.isEmpty()) {
            throw new BadInputException("nothing launches " + name + " on " + facts.info().id()
                    + (wanted.variantOf().isEmpty() ? "" : " for these sizes; it is for " + wanted.when()));
        }
        return all.values();
    }

    /** Between float32 and 16 bits, which no recorded graph does. */
    private static boolean converts(Node n) {
        return n.op() instanceof PointwiseOp.Cast c && c.to().floating() && n.input(0).type().dtype().floating();
    }

    private static void add(Map<String, Problem> all, String base, KernelCall call, Node n, Graph graph,
            TunedParameters tuned) {
        Manifest m = call.kernel();
        Map<String, Long> known = known(call);
        Map<String, Long> sizes = sizes(m, known);
        Problem same = all.get(n.op() + " " + sizes);
        all.put(n.op() + " " + sizes, same != null
                ? same.again()
                : new Problem(base, m.name(), sizes, known, parameters(call),
                        tuned.tier(m.name(), known, parameters(call)), 1, call.chosenBy(), OneOp.graph(n, graph),
                        OneOp.numbers(n, graph)));
    }

    /** The same, launched once more. */
    private Problem again() {
        return new Problem(kernel, variant, sizes, known, parameters, tier, times + 1, conditions, graph, inputs);
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
}
