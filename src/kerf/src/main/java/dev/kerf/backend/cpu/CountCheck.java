package dev.kerf.backend.cpu;

import dev.kerf.backend.cpu.kernel.Faults;
import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.backend.cpu.kernel.Operand;

/** Notes a count that is negative or larger than what it counts. */
final class CountCheck implements Kernel {
    private final String node;
    private final Operand count;
    private final long capacity;
    private final Faults faults;

    CountCheck(String node, Operand count, long capacity, Faults faults) {
        this.node = node;
        this.count = count;
        this.capacity = capacity;
        this.faults = faults;
    }

    @Override
    public int tasks() {
        return 1;
    }

    @Override
    public void run(int task, int worker) {
        int[] values = count.ints();
        for (int i = 0, n = (int) count.type().shape().elements(); i < n; i++) {
            int c = values[count.offset() + i];
            if (c < 0 || c > capacity) {
                faults.capacity(node, c, capacity);
            }
        }
    }
}
