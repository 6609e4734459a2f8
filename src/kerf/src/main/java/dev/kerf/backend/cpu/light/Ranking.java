package dev.kerf.backend.cpu.light;

import dev.kerf.backend.cpu.kernel.Faults;
import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.backend.cpu.kernel.Operand;
import dev.kerf.backend.cpu.kernel.Site;
import dev.kerf.graph.SelectOp;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/**
 * Selection by order. An element is a key of 64 bits that says its value and, for equals, its index, so that no two are the
 * same and their order is that of whole numbers: the smallest key is the largest element. A heap with the largest key on top
 * holds the best so far, and sorts them.
 */
final class Ranking {
    private Ranking() {}

    static List<Kernel> build(SelectOp.TopK op, Site site) {
        Shape x = site.operand(0).type().shape();
        List<Part> parts = new ArrayList<>();
        List<long[]> keys = new ArrayList<>();
        for (int b = 0; b < x.size(0); b++) {
            int first = b * x.size(1);
            int to = b * site.result(0).type().shape().size(1);
            for (int length : op.lengths(x.size(1))) {
                parts.add(new Part(b * x.size(1), first, length, to));
                keys.add(new long[Math.min(op.k(), length)]);
                first += length;
                to += keys.getLast().length;
            }
        }
        return List.of(new TopK(parts.toArray(Part[]::new), site.operand(0), site.result(0), site.result(1),
                keys.toArray(long[][]::new)));
    }

    static List<Kernel> build(SelectOp.Rank op, Site site) {
        Shape x = site.operand(0).type().shape();
        int item = Math.toIntExact(x.product(1, x.rank()));
        return List.of(new Rank(op.threshold(), site.node().name(), item, item / Math.max(1, x.size(1)), site.operand(0),
                site.result(0), site.result(1), site.faults(), new long[x.size(0)][Math.min(op.capacity(), item)]));
    }

    /** Ascending keys are descending values; NaN before all numbers, −0 like 0, then ascending indices. */
    static long key(float value, int index) {
        int bits = Float.floatToIntBits(value + 0f);
        int ascending = bits < 0 ? bits ^ 0x7FFFFFFF : bits;
        return (long) ~ascending << 32 | index;
    }

    /** Makes a heap with the largest key first. */
    private static void heap(long[] a, int n) {
        for (int i = n / 2 - 1; i >= 0; i--) {
            sink(a, i, n);
        }
    }

    private static void sink(long[] a, int from, int n) {
        long moved = a[from];
        int i = from;
        for (int child = 2 * i + 1; child < n; child = 2 * i + 1) {
            if (child + 1 < n && a[child + 1] > a[child]) {
                child++;
            }
            if (a[child] <= moved) {
                break;
            }
            a[i] = a[child];
            i = child;
        }
        a[i] = moved;
    }

    /** Sorts a heap. */
    private static void sort(long[] a, int n) {
        for (int end = n - 1; end > 0; end--) {
            long last = a[end];
            a[end] = a[0];
            a[0] = last;
            sink(a, 0, end);
        }
    }

    /** A part of a row: where the row and the part begin, how long it is, and where its results begin. */
    private record Part(int row, int first, int length, int to) {}

    private record TopK(Part[] parts, Operand x, Operand values, Operand indices, long[][] keys) implements Kernel {
        @Override
        public int tasks() {
            return keys.length;
        }

        @Override
        public void run(int task, int worker) {
            float[] v = x.floats();
            Part part = parts[task];
            int first = x.offset() + part.first;
            long[] best = keys[task];
            int k = best.length;
            for (int i = 0; i < k; i++) {
                best[i] = key(v[first + i], i);
            }
            heap(best, k);
            for (int i = k; i < part.length; i++) {
                long key = key(v[first + i], i);
                if (key < best[0]) {
                    best[0] = key;
                    sink(best, 0, k);
                }
            }
            sort(best, k);
            for (int i = 0; i < k; i++) {
                int index = (int) best[i];
                values.floats()[values.offset() + part.to + i] = v[first + index];
                indices.ints()[indices.offset() + part.to + i] = part.first - part.row + index;
            }
        }
    }

    private record Rank(float threshold, String node, int item, int row, Operand x, Operand indices, Operand count,
            Faults faults, long[][] keys) implements Kernel {
        @Override
        public int tasks() {
            return keys.length;
        }

        @Override
        public void run(int task, int worker) {
            float[] v = x.floats();
            int first = x.offset() + task * item;
            int capacity = indices.type().shape().size(1);
            long[] all = keys[task];
            int found = 0;
            for (int i = 0, n = valid(task); i < n; i++) {
                if (v[first + i] > threshold) {
                    if (found < all.length) {
                        all[found] = key(v[first + i], i);
                    }
                    found++;
                }
            }
            if (found > capacity) {
                faults.capacity(node, found, capacity);
                found = capacity;
            }
            heap(all, found);
            sort(all, found);
            for (int i = 0; i < found; i++) {
                indices.ints()[indices.offset() + task * capacity + i] = (int) all[i];
            }
            count.ints()[count.offset() + task] = found;
        }

        private int valid(int task) {
            return x.count() == null ? item : Math.clamp(x.count().ints()[x.count().offset() + task], 0, item / row) * row;
        }
    }
}
