package dev.kerf.backend.cpu;

import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.cpu.dense.DenseKernels;
import dev.kerf.backend.cpu.kernel.Compound;
import dev.kerf.backend.cpu.kernel.Faults;
import dev.kerf.backend.cpu.kernel.Intake;
import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.backend.cpu.kernel.KernelFamily;
import dev.kerf.backend.cpu.kernel.Operand;
import dev.kerf.backend.cpu.kernel.RowMaker;
import dev.kerf.backend.cpu.kernel.Site;
import dev.kerf.backend.cpu.kernel.Tail;
import dev.kerf.backend.cpu.light.LightKernels;
import dev.kerf.error.BadInputException;
import dev.kerf.error.DeviceException;
import dev.kerf.error.UnsupportedOpException;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.Graph;
import dev.kerf.graph.SourceOp.WeightExpr;
import dev.kerf.graph.SourceOp;
import dev.kerf.graph.StateOp;
import dev.kerf.graph.TensorType;
import dev.kerf.graph.plan.Fusion;
import dev.kerf.graph.plan.MemoryPlan;
import dev.kerf.graph.plan.Work;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** Makes a {@link Program} of a graph: fuses it, plans memory, places operands, builds kernels. Used once. */
final class CpuCompilation implements MemoryPlan.Rules {
    private final CpuDevice device;
    private final CpuWeights weights;
    private final CompileOptions options;
    private final Graph graph;
    private final Map<String, Value> kept;
    private final Map<Integer, KernelFamily> family = new HashMap<>();
    private final List<KernelFamily> families = families();
    private final Map<Integer, Tail> tails;
    private final Map<Integer, Intake> intakes;
    private final Map<Integer, Integer> heads;
    /** Nodes that were made: the recorded ones that they are part of. */
    private final Map<Integer, Integer> parts = new HashMap<>();
    private final Operand[] operands;
    private final Set<WeightExpr> used = new LinkedHashSet<>();
    private final Faults faults = new Faults();
    /** What is computed at once, by the last node. */
    private final Map<Integer, Compound> compounds = new HashMap<>();
    /** Nodes that are computed by another, which alone reads their results: that one, by their id. */
    private final Map<Integer, Node> runners = new HashMap<>();
    private MemoryPlan plan;
    private Object[] buffers;
    private long accounted;
    private long constantBytes;

    CpuCompilation(CpuDevice device, Graph recorded, CpuWeights weights, CompileOptions options) {
        this.device = device;
        this.weights = weights;
        this.options = options;
        Graph plain = options.fuse()
                ? Fusion.fuse(recorded, options.keepStages())
                : Fusion.prune(recorded, options.keepStages());
        Collection<Value> stay = plain.kept(options.keepStages()).values();
        boolean merge = options.fuse() && Vectors.present();
        Intakes.Found sums = merge
                ? Intakes.of(Absorption.of(plain, stay, parts), stay, families, parts)
                : new Intakes.Found(plain, Map.of());
        Tails.Found found = merge ? Tails.of(sums.graph(), stay, families) : new Tails.Found(plain, Map.of(), Map.of());
        this.graph = found.graph();
        this.tails = found.tails();
        this.intakes = sums.intakes();
        this.heads = found.heads();
        this.kept = graph.kept(options.keepStages());
        this.operands = new Operand[graph.values()];
        if (weights == null && !graph.weights().isEmpty()) {
            throw new BadInputException("the graph needs weights (" + graph.weights().getFirst().tensors()
                    + " …), none were given");
        }
    }

    Program compile() {
        for (Node n : graph.nodes()) {
            if (!(n.op() instanceof SourceOp)) {
                family.put(n.id(), families.stream().filter(f -> f.takes(n)).findFirst()
                        .orElseThrow(() -> new UnsupportedOpException("the cpu back end can't do node " + n)));
            }
        }
        if (options.fuse()) {
            graph.nodes().reversed().forEach(this::merge);
        }
        plan = MemoryPlan.of(graph, kept.values(), this);
        if (options.memoryLimit() > 0 && plan.totalBytes() > options.memoryLimit()) {
            throw new DeviceException("compile", 3, "MEMORY_LIMIT", "of a graph of " + graph.nodes().size() + " nodes",
                    "activations take " + plan.totalBytes() + " bytes, the limit is " + options.memoryLimit(), true);
        }
        try {
            return build();
        } catch (Throwable t) {
            device.account(-accounted);
            throw t;
        }
    }

    /** Has a node compute those before it whose results only it reads and needn't be anywhere; the last come first, which compute more. */
    private void merge(Node n) {
        if (runners.containsKey(n.id())) {
            return;
        }
        Predicate<Value> free = v -> kept.values().stream().noneMatch(k -> k.id() == v.id());
        for (KernelFamily f : families) {
            Compound c = f.compound(n, graph, free, device.workers().count());
            if (c != null && !updates(c, n)) {
                compounds.put(n.id(), c);
                c.before().forEach(b -> runners.put(b.id(), n));
                return;
            }
        }
    }

