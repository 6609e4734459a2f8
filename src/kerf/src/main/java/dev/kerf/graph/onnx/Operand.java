package dev.kerf.graph.onnx;

import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.PointwiseOp;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a name of an ONNX model stands for while it is recorded: numbers that are known, or a value of the graph. Numbers are
 * put into the graph where an op first takes them, an initializer as the weight of its name.
 *
 * <p>A graph has fewer element types: floating-point numbers of any width are float32 there, whole numbers int32 but for U8, and
 * truth values U8.
 */
final class Operand {
    /** Most elements of a weight that are computed with while recording, and not when weights are loaded. */
    private static final long SMALL = 4096;
    /** Most elements of what is computed with once and for all, though it is a weight: masks, biases by position. */
    private static final long FIXED = 1 << 20;

    private final @Nullable HostTensor known;
    private final @Nullable String weight;
    private final @Nullable Open open;
    private @Nullable Value value;

    private Operand(@Nullable HostTensor known, @Nullable String weight, @Nullable Value value, @Nullable Open open) {
        this.known = known;
        this.weight = weight;
        this.value = value;
        this.open = open;
    }

    /**
     * Extents of which one is a count that a run finds.
     *
     * @param extents with the capacity where the count stands
     * @param at      which of them it is
     * @param count   the count, int32 ()
     */
    record Open(List<Long> extents, int at, Value count) {
        /** Copies the list. */
        Open {
            extents = List.copyOf(extents);
        }

        /** With the capacity where the count stands. */
        Shape shape() {
            return Shape.of(extents.stream().mapToLong(e -> e).toArray());
        }

        /** What is left of them where others are taken: all known, or one of them the count still. */
        Operand take(long[] indices, GraphBuilder g) {
            List<Long> taken = new ArrayList<>();
            int where = -1;
            for (long i : indices) {
                where = i == at ? taken.size() : where;
                taken.add(extents.get((int) i));
            }
            return where < 0
                    ? of(Host.vector(taken.stream().mapToLong(e -> e).toArray()))
                    : new Open(taken, where, count).operand(g);
        }

        /** A vector in the graph. */
        Operand operand(GraphBuilder g) {
            Value[] parts = new Value[extents.size()];
            for (int i = 0; i < parts.length; i++) {
                parts[i] = i == at
                        ? g.reshape(count, 1)
                        : g.constant(HostTensor.of(Shape.of(1), new int[] {Math.toIntExact(extents.get(i))}));
            }
            return new Operand(null, null, parts.length == 1 ? parts[0] : g.concat(0, parts), this);
        }
    }

    /** Numbers that are known. */
    static Operand of(HostTensor known) {
        return new Operand(known, null, null, null);
    }

    /** An initializer. */
    static Operand of(HostTensor known, String name) {
        return new Operand(known, known.dtype().floating() ? name : null, null, null);
    }

    /** A value of the graph. */
    static Operand of(Value value) {
        return new Operand(null, null, value, null);
    }

    /** A value that is made of extents, one of which is a count: another form of them. */
    static Operand of(Value value, @Nullable Open open) {
        return new Operand(null, null, value, open);
    }

    /** The extents that it says, if one of them is a count. */
    @Nullable
    Open open() {
        return open;
    }

    /** The numbers, if they are known. */
    @Nullable
    HostTensor known() {
        return known;
    }

    /** Whether it is a weight of several numbers: it stays one, of whatever floating-point type the file has it. */
    boolean named() {
        return weight != null && known != null && known.elements() > 1;
    }

    /** Whether it is known and no larger than what constants may be: what is made of such alone needs no run. */
    boolean fixed() {
        return known != null && known.elements() <= FIXED;
    }

    /** Whether what is made of it is to be computed while recording. */
    boolean onHost() {
        return known != null && (weight == null || known.elements() <= SMALL);
    }

    /** How many rows are valid, if that is only known in a run. */
    @Nullable
    Value count() {
        return value == null ? null : value.count();
    }

    Shape shape() {
        return type().shape();
    }

    /** Element type and extents as the file has them, or as the graph has where nothing is known. */
    TensorType type() {
        return known != null ? new TensorType(known.dtype(), known.shape()) : graphValue().type();
    }

    boolean floating() {
        return type().dtype().floating();
    }

    /** Whether it is of truth values, or of bytes that may stand for them. */
    boolean truth() {
        return type().dtype() == DType.BOOL || known == null && type().dtype() == DType.U8;
    }

    private Value graphValue() {
        if (value == null) {
            throw new IllegalStateException("neither known nor recorded");
        }
        return value;
    }

    /** It as a value of the graph, in the graph's type for it. */
    Value value(GraphBuilder g) {
        if (value == null && known != null) {
            DType to = graphType(known.dtype());
            // A single number may be a factor or an epsilon of what is recognised and fused.
            value = weight != null && known.elements() != 1
                    ? g.weight(weight, known.shape())
                    : g.constant(Host.cast(known, to));
        }
        return graphValue();
    }

    /** The graph's element type for one of ONNX. */
    static DType graphType(DType t) {
        return t.floating() ? DType.F32 : t == DType.BOOL || t == DType.U8 ? DType.U8 : DType.I32;
    }

    /** It as a value of a type of the graph: float32, int32 or U8. */
    Value as(DType to, GraphBuilder g) {
        if (onHost() && known != null && graphType(known.dtype()) != to) {
            return g.constant(Host.cast(known, to));
        }
        Value v = value(g);
        return v.type().dtype() == to ? v : g.apply(new PointwiseOp.Cast(to), v);
    }

    @Override
    public String toString() {
        return type().toString();
    }
}
