package dev.kerf.backend.cpu.light;

import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.backend.cpu.kernel.Operand;
import dev.kerf.backend.cpu.kernel.Site;
import dev.kerf.graph.MeasureOp;
import dev.kerf.tensor.DType;
import java.util.Arrays;
import java.util.List;

/** Confusion matrices: pixels are counted in parts, each into bins of its own, and the parts added. */
final class Confusions {
    /** Most bins of all parts together. */
    private static final int MOST_BINS = 1 << 22;

    private Confusions() {}

    static List<Kernel> build(MeasureOp.Confusion op, Site site) {
        int images = site.operand(0).type().shape().size(0);
        int pixels = site.operand(0).type().shape().size(1);
        int bins = Math.multiplyExact(op.classes(), op.classes());
        int wanted = Math.min(Math.ceilDiv(pixels, Split.GRAIN), 2 * site.workers());
        int parts = Math.clamp(MOST_BINS / Math.max(1L, (long) bins * images), 1, Math.max(1, wanted));
        int[] sums = new int[Math.multiplyExact(images * parts, bins)];
        return List.of(new Count(op.classes(), op.ignore(), parts, pixels, site.operand(0), site.operand(1), sums),
                new Total(images, parts, bins, sums, site.result(0)));
    }

    private record Count(
            int classes, int ignore, int parts, int pixels, Operand truth, Operand predicted, int[] sums)
            implements
                Kernel {
        @Override
        public int tasks() {
            return truth.type().shape().size(0) * parts;
        }

        @Override
        public void run(int task, int worker) {
            int bins = classes * classes;
            Arrays.fill(sums, task * bins, (task + 1) * bins, 0);
            int row = task / parts * pixels;
            int from = row + Split.first(task % parts, parts, pixels);
            int n = row + Split.first(task % parts + 1, parts, pixels) - from;
            boolean byteTruth = truth.type().dtype() == DType.U8;
            boolean bytePredicted = predicted.type().dtype() == DType.U8;
            if (byteTruth && bytePredicted) {
                bytes(truth.bytes(), truth.offset() + from, predicted.bytes(), predicted.offset() + from, n,
                        task * bins);
                return;
            }
            byte[] t8 = byteTruth ? truth.bytes() : null;
            int[] t32 = byteTruth ? null : truth.ints();
            byte[] p8 = bytePredicted ? predicted.bytes() : null;
            int[] p32 = bytePredicted ? null : predicted.ints();
            for (int i = from; i < from + n; i++) {
                int t = byteTruth ? t8[truth.offset() + i] & 0xFF : t32[truth.offset() + i];
                int p = bytePredicted ? p8[predicted.offset() + i] & 0xFF : p32[predicted.offset() + i];
                count(t, p, task * bins);
            }
        }

        private void bytes(byte[] t, int atT, byte[] p, int atP, int n, int to) {
            for (int i = 0; i < n; i++) {
                count(t[atT + i] & 0xFF, p[atP + i] & 0xFF, to);
            }
        }

        private void count(int t, int p, int to) {
            if (t != ignore && t >= 0 && t < classes && p >= 0 && p < classes) {
                sums[to + t * classes + p]++;
            }
        }
    }

    private record Total(int images, int parts, int bins, int[] sums, Operand y) implements Kernel {
        @Override
        public int tasks() {
            return images;
        }

        @Override
        public void run(int task, int worker) {
            long[] out = y.longs();
            for (int i = 0; i < bins; i++) {
                long sum = 0;
                for (int part = 0; part < parts; part++) {
                    sum += sums[(task * parts + part) * bins + i];
                }
                out[y.offset() + task * bins + i] = sum;
            }
        }
    }
}
