package dev.kerf.check.ptx.machine;

import dev.kerf.check.ptx.machine.DeviceMemory.Allocation;
import java.util.Arrays;
import java.util.List;

/**
 * {@code cp.async}: copies from global to shared memory that run on. A copy may write at any time up to the wait for its group; here it
 * writes then, and until then nobody may touch its target.
 */
final class AsyncCopies {
    /** A warp's copies that are under way, in order, and where groups of them end. */
    static final class Pending {
        private int[] targets = new int[64];
        private int[] sizes = new int[64];
        private byte[] data = new byte[1024];
        private int count;
        private int used;
        private int[] ends = new int[8];
        private int groups;

        /** Forgets all of them, at the end of a block that used this memory. */
        void drop(SharedMemory shared) {
            for (int k = 0; k < count; k++) {
                shared.forget(targets[k], sizes[k]);
            }
            count = 0;
            used = 0;
            groups = 0;
        }

        private void add(int target, int size, byte[] from, int at, int bytes) {
            if (count == targets.length) {
                targets = Arrays.copyOf(targets, count * 2);
                sizes = Arrays.copyOf(sizes, count * 2);
            }
            if (used + size > data.length) {
                data = Arrays.copyOf(data, data.length * 2);
            }
            targets[count] = target;
            sizes[count++] = size;
            Arrays.fill(data, used, used + size, (byte) 0);
            System.arraycopy(from, at, data, used, bytes);
            used += size;
        }

        private void commit(Warp w) {
            if (groups == ends.length) {
                ends = Arrays.copyOf(ends, groups * 2);
            }
            ends[groups++] = count;
            if (w.block.counting && count > start(groups - 1)) {
                int some = 0;
                for (int g = 0; g < groups; g++) {
                    some += ends[g] > start(g) ? 1 : 0;
                }
                w.block.counts.copies(some);
            }
        }

        private int start(int group) {
            return group == 0 ? 0 : ends[group - 1];
        }

        /** Ends all groups but the latest ones. */
        private void await(Warp w, int keep) {
            int done = Math.max(0, groups - keep);
            int last = done == 0 ? 0 : ends[done - 1];
            int at = 0;
            for (int k = 0; k < last; k++) {
                System.arraycopy(data, at, w.block.shared.bytes, targets[k], sizes[k]);
                w.block.shared.arrived(w, targets[k], sizes[k]);
                at += sizes[k];
            }
            System.arraycopy(targets, last, targets, 0, count - last);
            System.arraycopy(sizes, last, sizes, 0, count - last);
            System.arraycopy(data, at, data, 0, used - at);
            System.arraycopy(ends, done, ends, 0, groups - done);
            count -= last;
            used -= at;
            groups -= done;
            for (int g = 0; g < groups; g++) {
                ends[g] -= last;
            }
        }
    }

    private AsyncCopies() {}

    /** An instruction of this family; null if it is none. */
    static Op of(Operands o, Statement s, int index) {
        List<String> parts = s.parts();
        if (parts.size() < 3 || !parts.get(1).equals("async")) {
            return null;
        }
        return switch (parts.get(2)) {
            case "commit_group" -> (w, m) -> w.copies.commit(w);
            case "wait_group" -> {
                int keep = (int) Operands.number(s.operand(0));
                yield (w, m) -> w.copies.await(w, keep);
            }
            case "wait_all" -> (w, m) -> {
                w.copies.commit(w);
                w.copies.await(w, 0);
            };
            case "ca", "cg" -> copy(o, s, index);
            default -> null;
        };
    }

    private static Op copy(Operands o, Statement s, int index) {
        Operands.Address to = o.address(s.line(), s.operand(0));
        Operands.Address from = o.address(s.line(), s.operand(1));
        int size = (int) Operands.number(s.operand(2));
        int length = s.operands().size() > 3 ? o.ints(s.operand(3)) : -1;
        if (from.bank() != Type.Bank.LONG) {
            return null;
        }
        return (w, m) -> {
            SharedAccess.locate(w, m, to, size);
            int[] targets = w.targets;
            System.arraycopy(w.at, 0, targets, 0, 32);
            if (w.block.counting) {
                Traffic.shared(w.block.counts, index, targets, m, size);
            }
            for (int k = m; k != 0; k &= k - 1) {
                int t = Integer.numberOfTrailingZeros(k);
                w.block.shared.pending(w, t, targets[t], size);
            }
            // What is shorter than its target is filled up with zeros; of length 0 it needn't exist.
            int whole = 0;
            for (int k = m; k != 0; k &= k - 1) {
                int t = Integer.numberOfTrailingZeros(k);
                int bytes = length < 0 ? size : Math.clamp(w.i[length][t], 0, size);
                if (bytes == size) {
                    whole |= 1 << t;
                } else if (bytes == 0) {
                    w.copies.add(targets[t], size, w.local, 0, 0);
                } else {
                    Allocation a = GlobalAccess.locate(w, 1 << t, from, bytes, size);
                    GlobalAccess.checkWritten(w, 1 << t, a, bytes);
                    w.copies.add(targets[t], size, a.bytes, w.at[t], bytes);
                }
            }
            while (whole != 0) {
                Allocation a = GlobalAccess.locate(w, whole, from, size, size);
                GlobalAccess.checkWritten(w, w.together, a, size);
                for (int k = w.together; k != 0; k &= k - 1) {
                    int t = Integer.numberOfTrailingZeros(k);
                    w.copies.add(targets[t], size, a.bytes, w.at[t], size);
                }
                whole &= ~w.together;
            }
            if (w.block.counting) {
                sectors(w, m, from, length, size, index);
            }
        };
    }

    private static void sectors(Warp w, int lanes, Operands.Address from, int length, int size, int index) {
        int some = 0;
        for (int m = lanes; m != 0; m &= m - 1) {
            int t = Integer.numberOfTrailingZeros(m);
            some |= length < 0 || w.i[length][t] > 0 ? 1 << t : 0;
        }
        while (some != 0) {
            GlobalAccess.locate(w, some, from, 1, 1);
            Traffic.global(w.block.counts, index, w.at, w.together, size);
            some &= ~w.together;
        }
    }
}
