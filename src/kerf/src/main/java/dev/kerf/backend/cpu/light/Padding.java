package dev.kerf.backend.cpu.light;

import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.backend.cpu.kernel.Operand;
import dev.kerf.graph.MoveOp;
import dev.kerf.tensor.Shape;

/** Elements added around the operand, row by row of the last axis. */
final class Padding implements Kernel {
    private final MoveOp.PadMode mode;
    private final double value;
    private final Operand x;
    private final Operand y;
    private final int[] sizes;
    private final int[] results;
    private final int[] before;
    private final int rows;
    private final int last;

    Padding(MoveOp.Pad op, Operand x, Operand y) {
        this.mode = op.mode();
        this.value = op.value();
        this.x = x;
        this.y = y;
        // A scalar is a row of one.
        Shape from = x.type().shape().rank() == 0 ? Shape.of(1) : x.type().shape();
        Shape to = y.type().shape().rank() == 0 ? Shape.of(1) : y.type().shape();
        this.last = from.rank() - 1;
        this.sizes = new int[from.rank()];
        this.results = new int[from.rank()];
        this.before = new int[from.rank()];
        for (int i = 0; i <= last; i++) {
            sizes[i] = from.size(i);
            results[i] = to.size(i);
            before[i] = op.before().isEmpty() ? 0 : Math.toIntExact(op.before().get(i));
        }
        this.rows = (int) to.product(0, last);
    }

    @Override
    public int tasks() {
        return results[last] == 0 ? 0 : Split.tasks(rows, results[last]);
    }

    @Override
    public void run(int task, int worker) {
        int tasks = tasks();
        for (int row = Split.first(task, tasks, rows); row < Split.first(task + 1, tasks, rows); row++) {
            row(source(row), y.offset() + row * results[last]);
        }
    }

    /** The operand's row for a row of the result; negative for none. */
    private int source(int row) {
        int rest = row;
        int from = 0;
        int step = 1;
        for (int axis = last - 1; axis >= 0; axis--) {
            int i = map(rest % results[axis] - before[axis], sizes[axis]);
            if (i < 0) {
                return -1;
            }
            from += i * step;
            step *= sizes[axis];
            rest /= results[axis];
        }
        return from;
    }

    private int map(int i, int size) {
        return switch (mode) {
            case CONSTANT -> i < size ? i : -1;
            case REPLICATE -> Math.clamp(i, 0, size - 1);
            case REFLECT -> i < 0 ? -i : i >= size ? 2 * (size - 1) - i : i;
        };
    }

    private void row(int source, int to) {
        int n = results[last];
        int size = sizes[last];
        int left = before[last];
        if (source < 0) {
            Elements.fill(y.array(), to, n, value);
            return;
        }
        int from = x.offset() + source * size;
        System.arraycopy(x.array(), from, y.array(), to + left, size);
        if (mode == MoveOp.PadMode.CONSTANT) {
            Elements.fill(y.array(), to, left, value);
            Elements.fill(y.array(), to + left + size, n - left - size, value);
            return;
        }
        for (int i = 0; i < left; i++) {
            System.arraycopy(x.array(), from + map(i - left, size), y.array(), to + i, 1);
        }
        for (int i = left + size; i < n; i++) {
            System.arraycopy(x.array(), from + map(i - left, size), y.array(), to + i, 1);
        }
    }
}
