package dev.kerf.backend.cpu.light;

import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.backend.cpu.kernel.Operand;
import dev.kerf.tensor.Shape;

/** Pairs of numbers, half a row apart, turned by the angles of their row. */
record Rotation(Operand x, Operand cosines, Operand sines, Operand y, Lanes lanes) implements Kernel {
    @Override
    public int tasks() {
        return Split.tasks(rows(), 2L * pairs());
    }

    private int rows() {
        Shape s = x.type().shape();
        return (int) s.product(0, s.rank() - 1);
    }

    private int pairs() {
        return cosines.type().shape().size(1);
    }

    @Override
    public void run(int task, int worker) {
        Shape s = x.type().shape();
        int each = s.rank() > 2 ? (int) s.product(1, s.rank() - 1) : rows();
        int angles = cosines.type().shape().size(0);
        int pairs = pairs();
        int tasks = tasks();
        for (int row = Split.first(task, tasks, rows()); row < Split.first(task + 1, tasks, rows()); row++) {
            int within = row % each;
            int angle = within % angles * pairs;
            turn(x.offset() + row / each * x.batchStride() + within * 2 * pairs, angle,
                    y.offset() + row / each * y.batchStride() + within * 2 * pairs, pairs);
        }
    }

    private void turn(int from, int angle, int to, int pairs) {
        lanes.rotate(x.floats(), from, from + pairs, cosines.floats(), cosines.offset() + angle, sines.floats(),
                sines.offset() + angle, y.floats(), to, to + pairs, pairs);
    }
}
