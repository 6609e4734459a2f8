package dev.kerf.backend.gpu.device;

import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Executable.MemoryUse;
import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.KernelCall;
import dev.kerf.backend.gpu.Lowering;
import dev.kerf.backend.gpu.PointwiseRules;
import dev.kerf.backend.gpu.Target;
import dev.kerf.backend.gpu.Walk;
import dev.kerf.backend.gpu.kernel.Manifest;
import dev.kerf.backend.gpu.kernel.Packing;
import dev.kerf.error.BadInputException;
import dev.kerf.error.DeviceException;
import dev.kerf.graph.Graph;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.SourceOp;
import dev.kerf.graph.StateOp;
import dev.kerf.graph.TensorType;
import dev.kerf.graph.plan.Fusion;
import dev.kerf.graph.plan.MemoryPlan;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Makes an executable out of a graph: fuses it, lowers its nodes, plans memory, allocates it, packs weights, builds kernels
 * and binds their arguments.
 *
 * <p>What is stored in 16 bits the graph says by then ({@link Target#of}); inputs, states and kept values are as recorded.
 */
public final class GpuCompilation {
    private static final System.Logger LOG = System.getLogger(GpuCompilation.class.getName());

    /** Work-items along an axis, which kernels count in 32 bits. */
    private static final long MOST_ITEMS = 1L << 31;

    /** A constant in a layout. */
    private record Constant(int value, String packing, DType dtype) {}

    private final GpuDevice device;
    private final Driver driver;
    private final Graph recorded;
    private final GpuWeights weights;
    private final CompileOptions options;
    private final Target target;
    private final Graph graph;
    private final Map<String, Value> kept;
    private final Map<Integer, List<KernelCall>> calls = new HashMap<>();
    private final Map<Constant, Driver.Buffer> constants = new HashMap<>();
    private final Map<HostTensor, Driver.Buffer> tables = new IdentityHashMap<>();
    private final Set<Driver.Buffer> packed = new LinkedHashSet<>();
    private final Set<Integer> updated = new LinkedHashSet<>();
    private final List<AutoCloseable> owned = new ArrayList<>();
    private final List<Driver.Buffer> buffers = new ArrayList<>();
    private final List<Step> steps = new ArrayList<>();
    private final Set<String> logged = new HashSet<>();
    private final Map<Integer, Slot> slots = new LinkedHashMap<>();
    private ScratchMemory scratch;
    private PlanRules rules;
    private MemoryPlan plan;
    private Driver.Buffer errors;
    private long extra;

    GpuCompilation(GpuDevice device, Graph recorded, GpuWeights weights, CompileOptions options, Target.Forced forced) {
        this.device = device;
        this.driver = device.driver();
        this.recorded = recorded;
        this.weights = weights;
        this.options = options;
        Graph fused = options.fuse()
                ? Fusion.fuse(recorded, options.keepStages())
                : Fusion.prune(recorded, options.keepStages());
        this.target = Target.of(driver.facts(), fused, options.keepStages(), options.precision(), device.tuned(), forced);
        this.graph = target.graph();
        this.kept = graph.kept(options.keepStages());
    }

    /** Does all of it; on an error everything is given back. */
    GpuExecutable executable() {
        boolean retained = false;
        try {
            if (weights != null) {
                weights.retain();
                retained = true;
            }
            return make();
        } catch (Throwable e) {
            owned.reversed().forEach(GpuCompilation::close);
            if (retained) {
                weights.release();
            }
            throw e;
        }
    }

    private GpuExecutable make() {
        for (Node n : graph.nodes()) {
            calls.put(n.id(), Lowering.lower(n, target));
            if (n.op() instanceof StateOp) {
                updated.add(root(n.input(0)).id());
            }
        }
        scratch = new ScratchMemory(target, calls);
        rules = new PlanRules(target, calls, kept.values());
        plan = MemoryPlan.of(graph, kept.values(), rules);
        checkLimit();
        errors = own(driver.allocate(ErrorCell.BYTES, DType.I32));
        plan.buffers().forEach(b -> buffers.add(own(rules.allocate(driver, b))));
        scratch.allocate(this::allocate);
        sources();
        for (Node n : graph.nodes()) {
            if (!plan.elided(n)) {
                List<KernelCall> list = calls.get(n.id());
                for (int i = 0; i < list.size(); i++) {
                    if (!(n.op() instanceof MoveOp.Concat) || !plan.inPlace(n, i)) {
                        step(n, list.get(i));
                    }
                }
            }
        }
        Map<String, GpuExecutable.Output> outputs = outputs();
        long held = extra + plan.totalBytes();
        MemoryUse use = new MemoryUse(held, extra + plan.unsharedBytes(),
                packed.stream().mapToLong(Driver.Buffer::bytes).sum()
                        + constants.values().stream().mapToLong(Driver.Buffer::bytes).sum());
        return new GpuExecutable(device, recorded, graph, weights, options.profile(), steps, List.copyOf(slots.values()),
                outputs, errors, owned, use);
    }

    /** What a value is the state after: the State's own value. */
    private Value root(Value state) {
        Node n = graph.producer(state);
        return n.op() instanceof StateOp ? root(n.input(0)) : state;
    }

    private void checkLimit() {
        if (options.memoryLimit() > 0 && plan.totalBytes() > options.memoryLimit()) {
            throw new DeviceException("compile", 0, "MEMORY_LIMIT",
                    "of a graph whose activations take " + plan.totalBytes() + " bytes on " + device.info().name(),
                    "the limit is " + options.memoryLimit() + " bytes; raise it or use a smaller image, batch or tile", true);
        }
    }

    /** Slots for inputs and states. */
    private void sources() {
        for (Node n : graph.nodes()) {
            if (n.op() instanceof SourceOp.Input || n.op() instanceof SourceOp.State) {
                Value v = n.output();
                TensorType type = v.type();
                String name = n.op() instanceof SourceOp.Input i ? i.slot() : ((SourceOp.State) n.op()).name();
                slots.put(v.id(), new Slot(
                        name, n.op() instanceof SourceOp.State, updated.contains(v.id()), type.dtype().bytes()));
            }
        }
    }

    private Map<String, GpuExecutable.Output> outputs() {
        Map<String, GpuExecutable.Output> outputs = new LinkedHashMap<>();
        Map<Integer, GpuExecutable.Output> made = new HashMap<>();
        kept.forEach((name, v) -> outputs.put(name, made.computeIfAbsent(v.id(), id -> output(v))));
        return outputs;
    }

    private GpuExecutable.Output output(Value v) {
        MemoryPlan.Place place = plan.place(v);
        if (v.type().shape().rank() > 0 && v.type().shape().dim(0) > 1 && place.batchStride() != item(v)) {
            throw new IllegalStateException(v + " is kept, but not dense");
        }
        if (place.buffer() >= 0) {
            return new GpuExecutable.Output(v.type(), buffers.get(place.buffer()), place.offsetBytes());
        }
        // What the caller binds, or weights: the caller reads a copy.
        Driver.Buffer own = allocate(Math.max(1, v.type().bytes()), v.type().dtype());
        Node n = graph.producer(v);
        String type = Target.stored(v.type().dtype());
        step(n, PointwiseRules.cast(target.at(n), Walk.dense(n, target, v.type().shape()), type, type)
                .tensor("x", v)
                .direct("y", new Location(own, null, 0, item(v), type)));
        return new GpuExecutable.Output(v.type(), own, 0);
    }

    private void step(Node n, KernelCall call) {
        long[] global = call.extents(call.kernel().global());
        for (long g : global) {
            if (g == 0) {
                return;
            }
            if (g > MOST_ITEMS) {
                throw new BadInputException("node " + n.name() + ": " + g + " work-items are more than a kernel can count; "
                        + "use a smaller image, batch or tile");
            }
        }
        call.check();
        List<Object> arguments = new ArrayList<>();
        Map<String, Location> late = new LinkedHashMap<>();
        for (Manifest.Argument a : call.kernel().arguments()) {
            arguments.add(argument(n, call, a, late));
        }
        if (LOG.isLoggable(System.Logger.Level.DEBUG) && logged.add(call.kernel().name() + call.definitions())) {
            LOG.log(System.Logger.Level.DEBUG, "{0}: {1}, the first of its kind: kernel {2} with {3}",
                    device.info().id(), n.name(), call.kernel().name(), call.definitions());
        }
        Driver.Kernel kernel = driver.load(call.kernel().name(), call.definitions());
        Driver.Launch launch = own(driver.launch(kernel, global, call.extents(call.kernel().local()), arguments));
        late.forEach((name, at) -> at.slot().use(launch, call.kernel().index(name),
                call.kernel().index(name + "_off"), at.offset()));
        steps.add(new Step(n, call.kernel().name(), call.definitions(), launch, call.flops(), call.bytes()));
    }

    /** The number or buffer of an argument; {@code NAME_off} and {@code NAME_sn} come with their tensor. */
    private Object argument(Node n, KernelCall call, Manifest.Argument a, Map<String, Location> late) {
        KernelCall.Binding operand = call.operand(a.name());
        if (operand == null && (a.name().endsWith("_off") || a.name().endsWith("_sn"))) {
            String tensor = a.name().substring(0, a.name().lastIndexOf('_'));
            Location at = location(n, call, tensor);
            return at == null ? (Object) 0L : a.name().endsWith("_off") ? at.offset() : at.batchStride();
        }
        if (operand instanceof KernelCall.Binding.Number number) {
            return number(n, a, number);
        }
        if (operand == null) {
            throw new IllegalStateException(call.kernel().name() + " of node " + n.name() + ": " + a + " isn't bound");
        }
        Location at = location(n, call, a.name());
        boolean moves = at != null && (at.slot() != null || at.offset() != 0);
        if (moves && !a.name().equals("errors") && call.kernel().index(a.name() + "_off") < 0) {
            throw new IllegalStateException(call.kernel().name() + " has no " + a.name() + "_off");
        }
        if (at != null && at.slot() != null) {
            late.put(a.name(), at);
        }
        Driver.Buffer stand = at == null ? scratch.absent(call, a) : at.buffer();
        // Until a state is bound, and where nothing is read, any buffer will do.
        return stand == null ? errors : stand;
    }

    private static Object number(Node n, Manifest.Argument a, KernelCall.Binding.Number number) {
        return switch (a.type()) {
            case "float" -> (Object) (float) number.real();
            case "long" -> number.whole();
            default -> {
                if (number.whole() != (int) number.whole()) {
                    throw new BadInputException("node " + n.name() + ": " + a.name() + " = " + number.whole()
                            + " is more than a kernel can count; use a smaller image, batch or tile");
                }
                yield (int) number.whole();
            }
        };
    }

    /** Where a pointer argument points; null if nowhere. */
    private Location location(Node n, KernelCall call, String argument) {
        return switch (call.operand(argument)) {
            case KernelCall.Binding.Tensor t -> {
                Manifest.Argument a = call.kernel().arguments().get(call.kernel().index(argument));
                yield locate(t.value(), call, call.type(a), t.packing());
            }
            case KernelCall.Binding.Place place -> (Location) place;
            case KernelCall.Binding.Scratch s -> scratch.locate(
                    n, call, call.kernel().arguments().get(call.kernel().index(argument)), s, plan, buffers);
            case KernelCall.Binding.Absent a -> null;
            case KernelCall.Binding.Table t -> new Location(table(t.values()), null, 0, 0, "");
            case KernelCall.Binding.Starts s ->
                new Location(table(s.values().apply(location(n, call, s.tensor()).batchStride())), null, 0, 0, "");
            case KernelCall.Binding.Errors e -> new Location(errors, null, 0, 0, "int");
            case KernelCall.Binding.Number x -> throw new IllegalStateException(argument + " is a number");
            case null -> null;
        };
    }

    /**
     * Where a value lies.
     *
     * @param type C type that the kernel reads or writes it as; for a weight, what it is packed as
     */
    private Location locate(Value v, KernelCall call, String type, Packing packing) {
        MemoryPlan.Place place = plan.place(v);
        int bytes = v.type().dtype().bytes();
        boolean fits = target.fixed(v) && v.type().dtype() == DType.F32
                ? type.equals("real") || type.equals("float") || type.equals("int")
                : call.bytes(type) == bytes;
        if (!fits) {
            throw new IllegalStateException(call.kernel().name() + " has " + v + " as " + type);
        }
        if (place.buffer() >= 0) {
            return new Location(buffers.get(place.buffer()), null, place.offsetBytes() / bytes, place.batchStride(), type);
        }
        Value source = plan.source(v);
        long offset = place.offsetBytes() / bytes;
        Node producer = graph.producer(source);
        return switch ((SourceOp) producer.op()) {
            case SourceOp.Weight w ->
                new Location(weight(w, packing, call.packed(type)), null, offset, place.batchStride(), type);
            case SourceOp.Constant c ->
                new Location(constant(source, c, packing, call.packed(type)), null, offset, place.batchStride(), type);
            default -> new Location(null, slots.get(source.id()), offset, place.batchStride(), type);
        };
    }

    private Driver.Buffer weight(SourceOp.Weight w, Packing packing, DType dtype) {
        if (weights == null) {
            throw new BadInputException("the graph has weights, such as " + w.expr().tensors() + ", but none were given");
        }
        Driver.Buffer buffer = weights.packed(w.expr(), packing, dtype);
        packed.add(buffer);
        return buffer;
    }

    private Driver.Buffer constant(Value v, SourceOp.Constant c, Packing packing, DType packedAs) {
        boolean real = v.type().dtype() == DType.F32;
        Constant key = new Constant(v.id(), packing.key(), real ? packedAs : v.type().dtype());
        return constants.computeIfAbsent(key, k -> own(device.uploaded(
                real ? packing.pack().apply(c.value()).to(packedAs) : c.value())));
    }

    private Driver.Buffer table(HostTensor values) {
        return tables.computeIfAbsent(values, k -> {
            extra += Math.max(1, values.data().byteSize());
            return own(device.uploaded(values));
        });
    }

    private static long item(Value v) {
        int rank = v.type().shape().rank();
        return rank == 0 ? 1 : v.type().shape().product(1, rank);
    }

    private Driver.Buffer allocate(long bytes, DType elements) {
        Driver.Buffer buffer = own(driver.allocate(bytes, elements));
        extra += bytes;
        return buffer;
    }

    private <T extends AutoCloseable> T own(T object) {
        owned.add(object);
        return object;
    }

    static void close(AutoCloseable object) {
        switch (object) {
            case Driver.Buffer b -> b.close();
            case Driver.Launch l -> l.close();
            case Driver.Queue q -> q.close();
            case Driver.Timer t -> t.close();
            case Driver.Staging s -> s.close();
            case Ticket t -> t.close();
            default -> throw new IllegalStateException(object.toString());
        }
    }
}
