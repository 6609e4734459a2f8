package dev.kerf.check.oracle;

import dev.kerf.graph.ReduceOp;
import java.util.Arrays;

/** Reductions. */
final class ScalarReduce {
    private ScalarReduce() {}

    static void run(ReduceOp op, Wide x, Wide y) {
        switch (op) {
            case ReduceOp.Reduce r -> reduce(r, x, y);
            case ReduceOp.ArgMax a -> argMax(a, x, y);
        }
    }

    private static void reduce(ReduceOp.Reduce op, Wide x, Wide y) {
        int[] elements = new int[y.v().length];
        Arrays.fill(y.v(), switch (op.reduction()) {
            case SUM, MEAN -> 0;
            case MAX -> Double.NEGATIVE_INFINITY;
            case MIN -> Double.POSITIVE_INFINITY;
        });
        for (int i = 0; i < x.v().length; i++) {
            if (!x.isValid(i)) {
                continue;
            }
            int to = 0;
            int rest = i;
            int step = 1;
            for (int axis = x.rank() - 1; axis >= 0; axis--) {
                if (!op.axes().contains(axis)) {
                    to += rest % x.dim(axis) * step;
                    step *= x.dim(axis);
                }
                rest /= x.dim(axis);
            }
            elements[to]++;
            y.v()[to] = switch (op.reduction()) {
                case SUM, MEAN -> y.v()[to] + x.v()[i];
                case MAX -> Math.max(y.v()[to], x.v()[i]);
                case MIN -> Math.min(y.v()[to], x.v()[i]);
            };
        }
        if (op.reduction() == ReduceOp.Reduction.MEAN) {
            for (int i = 0; i < elements.length; i++) {
                y.v()[i] /= elements[i];
            }
        }
    }

    private static void argMax(ReduceOp.ArgMax op, Wide x, Wide y) {
        int size = x.dim(op.axis());
        int inner = (int) x.type().shape().product(op.axis() + 1, x.rank());
        for (int at = 0; at < y.v().length; at++) {
            int first = at / inner * size * inner + at % inner;
            int valid = x.valid(op.axis(), at / inner * size * inner);
            int best = 0;
            for (int i = 1; i < valid; i++) {
                double a = x.v()[first + i * inner];
                double b = x.v()[first + best * inner];
                if (a > b || a != a && b == b) {
                    best = i;
                }
            }
            y.v()[at] = best;
        }
    }
}
