package dev.kerf.backend.gpu;

import dev.kerf.backend.Precision.Storage;
import dev.kerf.backend.gpu.kernel.Expression;
import dev.kerf.backend.gpu.kernel.KernelSource;
import dev.kerf.backend.gpu.kernel.Manifest;
import dev.kerf.backend.gpu.kernel.Packing;
import dev.kerf.backend.gpu.kernel.Sizes;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.LongFunction;

/**
 * One launch as the lowering wants it: a kernel with its parameters, and an operand for each of its arguments, still without
 * addresses. Made by {@link Target#call}. Each tensor argument {@code NAME} brings with it {@code NAME_off}, its first
 * element within the buffer, and {@code NAME_sn}, elements from one item of axis 0 to the next, where the kernel has them.
 *
 * <pre>{@code
 * target.call("softmax", Sizes.of().set("outer", 8).set("n", 100).set("inner", 1))
 *         .attribute("HAS_COUNT", 0)
 *         .tensor("x", node.input(0))
 *         .tensor("y", node.output());
 * }</pre>
 */
public final class KernelCall {
    /** What an argument is bound to. */
    public sealed interface Binding {
        /** A value where the memory plan puts it, or a weight in a layout. */
        record Tensor(Value value, Packing packing) implements Binding {}

        /** The node's scratch memory from some byte on. */
        record Scratch(long offset, long bytes) implements Binding {}

        /** A number; int, long or float as the manifest says. */
        record Number(double real, long whole) implements Binding {}

        /** A buffer that the kernel doesn't touch. */
        record Absent() implements Binding {}

        /** Numbers that the lowering worked out; the executable uploads them once, in their own dtype. */
        record Table(HostTensor values) implements Binding {}

        /** Numbers made of the distance between a tensor argument's items, once the memory plan knows it. */
        record Starts(String tensor, LongFunction<HostTensor> values) implements Binding {}

        /** The executable's error cell. */
        record Errors() implements Binding {}

        /** A place that the executable knows. */
        non-sealed interface Place extends Binding {}
    }

    /** Bytes that parts of scratch memory are aligned to. */
    private static final long ALIGNMENT = 256;

    private final Manifest kernel;
    private final Set<String> chosenBy;
    private final Map<String, Long> formulaNames;
    private final Map<String, Long> parameters;
    private final Map<String, String> definitions = new LinkedHashMap<>();
    private final Map<String, Binding> operands = new LinkedHashMap<>();
    private final Set<String> dense = new HashSet<>();
    private final Storage storage;
    private boolean wide;
    private boolean narrow;
    private boolean shortAddend;

    KernelCall(Manifest kernel, Map<String, Long> parameters, Map<String, Long> names, Storage storage) {
        this.kernel = kernel;
        this.parameters = Collections.unmodifiableMap(new LinkedHashMap<>(parameters));
        this.chosenBy = Set.copyOf(names.keySet());
        this.formulaNames = new LinkedHashMap<>(names);
        formulaNames.putAll(parameters);
        parameters.forEach((name, value) -> definitions.put(name, String.valueOf(value)));
        // What has no numbers that are stored in several ways is the same kernel for all.
        this.storage = kernel.storages().contains(storage) ? storage : Storage.F32;
        definitions.put(KernelSource.STORAGE, String.valueOf(this.storage.code()));
        if (kernel.attributes().contains(KernelSource.ARITHMETIC)) {
            attribute(KernelSource.ARITHMETIC, names.get("tf32"));
        }
        if (widens()) {
            attribute(KernelSource.WIDE, 0);
        }
        if (narrows()) {
            attribute(KernelSource.NARROW, 0);
        }
        long dynamic = kernel.dynamic().value(formulaNames);
        if (dynamic > 0) {
            definitions.put(KernelSource.DYNAMIC_LOCAL, String.valueOf(dynamic));
        }
        for (Manifest.Argument a : kernel.arguments()) {
            Long size = names.get(a.name());
            if (!a.pointer() && size != null) {
                operands.put(a.name(), new Binding.Number(size, size));
            }
        }
        kernel.given().forEach(this::give);
    }

    /** Whether the kernel can write float32 and add it while its operands are stored in 16 bits. */
    public boolean widens() {
        return kernel.attributes().contains(KernelSource.WIDE);
    }

    /** Whether the kernel can read float32 while its result is stored in 16 bits. */
    public boolean narrows() {
        return kernel.attributes().contains(KernelSource.NARROW);
    }

    /** Says what {@code x} is stored as, which is float32 for a result of 16 bits only where the kernel {@link #narrows}. */
    KernelCall reads(DType dtype) {
        narrow = dtype == DType.F32 && storage != Storage.F32;
        return narrow && narrows() ? attribute(KernelSource.NARROW, 1) : this;
    }

