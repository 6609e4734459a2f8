package dev.kerf.tornado.kernel.select;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * {@link Nms} after all boxes have been compared: goes over the bits (B, M, ⌈M / 32⌉) that {@link Suppressions} made, a word of
 * boxes at a time. The first work-item settles those of a word in order; then the rows of all that are kept are joined to what
 * is dropped of later words, by a work-item for each: M is at most 32 · GROUP. A group for each b.
 */
public final class NmsBits implements JavaKernel {
    private static final int MOST = 256;
    private static final int WORD = Suppressions.WORD;

    @Override
    public TaskPackage task(TaskArguments a) {
        return new TaskPackage(a.id(), NmsBits::suppress, a.context(), a.scalars("bits_off", "kept_off", "found_off",
                "count_off", "M", "most"), a.ints("bits"), a.ints("count"), a.ints("kept"), a.ints("found"),
                a.definition("HAS_COUNT"));
    }

    static void suppress(KernelContext context, IntArray s, IntArray bits, IntArray count, IntArray kept, IntArray found,
            int hasCount) {
        int[] dropped = context.allocateIntLocalArray(MOST);
        int[] own = context.allocateIntLocalArray(WORD);
        int[] list = context.allocateIntLocalArray(WORD);
        int[] total = context.allocateIntLocalArray(1);
        int t = context.localIdx;
        int b = context.groupIdy;
        int most = s.get(5);
        int words = (s.get(4) + WORD - 1) / WORD;
        int rows = s.get(0) + b * s.get(4) * words;
        int n = s.get(4);
        if (hasCount != 0) {
            n = count.get(s.get(3) + b);
        }
        int used = (n + WORD - 1) / WORD;
        dropped[t] = 0;
        if (t == 0) {
            total[0] = 0;
        }
        int soFar = 0;
        for (int w = 0; w < used; w++) {
            int base = w * WORD;
            int valid = TornadoMath.min(WORD, n - base);
            if (t < valid) {
                own[t] = bits.get(rows + (base + t) * words + w);
            }
            context.localBarrier();
            if (t == 0) {
                int gone = dropped[w];
                int at = soFar;
                for (int k = 0; k < valid; k++) {
                    if (((gone | own[k]) >> Suppressions.place(k) & 1) == 0) {
                        if (at < most) {
                            kept.set(s.get(1) + b * most + at, base + k);
                            list[at - soFar] = base + k;
                            gone |= own[k];
                            at++;
                        }
                    }
                }
                total[0] = at;
            }
            context.localBarrier();
            int more = total[0] - soFar;
            if (t > w) {
                if (t < used) {
                    int drops = dropped[t];
                    for (int k = 0; k < more; k++) {
                        drops |= bits.get(rows + list[k] * words + t);
                    }
                    dropped[t] = drops;
                }
            }
            soFar += more;
            // Enough are kept: this was the last round.
            used = soFar < most ? used : 0;
            context.localBarrier();
        }
        if (t == 0) {
            found.set(s.get(2) + b, soFar);
        }
    }
}
