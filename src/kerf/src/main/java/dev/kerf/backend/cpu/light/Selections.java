package dev.kerf.backend.cpu.light;

import dev.kerf.backend.cpu.kernel.Faults;
import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.backend.cpu.kernel.Operand;
import dev.kerf.backend.cpu.kernel.Site;
import dev.kerf.graph.SelectOp;
import dev.kerf.graph.StateOp;
import java.util.List;

/** Ops with a count, and updates of states. */
final class Selections {
    private Selections() {}

    static List<Kernel> build(SelectOp.Compact op, Site site) {
        return List.of(new Compact(site.node().name(), op.threshold(), op.capacity(), site.operand(0), site.result(0),
                site.result(1), site.faults()));
    }

    static List<Kernel> build(StateOp op, Site site) {
        return switch (op) {
            case StateOp.Assign a -> List.of(new RunTasks(
                    new Runs(site.operand(0).type().shape(), null, false), new Assign(site.operand(0), site.operand(1))));
            case StateOp.WriteSlot w -> List.of(new WriteSlot(
                    site.node().name(), site.operand(0), site.operand(1), site.operand(2), site.faults()));
        };
    }

    private record Compact(
            String node, float threshold, int capacity, Operand scores, Operand indices, Operand count, Faults faults)
            implements
                Kernel {
        @Override
        public int tasks() {
            return 1;
        }

        @Override
        public void run(int task, int worker) {
            int n = scores.type().shape().size(0);
            if (scores.count() != null) {
                n = Math.clamp(scores.count().ints()[scores.count().offset()], 0, n);
            }
            float[] x = scores.floats();
            int[] out = indices.ints();
            int found = 0;
            for (int i = 0; i < n; i++) {
                if (x[scores.offset() + i] > threshold) {
                    if (found < capacity) {
                        out[indices.offset() + found] = i;
                    }
                    found++;
                }
            }
            if (found > capacity) {
                faults.capacity(node, found, capacity);
            }
            count.ints()[count.offset()] = Math.min(found, capacity);
        }
    }

    private record Assign(Operand state, Operand value) implements RunTasks.Body {
        @Override
        public void run(int run, int first, int n) {
            System.arraycopy(value.array(), value.offset() + first, state.array(), state.offset() + first, n);
        }
    }

    private record WriteSlot(String node, Operand state, Operand value, Operand index, Faults faults)
            implements
                Kernel {
        @Override
        public int tasks() {
            return 1;
        }

        @Override
        public void run(int task, int worker) {
            int slot = index.ints()[index.offset()];
            int slots = state.type().shape().size(0);
            if (slot < 0 || slot >= slots) {
                faults.index(node, slot, slots);
                return;
            }
            int n = (int) Operand.itemElements(state.type());
            System.arraycopy(value.array(), value.offset(), state.array(), state.offset() + slot * n, n);
        }
    }
}