    /** Whether a state is given new contents in between, which the first nodes must not see. */
    private boolean updates(Compound c, Node last) {
        int first = c.before().stream().mapToInt(b -> graph.position(b.id())).min().orElse(0);
        return graph.nodes().subList(first, graph.position(last.id())).stream().anyMatch(n -> n.op() instanceof StateOp);
    }

    private Program build() {
        buffers = new Object[plan.buffers().size()];
        long activations = 0;
        for (int i = 0; i < buffers.length; i++) {
            MemoryPlan.Buffer b = plan.buffers().get(i);
            DType dtype = representative(ArrayKind.values()[b.pool()]);
            buffers[i] = allocate(dtype, Math.ceilDiv(b.bytes(), dtype.bytes()));
            activations += Math.ceilDiv(b.bytes(), dtype.bytes()) * dtype.bytes();
        }
        Map<String, Operand> inputs = new LinkedHashMap<>();
        Map<String, Operand> states = new LinkedHashMap<>();
        Map<String, Operand> outputs = new LinkedHashMap<>();
        graph.inputs().forEach((name, v) -> inputs.put(name, operand(v)));
        graph.states().forEach((name, v) -> states.put(name, operand(v)));
        List<Program.Step> steps = new ArrayList<>();
        for (Node n : graph.nodes()) {
            if (runners.containsKey(n.id())) {
                continue;
            }
            n.outputs().forEach(this::operand);
            List<Kernel> kernels = new ArrayList<>();
            Compound compound = compounds.get(n.id());
            if (compound != null) {
                kernels.add(compound.build(NodeSite::new));
            } else if (!(n.op() instanceof SourceOp) && !plan.elided(n)) {
                kernels.addAll(family.get(n.id()).build(new NodeSite(n)));
            }
            for (Value v : n.outputs()) {
                countChecks(n, v, kernels);
            }
            if (!kernels.isEmpty()) {
                String algorithm = n.op() instanceof SourceOp || plan.elided(n)
                        ? "count check"
                        : compound != null ? compound.algorithm() : family.get(n.id()).algorithm(n);
                steps.add(new Program.Step(recorded(n), algorithm, List.copyOf(kernels), work(n, compound)));
            }
        }
        kept.forEach((name, v) -> outputs.put(name, dense(v)));
        List<Operand> all = new ArrayList<>();
        for (Operand o : operands) {
            if (o != null) {
                all.add(o);
            }
        }
        return new Program(inputs, outputs, states, all, steps, faults, used, options.profile(), activations,
                plan.unsharedBytes(), constantBytes);
    }

    /** What a node can't do without, with those that its kernel computes before it. */
    private Work work(Node n, Compound compound) {
        if (n.op() instanceof SourceOp || plan.elided(n)) {
            return Work.NONE;
        }
        return Work.of(compound == null ? List.of(n) : Stream.concat(compound.before().stream(), Stream.of(n)).toList());
    }

    /** A node under the id of the recorded one that it is part of. */
    private Node recorded(Node n) {
        return parts.containsKey(n.id()) ? new Node(parts.get(n.id()), n.name(), n.op(), n.inputs(), n.outputs()) : n;
    }

    private Tail tail(Node n) {
        return tails.getOrDefault(n.id(), Tail.NONE);
    }

    private Object allocate(DType dtype, long elements) {
        Object a = device.array(dtype, elements);
        accounted += elements * dtype.bytes();
        return a;
    }

    private static DType representative(ArrayKind s) {
        return switch (s) {
            case FLOATS -> DType.F32;
            case INTS -> DType.I32;
            case LONGS -> DType.I64;
            case SHORTS -> DType.I16;
            case BYTES -> DType.U8;
            case DOUBLES -> DType.F64;
        };
    }

    /** The count that readers loop to must be within their capacity; kernels clamp it, this notes the fault. */
    private void countChecks(Node n, Value count, List<Kernel> kernels) {
        long capacity = graph.countReaders(count).stream()
                .mapToLong(v -> v.type().shape().dim(v.countAxis()))
                .min()
                .orElse(-1);
        if (capacity >= 0) {
            kernels.add(new CountCheck(n.name(), operand(count), capacity, faults));
        }
    }

    private Operand operand(Value v) {
        if (operands[v.id()] == null) {
            operands[v.id()] = place(v);
        }
        return operands[v.id()];
    }

    /** The operand with its numbers there, where they are known now. */
    private Operand dense(Value v) {
        Operand o = operand(v);
        Value source = plan.source(v);
        if (source != null && graph.producer(source).op() instanceof SourceOp.Weight w
                && operand(source).array() == null) {
            used.add(w.expr());
            operand(source).place(weights.dense(w.expr()), 0, (int) Operand.itemElements(w.type()));
        }
        return o;
    }

