package dev.kerf.backend.cpu.light;

import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.backend.cpu.kernel.Operand;
import dev.kerf.backend.cpu.kernel.Site;
import dev.kerf.graph.MeasureOp;
import dev.kerf.graph.MeasureOp.MaskForm;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * Overlaps of masks: each is read once and made bits, 64 pixels a word, the first in the highest bit, what is ignored
 * and past the end 0. Pairs are then counted word by word.
 */
final class Overlaps {
    private static final VarHandle WORD = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
    private static final long LOW_BITS = 0x7f7f7f7f7f7f7f7fL;
    private static final long HIGH_BIT = 0x8080808080808080L;

    /** Times this, the lowest bits of eight bytes come to stand side by side in the highest byte. */
    private static final long GATHER = 0x0102040810204080L;

    private Overlaps() {}

    static List<Kernel> build(MeasureOp.Overlap op, Site site) {
        long pixels = op.pixels(); // of bits more than 2^31, an array of these is shorter
        int words = Math.toIntExact(Math.ceilDiv(pixels, 64L));
        int n = site.operand(0).type().shape().size(0);
        int m = site.operand(1).type().shape().size(0);
        long[] a = new long[Math.multiplyExact(n, words)];
        long[] b = new long[Math.multiplyExact(m, words)];
        long[] areas = new long[n + m];
        List<Kernel> kernels = new ArrayList<>();
        long[] ignored = null;
        if (op.ignore()) {
            ignored = new long[words];
            kernels.add(new Pack(new MaskForm.Bytes(), pixels, words, 1, site.operand(2), null, ignored));
        }
        kernels.add(new Pack(op.a(), pixels, words, n, site.operand(0), ignored, a));
        kernels.add(new Pack(op.b(), pixels, words, m, site.operand(1), ignored, b));
        kernels.add(new Areas(words, a, b, n, m, areas));
        kernels.add(new Pairs(words, a, b, n, m, areas, site.result(0)));
        return kernels;
    }

    /** Makes bits of all masks of one side. */
    private record Pack(MaskForm form, long pixels, int words, int rows, Operand x, long[] ignored, long[] out)
            implements
                Kernel {
        @Override
        public int tasks() {
            return Split.tasks(out.length, 64);
        }

        @Override
        public void run(int task, int worker) {
            int tasks = tasks();
            int end = Split.first(task + 1, tasks, out.length);
            for (int w = Split.first(task, tasks, out.length); w < end; w++) {
                long first = w % words * 64L;
                int n = (int) Math.min(64, pixels - first);
                int row = x.offset() + w / words * x.type().shape().size(-1);
                long word = switch (form) {
                    case MaskForm.Bytes f -> bytes(x.bytes(), row + (int) first, n);
                    case MaskForm.Bits f -> bits(x.bytes(), row + (int) (first / 8), n);
                    case MaskForm.Logits f -> logits(x.floats(), row + (int) first, n, f.threshold());
                };
                out[w] = ignored == null ? word : word & ~ignored[w % words];
            }
        }

        private static long bits(byte[] x, int at, int n) {
            if (n == 64) {
                return (long) WORD.get(x, at);
            }
            long w = 0;
            for (int i = 0; i < n; i++) {
                w |= (long) (x[at + i / 8] >> (7 - i % 8) & 1) << (63 - i);
            }
            return w;
        }

        private static long bytes(byte[] x, int at, int n) {
            long w = 0;
            if (n == 64) {
                for (int i = 0; i < 64; i += 8) {
                    long eight = (long) WORD.get(x, at + i);
                    long notZero = ((eight & LOW_BITS) + LOW_BITS | eight) & HIGH_BIT;
                    w = w << 8 | (notZero >>> 7) * GATHER >>> 56;
                }
                return w;
            }
            for (int i = 0; i < n; i++) {
                w |= (x[at + i] != 0 ? 1L : 0L) << (63 - i);
            }
            return w;
        }

        private static long logits(float[] x, int at, int n, float threshold) {
            long w = 0;
            for (int i = 0; i < n; i++) {
                w |= (x[at + i] > threshold ? 1L : 0L) << (63 - i);
            }
            return w;
        }
    }

    /** Pixels of each mask of both sides. */
    private record Areas(int words, long[] a, long[] b, int n, int m, long[] areas) implements Kernel {
        @Override
        public int tasks() {
            return Split.tasks(n + m, words);
        }

        @Override
        public void run(int task, int worker) {
            int tasks = tasks();
            int end = Split.first(task + 1, tasks, n + m);
            for (int i = Split.first(task, tasks, n + m); i < end; i++) {
                areas[i] = i < n ? area(a, i * words, words) : area(b, (i - n) * words, words);
            }
        }

        private static long area(long[] x, int from, int words) {
            long sum = 0;
            for (int w = from; w < from + words; w++) {
                sum += Long.bitCount(x[w]);
            }
            return sum;
        }
    }

    private record Pairs(int words, long[] a, long[] b, int n, int m, long[] areas, Operand y) implements Kernel {
        @Override
        public int tasks() {
            return Split.tasks(n * m, words);
        }

        @Override
        public void run(int task, int worker) {
            int tasks = tasks();
            int end = Split.first(task + 1, tasks, n * m);
            long[] out = y.longs();
            for (int pair = Split.first(task, tasks, n * m); pair < end; pair++) {
                int i = pair / m;
                int j = pair % m;
                long both = common(a, i * words, b, j * words, words);
                int to = y.offset() + pair * 4;
                out[to] = both;
                out[to + 1] = areas[i] + areas[n + j] - both;
                out[to + 2] = areas[i];
                out[to + 3] = areas[n + j];
            }
        }

        private static long common(long[] a, int fromA, long[] b, int fromB, int words) {
            long sum = 0;
            for (int w = 0; w < words; w++) {
                sum += Long.bitCount(a[fromA + w] & b[fromB + w]);
            }
            return sum;
        }
    }
}
