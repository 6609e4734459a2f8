package dev.kerf.check.op;

import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MatrixOp;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.ReduceOp.Reduction;
import dev.kerf.graph.ReduceOp;
import dev.kerf.graph.SelectOp;
import dev.kerf.graph.StateOp;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.Shape;
import java.util.Arrays;
import java.util.List;

/** What moves and counts elements. */
final class MoveCases {
    private MoveCases() {}

    static void moves(List<OpCase> cases) {
        for (int a = 0; a < 3; a++) {
            int axis = a;
            cases.add(new OpCase("concat axis " + a, 1, c -> {
                long[] first = {2, 3, 5};
                long[] second = {2, 3, 5};
                second[axis] = 4;
                c.out(c.graph().concat(axis, c.x(first), c.x(second), c.x(first)));
                c.out(c.graph().concat(axis, c.whole(DType.U8, 255, first), c.whole(DType.U8, 255, second)));
            }));
            cases.add(new OpCase("slice axis " + a, 1, c -> {
                c.out(c.apply(new MoveOp.Slice(axis, 1, 6, 2), c.x(7, 6, 9)));
                c.out(c.apply(new MoveOp.Slice(axis, 2, 5, 1), c.whole(DType.I32, 99, 7, 6, 9)));
                c.out(c.graph().relu(c.apply(new MoveOp.Slice(axis, 1, 4, 1), c.graph().relu(c.x(5, 6, 7)))));
            }));
        }
        for (List<Integer> order : List.of(List.of(0, 2, 3, 1), List.of(0, 3, 1, 2), List.of(3, 2, 1, 0),
                List.of(2, 0, 1, 3), List.of(0, 1, 3, 2))) {
            cases.add(new OpCase("permute " + order, 1, c -> {
                c.out(c.apply(new MoveOp.Permute(order), c.x(2, 3, 67, 5)));
                c.out(c.apply(new MoveOp.Permute(order), c.whole(DType.U8, 255, 2, 3, 5, 7)));
            }));
        }
        for (MoveOp.PadMode mode : MoveOp.PadMode.values()) {
            cases.add(new OpCase("pad " + mode, 1, c -> {
                c.out(c.apply(new MoveOp.Pad(List.of(0L, 1L, 3L, 2L), List.of(1L, 0L, 2L, 4L), mode, 1.5), c.x(2, 3, 5, 7)));
                c.out(c.apply(new MoveOp.Pad(List.of(2L), List.of(3L), mode, 7), c.whole(DType.U8, 255, 4)));
            }));
        }
        cases.add(new OpCase("reshape, expand", 1, c -> {
            c.out(c.graph().reshape(c.x(4, 6), 3, 8));
            c.out(c.apply(new MoveOp.Expand(Shape.of(2, 4, 5, 6)), c.x(4, 1, 6)));
            c.out(c.apply(new MoveOp.Expand(Shape.of(3, 7)), c.whole(DType.I32, 9, 1)));
        }));
        cases.add(new OpCase("gather", 1, c -> {
            c.out(c.apply(new MoveOp.Gather(), c.x(5, 3), c.ints(Shape.of(2, 2), 4, 0, 0, 3)));
            c.out(c.apply(new MoveOp.Gather(), c.whole(DType.U8, 255, 9), c.ints(Shape.of(), 7)));
        }));
        cases.add(new OpCase("gather of several", 1, c -> {
            Value index = c.ints(Shape.of(2, 3), 4, 0, 0, 3, 2, 4);
            c.graph().add(new MoveOp.Gather(3), c.x(5, 3), c.whole(DType.I32, 99, 6), c.x(7, 2, 4), index).forEach(c::out);
            c.graph().add(new MoveOp.Gather(2), c.whole(DType.U8, 255, 9), c.x(5), index).forEach(c::out);
            Value picked = c.graph().add(new SelectOp.Compact(0.2f, 97), c.x(97)).getFirst();
            for (int i = 1; i < 5; i++) {
                c.out(c.apply(new MoveOp.Gather(), c.x(97, i), picked));
            }
        }));
    }

