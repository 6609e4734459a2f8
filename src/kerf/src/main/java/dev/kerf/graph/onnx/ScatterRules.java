package dev.kerf.graph.onnx;

import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.PointwiseOp.Arithmetic;
import dev.kerf.graph.PointwiseOp.Cast;
import dev.kerf.graph.PointwiseOp.Compare;
import dev.kerf.graph.PointwiseOp.Relation;
import dev.kerf.graph.PointwiseOp.Where;
import dev.kerf.graph.ReduceOp;
import dev.kerf.graph.ReduceOp.Reduction;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Elements put where indices say: each row of the result looks up which of the updates it gets. Where a run finds the indices,
 * every row is compared with every index.
 */
final class ScatterRules {
    /** Most comparisons of rows with indices that a run finds. */
    private static final long MOST = 1 << 24;

    private ScatterRules() {}

    static Map<String, Rule> rules() {
        return Map.of("ScatterElements", ScatterRules::elements, "Scatter", ScatterRules::elements,
                "ScatterND", ScatterRules::tuples);
    }

    private static void elements(Imported n) {
        Shape x = n.shape(0);
        long count = n.shape(1).elements();
        scatter(n, Shape.of(x.elements(), 1), Moves.reshape(n.g, GatherRules.elementIndices(n), Shape.of(count)));
    }

    private static void tuples(Imported n) {
        Shape x = n.shape(0);
        int depth = n.shape(1).size(-1);
        Operand rows = GatherRules.tupleIndices(n, 0);
        scatter(n, Shape.of(x.product(0, depth), x.product(depth, x.rank())),
                Moves.reshape(n.g, rows, Shape.of(rows.shape().elements())));
    }

    /** The first operand as rows, those of the third put where indices (K) say. */
    private static void scatter(Imported n, Shape rows, Operand index) {
        Shape x = n.shape(0);
        long count = index.shape().elements();
        DType type = n.in(0).floating() ? DType.F32 : DType.I32;
        if (n.shape(2).elements() != count * rows.dim(1)) {
            throw n.bad("has " + n.shape(2).elements() + " elements for " + count + " places of " + rows.dim(1));
        }
        if (count == 0) {
            n.out(n.in(0));
            return;
        }
        Value data = n.g.reshape(n.in(0).as(type, n.g), rows.dims());
        Value updates = n.g.reshape(n.in(2).as(type, n.g), count, rows.dim(1));
        Arithmetic how = switch (n.text("reduction", "none")) {
            case "none" -> null;
            case "add" -> Arithmetic.ADD;
            case "mul" -> Arithmetic.MULTIPLY;
            case "max" -> Arithmetic.MAX;
            case "min" -> Arithmetic.MIN;
            default -> throw n.refuse("there is no reduction " + n.text("reduction", "none"));
        };
        HostTensor known = index.known();
        Value y = known != null
                ? known(n, data, updates, Host.longs(known), how)
                : found(n, data, updates, index.value(n.g), how);
        Value whole = n.g.reshape(y, x.dims());
        Value made = n.in(0).truth() ? n.add(new Cast(DType.U8), whole) : whole;
        if (n.in(0).count() == null) {
            n.whole(Operand.of(made)); // a count of the indices leaves places as they are
        } else {
            n.out(made);
        }
    }

    /** In as many rounds as the index occurs that occurs most; where nothing is reduced, the last one counts. */
    private static Value known(Imported n, Value data, Value updates, long[] index, Arithmetic how) {
        int rows = data.type().shape().size(0);
        int[] seen = new int[rows];
        int[] round = new int[index.length];
        int rounds = 0;
        for (int i = 0; i < index.length; i++) {
            round[i] = how == null ? 0 : seen[(int) index[i]]++;
            rounds = Math.max(rounds, round[i] + 1);
        }
        Value y = data;
        for (int r = 0; r < rounds; r++) {
            int[] from = new int[rows];
            byte[] is = new byte[rows];
            for (int i = 0; i < index.length; i++) {
                if (round[i] == r) {
                    from[(int) index[i]] = i;
                    is[(int) index[i]] = 1;
                }
            }
            y = put(n, y, updates, n.g.constant(HostTensor.of(Shape.of(rows), from)),
                    n.g.constant(HostTensor.of(Shape.of(rows, 1), is)), how);
        }
        return y;
    }

    private static Value put(Imported n, Value data, Value updates, Value from, Value is, Arithmetic how) {
        Value picked = n.g.apply(new MoveOp.Gather(), updates, from);
        return n.add(new Where(), is, how == null ? picked : n.g.binary(how, data, picked), data);
    }

    /** Indices as a row, with one that leads nowhere in place of those past a count. */
    private static Value counted(Imported n, Value index, @Nullable Arithmetic how) {
        int count = index.type().shape().size(0);
        Value row = n.g.reshape(index, 1, count);
        if (index.count() == null) {
            return row;
        }
        if (how != null) {
            throw n.refuse("how many of its indices are valid is only known in a run, and it reduces");
        }
        int[] numbers = new int[count];
        Arrays.setAll(numbers, i -> i);
        Value valid = n.add(new Compare(Relation.LESS), n.g.constant(HostTensor.of(Shape.of(1, count), numbers)),
                n.g.reshape(index.count(), 1, 1));
        return n.add(new Where(), valid, row, GatherRules.whole(n, -1));
    }

    private static Value found(Imported n, Value data, Value updates, Value index, Arithmetic how) {
        int rows = data.type().shape().size(0);
        long count = index.type().shape().elements();
        if (rows * count > MOST) {
            throw n.refuse(
                    "its indices are only known in a run, and " + count + " of " + rows + " places are too many for that");
        }
        if (how != null && count > 1 && (how != Arithmetic.ADD || data.type().dtype() != DType.F32)) {
            throw n.refuse("its indices are only known in a run, and may name a place twice");
        }
        int[] numbers = new int[rows];
        Arrays.setAll(numbers, i -> i);
        Value same = n.add(new Compare(Relation.EQUAL), n.g.constant(HostTensor.of(Shape.of(rows, 1), numbers)),
                counted(n, index, how));
        Value ones = n.add(new Cast(DType.F32), same);
        if (how != null && count > 1) {
            return n.g.add(data, n.g.matMul(ones, updates));
        }
        Value any = n.add(new Cast(DType.U8), n.add(new ReduceOp.Reduce(Reduction.MAX, List.of(1), true), ones));
        return put(n, data, updates, n.add(new ReduceOp.ArgMax(1, DType.I32), ones), any, how);
    }
}
