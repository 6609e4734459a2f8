package dev.kerf.backend.gpu;

import dev.kerf.backend.Device;
import dev.kerf.backend.Precision;
import dev.kerf.backend.Precision.Storage;
import dev.kerf.backend.gpu.kernel.Manifest;
import dev.kerf.backend.gpu.kernel.Sizes;
import dev.kerf.error.BadInputException;
import dev.kerf.error.UnsupportedOpException;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.ImageLayout;
import dev.kerf.graph.SourceOp;
import dev.kerf.graph.plan.Storages;
import dev.kerf.tensor.DType;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What a graph is lowered for: a device, a precision, and how kernels and parameters are chosen there. Each node is lowered for
 * the storage that its values have ({@link #at}).
 *
 * @param facts     the device
 * @param graph     the graph, fused, with explicit storage ({@link Storages}) and layouts ({@link LayoutRules#assign})
 * @param precision how numbers are stored and multiplied
 * @param tuned     parameter values known to be good
 * @param forced    choices of a test or a tuner that go before all others
 */
public record Target(Driver.Facts facts, Graph graph, Precision precision, TunedParameters tuned, Forced forced) {
    private static final System.Logger LOG = System.getLogger(Target.class.getName());

    /**
     * Choices that go before all others.
     *
     * @param kernels    kernel → itself or the variant to run in its place wherever the variant's {@code when} holds
     * @param parameters kernel or variant → parameter values
     * @param everywhere whether all that can computes on numbers of 16 bits where any does
     */
    public record Forced(Map<String, String> kernels, Map<String, Map<String, Long>> parameters, boolean everywhere) {
        /** No such choice. */
        public static final Forced NONE = new Forced(Map.of(), Map.of());

        /** Choices of kernels and parameters alone. */
        public Forced(Map<String, String> kernels, Map<String, Map<String, Long>> parameters) {
            this(kernels, parameters, false);
        }
    }

    /**
     * For a graph that doesn't say yet how its values are stored and laid out.
     *
     * @param fused      as recorded or fused, its floating-point values float32
     * @param keepStages stages that the caller will read besides the outputs
     */
    public static Target of(Driver.Facts facts, Graph fused, Set<String> keepStages, Precision precision,
            TunedParameters tuned, Forced forced) {
        Target plain = new Target(facts, fused, precision, tuned, forced);
        Target stored = precision.storage() == Storage.F32
                ? plain
                : plain.of(Storages.of(fused, precision.storage().dtype(),
                        forced.everywhere(), fused.kept(keepStages).values(),
                        Lowering.kernels(plain)));
        Target turned = stored.of(Turning.fuse(stored, stored.graph.kept(keepStages).values()));
        Target moved = turned.of(Moving.fuse(turned, keepStages));
        return moved.of(LayoutRules.assign(moved, moved.graph.kept(keepStages).values()));
    }

    private Target of(Graph other) {
        return other == graph ? this : new Target(facts, other, precision, tuned, forced);
    }

    /** This for one node: its kernels' numbers are stored as the node's values are. */
    public Target at(Node node) {
        boolean single = Stream.concat(node.inputs().stream(), node.outputs().stream())
                .noneMatch(v -> v.type().dtype() == precision.storage().dtype());
        return single && precision.storage() != Storage.F32
                ? new Target(facts, graph, Precision.FLOAT32, tuned, forced)
                : this;
    }

    /**
     * A call of a kernel or of its variant for this device, with tuned parameters; operands are still to be bound.
     *
     * @throws BadInputException if forced parameters break the kernel's constraints
     */
    public KernelCall call(String kernel, Sizes sizes) {
        return call(Manifest.of(kernel), sizes);
    }

    /** The same for a manifest that may not be shipped. */
    KernelCall call(Manifest kernel, Sizes sizes) {
        Map<String, Long> names = new LinkedHashMap<>(sizes.map());
        names.put("max_group", (long) facts.maxGroup());
        names.put("local_memory", facts.localMemory());
        names.put("dynamic_local", facts.code().dynamicLocal());
        names.put("compute_units", (long) facts.info().computeUnits());
        names.put("typed_memory", facts.typedMemory() ? 1L : 0L);
        names.put("sm", (long) facts.sm());
        names.put("isa", (long) facts.code().isa());
        names.put("real", (long) storage().bytes());
        names.put("storage", (long) storage().code());
        names.put("tf32", (long) precision.arithmetic().code());
        Manifest chosen = choose(kernel, names);
        Map<String, Long> parameters = standard(chosen);
        Map<String, Long> better = tuned.of(chosen.name(), names);
        String unfit = broken(chosen, better, names, parameters);
        if (unfit.isEmpty()) {
            parameters.putAll(better);
        } else if (tuned.toldFirst(chosen.name())) {
            LOG.log(System.Logger.Level.WARNING, "kernel {0}: parameters {1} from {2} aren''t used: {3}", chosen.name(), better,
                    tuned.tier(chosen.name(), names), unfit);
        }
        Map<String, Long> wanted = forced.parameters().getOrDefault(chosen.name(), Map.of());
        String broken = wanted.isEmpty() ? "" : broken(chosen, wanted, names, parameters);
        if (!broken.isEmpty()) {
            throw new BadInputException("kernel " + chosen.name() + " can't have the parameters " + wanted + ": " + broken);
        }
        parameters.putAll(wanted);
        return new KernelCall(chosen, parameters, names, storage());
    }

    /** Whether a value's numbers are known when the graph is compiled, so that they can be packed. */
    public boolean fixed(Value v) {
        return graph.producer(v).op() instanceof SourceOp.Weight || graph.producer(v).op() instanceof SourceOp.Constant;
    }

    /** How kernels' numbers are stored. */
    public Storage storage() {
        return precision.storage();
    }

    /** The C type that a value's elements are stored as: {@code real} for floating-point ones of 32 bits and less. */
    public static String stored(DType dtype) {
        return switch (dtype) {
            case F32, F16, BF16 -> "real";
            case I32 -> "int";
            case U32 -> "uint";
            case I64, U64 -> "long";
            case U8, BOOL -> "uchar";
            case I8 -> "char";
            case U16 -> "ushort";
            case I16 -> "short";
            case F64 -> "double";
        };
    }

    /** An integer C type as wide as a value's elements are stored: for kernels that only move them. */
    public static String bits(DType dtype) {
        return switch (dtype.bytes()) {
            case 1 -> "uchar";
            case 2 -> "ushort";
            case 4 -> "int";
            default -> "long";
        };
    }

    /** Size of a C type as kernels use it. */
    static int bytes(String type) {
        return switch (type) {
            case "char", "uchar" -> 1;
            case "short", "ushort" -> 2;
            case "int", "uint", "float" -> 4;
            case "long", "ulong", "double" -> 8;
            default -> throw new IllegalArgumentException("no element type " + type);
        };
    }

    /** What kind of processor it is. */
    public Device.Info.Kind kind() {
        return facts.info().kind();
    }

    /** An error that names a node, its operands and what this back end lacks. */
    public UnsupportedOpException unsupported(Node node, String what) {
        return new UnsupportedOpException(facts.info().backend() + " can't do " + node.name() + " = " + node.op() + " of "
                + node.inputs().stream().map(Value::type).toList() + ": " + what);
    }

    private Manifest choose(Manifest kernel, Map<String, Long> names) {
        String wanted = forced.kernels().get(kernel.name());
        List<String> known = kernel.variants().stream().map(Manifest::name).toList();
        ImageLayout images = names.getOrDefault("channels_last", 0L) == 1
                ? ImageLayout.CHANNELS_LAST
                : ImageLayout.CHANNELS_FIRST;
        if (wanted != null && !wanted.equals(kernel.name()) && !known.contains(wanted)) {
            throw new BadInputException("kernel " + kernel.name() + " has no variant " + wanted + ", only " + known);
        }
        return kernel.variants().stream()
                .filter(v -> wanted == null ? v.devices().contains(kind().name()) : v.name().equals(wanted))
                .filter(v -> v.images() == images)
                .filter(v -> v.dialect().readBy(facts.code().dialect()))
                .filter(v -> v.serves(facts.sm(), facts.code().isa(), precision) && v.when().holds(names))
                .filter(v -> wanted != null || allowed(v, Map.of(), names, standard(v)))
                .findFirst()
                .orElse(kernel);
    }

    private static Map<String, Long> standard(Manifest kernel) {
        Map<String, Long> parameters = new LinkedHashMap<>();
        kernel.parameters().forEach((name, p) -> parameters.put(name, p.standard()));
        return parameters;
    }

    /** Whether a kernel may have these values in place of its standard ones. */
    private static boolean allowed(
            Manifest kernel, Map<String, Long> values, Map<String, Long> names, Map<String, Long> standard) {
        return broken(kernel, values, names, standard).isEmpty();
    }

    /** The first of a manifest's rules that these values break in place of the standard ones; empty if none. */
    private static String broken(
            Manifest kernel, Map<String, Long> values, Map<String, Long> names, Map<String, Long> standard) {
        Map<String, Long> all = new LinkedHashMap<>(names);
        all.putAll(standard);
        all.putAll(values);
        for (Map.Entry<String, Long> e : values.entrySet()) {
            Manifest.Parameter p = kernel.parameters().get(e.getKey());
            if (p == null || !p.values().contains(e.getValue())) {
                return p == null
                        ? "it has no " + e.getKey() + ", only " + kernel.parameters().keySet()
                        : e.getKey() + " is one of " + p.values();
            }
        }
        return kernel.constraints().stream().filter(c -> !c.holds(all)).findFirst().map(c -> c + " doesn't hold").orElse("");
    }
}