    /** Says what {@code y} and {@code r} are stored as, which is float32 of 16 bits only where the kernel {@link #widens}. */
    KernelCall writes(DType dtype) {
        wide = dtype == DType.F32 && storage != Storage.F32;
        return wide && widens() ? attribute(KernelSource.WIDE, 1) : this;
    }

    /** Says that {@code r} is stored as the other operands are, whatever {@code y} is: for a kernel that asks which. */
    KernelCall addsShort() {
        shortAddend = true;
        return this;
    }

    /** The C type of a pointer argument's elements in this launch; {@code real} only where it isn't float. */
    public String type(Manifest.Argument argument) {
        String type = definitions.getOrDefault(argument.element(), argument.element());
        boolean single = storage == Storage.F32 || narrow && argument.name().equals("x")
                || wide && (argument.name().equals("y") || argument.name().equals("r") && !shortAddend);
        return type.equals("real") && single ? "float" : type;
    }

    /** Bytes of an element of a C type as this launch has it. */
    public int bytes(String type) {
        return type.equals("real") ? storage.bytes() : Target.bytes(type);
    }

    /** What a weight is packed as for an argument of a C type. */
    public DType packed(String type) {
        return type.equals("real") ? storage.dtype() : DType.F32;
    }

    private void give(String argument, Manifest.Given given) {
        long value = given.value().value(formulaNames);
        switch (given.as()) {
            case NUMBER -> {
                formulaNames.put(argument, value);
                if (kernel.index(argument) >= 0) {
                    number(argument, value);
                }
            }
            case SCRATCH -> scratch(argument, nextScratch(0), value);
            case ZEROS -> table(argument, HostTensor.of(Shape.of(value), new int[Math.toIntExact(value)]));
        }
    }

    /** How its numbers are stored. */
    Storage storage() {
        return storage;
    }

    /** The kernel that was chosen: the one asked for or a variant. */
    public Manifest kernel() {
        return kernel;
    }

    /** The names that were known when it was chosen: those that conditions of tuned parameters may have. */
    public Set<String> chosenBy() {
        return chosenBy;
    }

    /** The value of a tunable parameter that was chosen; packings depend on these. */
    public int parameter(String name) {
        Long v = parameters.get(name);
        if (v == null) {
            throw new IllegalArgumentException(kernel.name() + " has no parameter " + name);
        }
        return Math.toIntExact(v);
    }

    /**
     * The numbers of the layout that the kernel chosen wants a weight in.
     *
     * @throws IllegalStateException if that isn't the layout that the lowering can make
     */
    public Map<String, Long> layout(String argument, String known) {
        Manifest.Layout layout = kernel.packing().get(argument);
        if (layout == null || !layout.name().equals(known)) {
            throw new IllegalStateException(kernel.name() + " wants " + argument + " as " + layout + ", not as " + known);
        }
        Map<String, Long> numbers = new LinkedHashMap<>();
        layout.numbers().forEach((name, formula) -> numbers.put(name, formula.value(formulaNames)));
        return numbers;
    }

    /** Fixes a definition to a number, which formulas see too. */
    public KernelCall attribute(String name, long value) {
        formulaNames.put(name, value);
        return attribute(name, String.valueOf(value));
    }

    /** Fixes a definition to a word, such as an element type. */
    public KernelCall attribute(String name, String text) {
        if (!kernel.attributes().contains(name)) {
            throw new IllegalArgumentException(kernel.name() + " has no attribute " + name);
        }
        definitions.put(name, text);
        return this;
    }

    /**
     * Binds an int argument named like an attribute, in lower case, and fixes the attribute where the kernel chosen has it:
     * for what one variant decides when it runs and another when it is compiled.
     */
    public KernelCall choice(String attribute, long value) {
        number(attribute.toLowerCase(Locale.ROOT), value);
        return kernel.attributes().contains(attribute) ? attribute(attribute, value) : this;
    }

    /** Binds a tensor argument. */
    public KernelCall tensor(String name, Value value) {
        return tensor(name, value, Packing.DENSE);
    }

    /** Binds a tensor argument to a weight or constant ({@link Target#fixed}) in a layout of the kernel's own. */
    public KernelCall tensor(String name, Value value, Packing packing) {
        return bind(name, new Binding.Tensor(value, packing));
    }

    /** Says that a tensor argument must be dense in this launch, though the kernel takes a distance between its items. */
    public KernelCall dense(String name) {
        dense.add(name);
        return this;
    }

    /** Binds a tensor argument to a place. */
    public KernelCall direct(String name, Binding.Place place) {
        return bind(name, place);
    }

    /** Whether the items of a value may lie apart, as far as this launch is concerned. */
    public boolean strided(Value value) {
        return argumentsOf(value).stream().allMatch(a -> (kernel.index(a + "_sn") >= 0 || started(a)) && !dense.contains(a));
    }

