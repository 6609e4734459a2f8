package dev.kerf.backend.cpu.light;

import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.backend.cpu.kernel.Operand;
import dev.kerf.backend.cpu.kernel.Site;
import dev.kerf.graph.MeasureOp;
import dev.kerf.graph.MeasureOp.MaskForm;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;

/** Counts over masks, in 64-bit integers. */
final class Measures {
    private static final VarHandle WORD = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    private Measures() {}

    static List<Kernel> build(MeasureOp op, Site site) {
        Operand ignore = op instanceof MeasureOp.Overlap o && o.ignore() ? site.operand(2) : null;
        return switch (op) {
            case MeasureOp.Overlap o -> List.of(
                    new Overlap(o.a(), o.b(), (int) o.pixels(), site.operand(0), site.operand(1), ignore, site.result(0)));
            case MeasureOp.Confusion c -> List.of(new Confusion(
                    c.classes(), c.ignore(), site.operand(0), site.operand(1), site.result(0)));
        };
    }

    /** 64 pixels at a time, as bits: a mask of any form is packed on the way. */
    private record Overlap(MaskForm formA, MaskForm formB, int pixels, Operand a, Operand b, Operand ignore, Operand y)
            implements Kernel {
        private int pairs() {
            return a.type().shape().size(0) * b.type().shape().size(0);
        }

        @Override
        public int tasks() {
            return Split.tasks(pairs(), pixels);
        }

        @Override
        public void run(int task, int worker) {
            int tasks = tasks();
            for (int pair = Split.first(task, tasks, pairs()); pair < Split.first(task + 1, tasks, pairs()); pair++) {
                pair(pair);
            }
        }

        private void pair(int pair) {
            int columns = b.type().shape().size(0);
            int fromA = a.offset() + pair / columns * a.type().shape().size(1);
            int fromB = b.offset() + pair % columns * b.type().shape().size(1);
            long both = 0;
            long either = 0;
            long inA = 0;
            long inB = 0;
            for (int p = 0; p < pixels; p += 64) {
                int n = Math.min(64, pixels - p);
                long keep = ignore == null ? -1L : ~bytes(ignore.bytes(), ignore.offset() + p, n);
                long u = word(formA, a, fromA, p, n) & keep;
                long v = word(formB, b, fromB, p, n) & keep;
                both += Long.bitCount(u & v);
                either += Long.bitCount(u | v);
                inA += Long.bitCount(u);
                inB += Long.bitCount(v);
            }
            long[] out = y.longs();
            int to = y.offset() + pair * 4;
            out[to] = both;
            out[to + 1] = either;
            out[to + 2] = inA;
            out[to + 3] = inB;
        }

        /** n pixels from p on, the first in the highest bit. */
        private static long word(MaskForm form, Operand x, int row, int p, int n) {
            return switch (form) {
                case MaskForm.Bytes f -> bytes(x.bytes(), row + p, n);
                case MaskForm.Bits f -> bits(x.bytes(), row + p / 8, n);
                case MaskForm.Logits f -> logits(x.floats(), row + p, n, f.threshold());
            };
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

    private record Confusion(int classes, int ignore, Operand truth, Operand predicted, Operand y) implements Kernel {
        @Override
        public int tasks() {
            return truth.type().shape().size(0);
        }

        @Override
        public void run(int task, int worker) {
            int n = truth.type().shape().size(1);
            long[] out = y.longs();
            int to = y.offset() + task * classes * classes;
            Arrays.fill(out, to, to + classes * classes, 0);
            for (int i = task * n; i < (task + 1) * n; i++) {
                int t = label(truth, i);
                int p = label(predicted, i);
                if (t != ignore && t >= 0 && t < classes && p >= 0 && p < classes) {
                    out[to + t * classes + p]++;
                }
            }
        }

        private static int label(Operand x, int i) {
            return switch (x.type().dtype()) {
                case U8 -> x.bytes()[x.offset() + i] & 0xFF;
                default -> x.ints()[x.offset() + i];
            };
        }
    }
}