    private Operand place(Value v) {
        Operand count = v.count() == null ? null : operand(v.count());
        MemoryPlan.Place p = plan.place(v);
        int bytes = v.type().dtype().bytes();
        if (p.buffer() >= 0) {
            Operand o = new Operand(v.type(), count);
            o.place(buffers[p.buffer()], (int) (p.offsetBytes() / bytes), (int) p.batchStride());
            return o;
        }
        Value source = plan.source(v);
        if (source.id() != v.id()) {
            return new Operand(v.type(), count, operand(source), (int) (p.offsetBytes() / bytes),
                    (int) p.batchStride());
        }
        Operand o = new Operand(v.type(), count);
        switch (graph.producer(v).op()) {
            case SourceOp.Input in -> o.place(allocate(v.type().dtype(), v.type().shape().elements()), 0,
                    (int) Operand.itemElements(v.type()));
            case SourceOp.Constant c -> {
                o.place(constant(c.value()), 0, (int) Operand.itemElements(v.type()));
                constantBytes += v.type().bytes();
            }
            default -> {}
        }
        return o;
    }

    private Object constant(HostTensor t) {
        Object array = allocate(t.dtype(), t.elements());
        ArrayKind.segment(array).copyFrom(t.data());
        return array;
    }

    @Override
    public long elementBytes(Value v) {
        return v.type().dtype().bytes();
    }

    @Override
    public long scratchBytes(Node n) {
        return family.get(n.id()) == null || runners.containsKey(n.id()) ? 0 : 4 * scratchFloats(n);
    }

    private long scratchFloats(Node n) {
        int workers = device.workers().count();
        Compound compound = compounds.get(n.id());
        return compound != null ? compound.scratchFloats(workers) : family.get(n.id()).scratchFloats(n, tail(n), workers);
    }

    @Override
    public Node runner(Node n) {
        return runners.getOrDefault(n.id(), n);
    }

    @Override
    public boolean strided(Node n, Value v) {
        return family.get(n.id()) != null && !compounds.containsKey(runner(n).id()) && family.get(n.id()).strided(n, v);
    }

    @Override
    public long alignment() {
        return 64;
    }

    @Override
    public long maxAllocation() {
        return 4L * ArrayKind.MOST_ELEMENTS;
    }

    @Override
    public int pool(Value v) {
        return ArrayKind.of(v.type().dtype()).ordinal();
    }

    @Override
    public int scratchPool(Node n) {
        return ArrayKind.FLOATS.ordinal();
    }

    /** One node as its kernels' builder sees it. */
    private final class NodeSite implements Site {
        private final Node node;

        NodeSite(Node node) {
            this.node = node;
        }

        @Override
        public Node node() {
            return node;
        }

        @Override
        public Tail tail() {
            return CpuCompilation.this.tail(node);
        }

        @Override
        public RowMaker rows() {
            return LightKernels.rows(this);
        }

        @Override
        public Intake intake() {
            return intakes.getOrDefault(heads.getOrDefault(node.id(), node.id()), Intake.NONE);
        }

        @Override
        public Operand operand(int i) {
            return dense(node.input(i));
        }

        @Override
        public Operand result(int i) {
            return CpuCompilation.this.operand(node.outputs().get(i));
        }

        @Override
        public boolean fixed(int i) {
            return node.input(i).type().dtype() == DType.F32
                    && (graph.producer(node.input(i)).op() instanceof SourceOp.Weight
                            || graph.producer(node.input(i)).op() instanceof SourceOp.Constant);
        }

        @Override
        public float[] packed(int i, String layout, Packer packing) {
            return switch (graph.producer(node.input(i)).op()) {
                case SourceOp.Weight w -> {
                    used.add(w.expr());
                    yield weights.packed(w.expr(), layout, packing);
                }
                case SourceOp.Constant c -> {
                    float[] made = packing.pack(c.value().toFloatArray(), c.value().shape());
                    constantBytes += 4L * made.length;
                    accounted += 4L * made.length;
                    device.account(4L * made.length);
                    yield made;
                }
                default -> throw new UnsupportedOpException("cpu: operand " + i + " of " + node
                        + " must be a weight or a constant, it is computed at run time");
            };
        }

        @Override
        public Operand scratch() {
            MemoryPlan.Place p = plan.scratch(node);
            if (p == null) {
                return null;
            }
            long floats = scratchFloats(node);
            Operand o = new Operand(TensorType.f32(floats), null);
            o.place(buffers[p.buffer()], (int) (p.offsetBytes() / 4), 1);
            return o;
        }

        @Override
        public Faults faults() {
            return faults;
        }

        @Override
        public int workers() {
            return device.workers().count();
        }

        @Override
        public boolean vectors() {
            return Vectors.present();
        }
    }

    /** All kernels, the preferred first. The dense ones are nothing but vectors: without the module their classes must not load. */
    private static List<KernelFamily> families() {
        return Vectors.present() ? List.of(new DenseKernels(), new LightKernels(true)) : List.of(new LightKernels(false));
    }
}
