package dev.kerf.tornado.kernel.measure;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import dev.kerf.tornado.kernel.Range;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Pixels of masks and of the intersections of each pair of masks, over parts of the pixels: a (N, words), b (M, words) from
 * {@link MaskPack}; both (parts, N, M), area_a (parts, N), area_b (parts, M). 32-bit sums hold a part's pixels; {@link
 * OverlapTotal} adds the parts in 64 bits.
 *
 * <p>A group takes TILE_A × TILE_B pairs and {@code chunk} words of 32 pixels: a row of groups for the parts, a column for
 * tiles of N, a layer for tiles of M.
 */
public final class Overlap implements JavaKernel {
    private static final int MOST = 256;

    @Override
    public TaskPackage task(TaskArguments a) {
        return new TaskPackage(a.id(), Overlap::count, a.context(), a.scalars("a_off", "b_off", "both_off", "area_a_off",
                "area_b_off", "N", "M", "words", "chunk"), a.ints("a"), a.ints("b"), a.ints("both"), a.ints("area_a"),
                a.ints("area_b"), a.definition("TILE_A"), a.definition("TILE_B"));
    }

    static void count(KernelContext context, IntArray s, IntArray a, IntArray b, IntArray both, IntArray areaA,
            IntArray areaB, int tileA, int tileB) {
        int[] common = context.allocateIntLocalArray(MOST);
        int[] left = context.allocateIntLocalArray(MOST);
        int[] right = context.allocateIntLocalArray(MOST);
        int t = context.localIdx;
        int group = context.localGroupSizeX;
        int part = context.groupIdx;
        int rows = s.get(5);
        int columns = s.get(6);
        int words = s.get(7);
        int start = part * s.get(8);
        int end = TornadoMath.min(words, start + s.get(8));
        for (int pair = 0; pair < tileA * tileB; pair++) {
            int n = context.groupIdy * tileA + pair / tileB;
            int m = context.groupIdz * tileB + pair % tileB;
            // Past the last mask the last one is counted again, and what comes of it isn't written.
            int from = s.get(0) + TornadoMath.min(n, rows - 1) * words;
            int with = s.get(1) + TornadoMath.min(m, columns - 1) * words;
            int sum = 0;
            int sumA = 0;
            int sumB = 0;
            for (int w = start + t; w < end; w += group) {
                int x = a.get(from + w);
                int y = b.get(with + w);
                sum += Integer.bitCount(x & y);
                sumA += Integer.bitCount(x);
                sumB += Integer.bitCount(y);
            }
            common[t] = sum;
            left[t] = sumA;
            right[t] = sumB;
            for (int step = group / 2; step > 0; step /= 2) {
                context.localBarrier();
                if (t < step) {
                    common[t] = common[t] + common[t + step];
                    left[t] = left[t] + left[t + step];
                    right[t] = right[t] + right[t + step];
                }
            }
            context.localBarrier();
            if (t == 0) {
                if (Range.outside(n, rows) + Range.outside(m, columns) == 0) {
                    both.set(s.get(2) + (part * rows + n) * columns + m, common[0]);
                    if (m == 0) {
                        areaA.set(s.get(3) + part * rows + n, left[0]);
                    }
                    if (n == 0) {
                        areaB.set(s.get(4) + part * columns + m, right[0]);
                    }
                }
            }
            context.localBarrier();
        }
    }
}