    static void counts(List<OpCase> cases) {
        for (int n : new int[] {0, 1, 4, 5}) {
            cases.add(new OpCase("a count of " + n + " of 5", 64, c -> {
                GraphBuilder g = c.graph();
                Value count = c.ints(Shape.of(), n);
                Value x = c.counted(count, 5, 6);
                Value y = g.linear(g.layerNorm(g.add(g.relu(x), c.x(6)), c.w(6), c.w(6), 1, 1e-2), c.w(4, 6), c.w(4));
                c.out(g.softmax(y, 1));
                c.out(g.softmax(x, 0));
                c.out(c.apply(new ReduceOp.Reduce(Reduction.SUM, List.of(0), false), y));
                c.out(c.apply(new ReduceOp.Reduce(Reduction.MAX, List.of(0), false), y));
                c.out(c.apply(new ReduceOp.Reduce(Reduction.SUM, List.of(1), false), y));
            }));
        }
        cases.add(new OpCase("a count for each item", 64, c -> {
            GraphBuilder g = c.graph();
            Value count = c.ints(Shape.of(3), 4, 0, 2);
            Value x = c.counted(count, 3, 4, 5);
            Value y = g.multiply(x, g.constant(2f));
            c.out(y);
            c.out(g.softmax(y, 1));
            c.out(c.apply(new ReduceOp.Reduce(Reduction.SUM, List.of(1), false), y));
            c.out(c.apply(new ReduceOp.Reduce(Reduction.MIN, List.of(1, 2), false), y));
        }));
        cases.add(new OpCase("attention over counted keys", 64, c -> {
            Value count = c.ints(Shape.of(2, 2), 7, 0, 1, 5);
            c.out(c.apply(new MatrixOp.Attention(0.5f, false), c.x(2, 2, 5, 6), c.counted(count, 2, 2, 7, 6),
                    c.x(2, 2, 7, 6)));
        }));
        cases.add(new OpCase("compact and gather", 8, c -> {
            List<Value> picked = c.graph().add(new SelectOp.Compact(0.2f, 40), c.x(97));
            Value rows = c.apply(new MoveOp.Gather(), c.x(97, 3), picked.get(0));
            c.out(picked.get(0));
            c.out(picked.get(1));
            c.out(rows);
            c.out(c.graph().relu(rows));
            c.out(c.apply(new ReduceOp.Reduce(Reduction.MEAN, List.of(0), false), rows));
        }));
    }

    /** Each run continues where the one before it ended. */
    static void states(List<OpCase> cases) {
        for (long[] d : new long[][] {{1}, {5, 67}, {2, 3, 5, 7}}) {
            cases.add(new OpCase("assign " + Shape.of(d), 8, c -> {
                GraphBuilder g = c.graph();
                Value state = c.state(d);
                c.out(g.relu(state));
                Value after = c.apply(new StateOp.Assign(), state, g.add(g.multiply(state, c.x(d)), c.x(d)));
                c.out(g.relu(after));
                after = c.apply(new StateOp.Assign(), after, c.x(d));
                c.out(g.add(after, g.constant(1f)));
            }));
        }
        for (long[] d : new long[][] {{1, 1}, {4, 33}, {9, 5, 7}}) {
            cases.add(new OpCase("write_slot " + Shape.of(d), 8, c -> {
                GraphBuilder g = c.graph();
                long[] slot = Arrays.copyOfRange(d, 1, d.length);
                Value state = c.state(d);
                Value largest = c.apply(new ReduceOp.Reduce(ReduceOp.Reduction.MAX, List.of(0), false), state);
                int last = (int) d[0] - 1;
                Value after = c.apply(new StateOp.WriteSlot(), state, g.add(largest, c.x(slot)), c.ints(Shape.of(), last));
                c.out(g.relu(after));
                after = c.apply(new StateOp.WriteSlot(), after, c.x(slot), c.ints(Shape.of(), last / 2));
                c.out(g.relu(after));
            }));
        }
    }
}