    /** Binds a tensor argument that this launch doesn't have: the kernel must not touch it. */
    public KernelCall absent(String name) {
        return bind(name, new Binding.Absent());
    }

    /** Binds a buffer argument to a part of the node's scratch memory, aligned by the caller to its elements. */
    public KernelCall scratch(String name, long offset, long bytes) {
        return bind(name, new Binding.Scratch(offset, bytes));
    }

    /** Binds a buffer argument to numbers worked out now, uploaded when the graph is compiled. */
    public KernelCall table(String name, HostTensor values) {
        return bind(name, new Binding.Table(values));
    }

    /**
     * Binds a buffer argument to numbers that say where the items of a tensor argument start, which then may lie apart.
     *
     * @param values the numbers, given the elements from an item of axis 0 to the next
     */
    KernelCall starts(String name, String tensor, LongFunction<HostTensor> values) {
        return bind(name, new Binding.Starts(tensor, values));
    }

    private boolean started(String tensor) {
        return operands.values().stream().anyMatch(o -> o instanceof Binding.Starts s && s.tensor().equals(tensor));
    }

    /** Binds every argument that isn't bound yet to what a call before this one of the same node binds by that name. */
    KernelCall after(KernelCall first) {
        for (Manifest.Argument a : kernel.arguments()) {
            Binding operand = first.operands.get(a.name());
            if (operand != null && operands.putIfAbsent(a.name(), operand) == null && operand instanceof Binding.Number n) {
                formulaNames.put(a.name(), n.whole());
            }
        }
        return this;
    }

    /** Binds an int or long argument. */
    public KernelCall number(String name, long value) {
        formulaNames.put(name, value);
        return bind(name, new Binding.Number(value, value));
    }

    /** Binds a float argument. */
    public KernelCall real(String name, double value) {
        return bind(name, new Binding.Number(value, 0));
    }

    /** Binds {@code errors} to the run's error cell and {@code node} to the node's id, for the RAISE macro. */
    public KernelCall errors(Node node) {
        return bind("errors", new Binding.Errors()).number("node", node.id());
    }

    /** Groups of the launch along an axis. */
    public long groups(int axis) {
        return extents(kernel.global())[axis] / extents(kernel.local())[axis];
    }

    /** Work-items along each axis, or of a group, for the sizes and parameters of this call. */
    public long[] extents(List<Expression> formulas) {
        return formulas.stream().mapToLong(f -> f.value(formulaNames)).toArray();
    }

    /**
     * Throws if a cost can't be worked out, or an attribute has a value that the manifest doesn't know: shown by the first
     * launch on whatever device, not by the first report that reads it or the first device that has shipped code alone.
     */
    public void check() {
        flops();
        bytes();
        if (wide && !widens() || narrow && !narrows()) {
            throw new IllegalStateException(kernel.name() + " has operands of two dtypes");
        }
        if (!kernel.allows(definitions)) {
            throw new IllegalStateException(kernel.name() + " isn't shipped with " + definitions
                    + ": add the values to its manifest's \"shipped\"");
        }
    }

    /** Arithmetic operations of a launch. */
    public long flops() {
        return kernel.flops().value(formulaNames);
    }

    /** Bytes that a launch has to read and write at least. */
    public long bytes() {
        return kernel.bytes().value(formulaNames);
    }

    /** Preprocessor definitions. */
    public Map<String, String> definitions() {
        return definitions;
    }

    /** The operand of an argument; null if it was left out. */
    public Binding operand(String argument) {
        return operands.get(argument);
    }

    /** The arguments that a value is bound to. */
    public List<String> argumentsOf(Value value) {
        List<String> names = new ArrayList<>();
        operands.forEach((name, operand) -> {
            if (operand instanceof Binding.Tensor t && t.value().id() == value.id()) {
                names.add(name);
            }
        });
        return names;
    }

    /** Bytes of scratch memory that this call reaches to. */
    public long scratchBytes() {
        return operands.values().stream()
                .mapToLong(o -> o instanceof Binding.Scratch s ? s.offset() + s.bytes() : 0)
                .max()
                .orElse(0);
    }

    /** Where scratch memory can begin that is neither this call's nor before a place. */
    long nextScratch(long from) {
        return Math.ceilDiv(Math.max(from, scratchBytes()), ALIGNMENT) * ALIGNMENT;
    }

    private KernelCall bind(String name, Binding operand) {
        if (kernel.index(name) < 0) {
            throw new IllegalArgumentException(kernel.name() + " has no argument " + name);
        }
        operands.put(name, operand);
        return this;
    }

    @Override
    public String toString() {
        return kernel.name() + " " + definitions + " " + operands;
    }
}
