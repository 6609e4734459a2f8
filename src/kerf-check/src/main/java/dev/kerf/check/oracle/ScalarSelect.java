package dev.kerf.check.oracle;

import dev.kerf.error.BadInputException;
import dev.kerf.error.CapacityExceededException;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.SelectOp;
import dev.kerf.graph.StateOp;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** Ops with a count, and updates of states. */
final class ScalarSelect {
    private ScalarSelect() {}

    static void run(SelectOp op, Node n, Wide x, Wide first, Wide second) {
        switch (op) {
            case SelectOp.Compact c -> compact(c, n, x, first, second);
            case SelectOp.TopK k -> topK(k, x, first, second);
            case SelectOp.Rank r -> rank(r, n, x, first, second);
        }
    }

    private static void compact(SelectOp.Compact op, Node n, Wide scores, Wide indices, Wide count) {
        int found = 0;
        for (int i = 0; i < scores.valid(0, 0); i++) {
            if (scores.v()[i] > op.threshold()) {
                if (found < op.capacity()) {
                    indices.v()[found] = i;
                }
                found++;
            }
        }
        if (found > op.capacity()) {
            throw new CapacityExceededException(
                    "node " + n.name() + ": " + found + " elements pass, its capacity is " + op.capacity());
        }
        count.v()[0] = found;
    }

    private static void topK(SelectOp.TopK op, Wide x, Wide y, Wide indices) {
        int n = x.dim(1);
        int at = 0;
        for (int b = 0; b < x.dim(0); b++) {
            int first = 0;
            for (int length : op.lengths(n)) {
                int[] order = order(x.v(), b * n, IntStream.range(first, first + length));
                for (int i = 0; i < Math.min(op.k(), length); i++) {
                    y.v()[at] = x.v()[b * n + order[i]];
                    indices.v()[at++] = order[i];
                }
                first += length;
            }
        }
    }

    private static void rank(SelectOp.Rank op, Node n, Wide x, Wide indices, Wide count) {
        int item = (int) x.type().shape().product(1, x.rank());
        for (int b = 0; b < x.dim(0); b++) {
            int first = b * item;
            int[] order = order(x.v(), first,
                    IntStream.range(0, item).filter(i -> x.isValid(first + i) && x.v()[first + i] > op.threshold()));
            if (order.length > op.capacity()) {
                throw new CapacityExceededException(
                        "node " + n.name() + ": " + order.length + " elements pass, its capacity is " + op.capacity());
            }
            for (int i = 0; i < order.length; i++) {
                indices.v()[b * op.capacity() + i] = order[i];
            }
            count.v()[b] = order.length;
        }
    }

    /** Largest first, NaN before all numbers, −0 like 0; the sort is stable. */
    private static int[] order(double[] v, int first, IntStream indices) {
        return indices.boxed()
                .sorted(Comparator.comparing((Integer i) -> v[first + i] + 0.0, Comparator.reverseOrder()))
                .mapToInt(i -> i)
                .toArray();
    }

    static void update(StateOp op, Node n, List<Wide> in) {
        double[] state = in.getFirst().v();
        double[] value = in.get(1).v();
        switch (op) {
            case StateOp.Assign a -> System.arraycopy(value, 0, state, 0, state.length);
            case StateOp.WriteSlot w -> {
                int slot = (int) in.get(2).v()[0];
                int slots = in.getFirst().dim(0);
                if (slot < 0 || slot >= slots) {
                    throw new BadInputException(
                            "node " + n.name() + ": slot " + slot + " is outside 0 … " + (slots - 1));
                }
                System.arraycopy(value, 0, state, slot * value.length, value.length);
            }
        }
    }
}
