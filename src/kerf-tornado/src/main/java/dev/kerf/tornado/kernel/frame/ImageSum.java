package dev.kerf.tornado.kernel.frame;

import dev.kerf.tornado.JavaKernel;
import dev.kerf.tornado.TaskArguments;
import dev.kerf.tornado.kernel.Pair;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Sums over parts of each plane of an image: of x, or of (x − mean)² where CENTRED is 1. x: N images, x_sn apart, of
 * (C, pixels); mean (N · C, 2) and y (N · C, parts, 2) {@linkplain Pair pairs} of floats. A row of groups for the
 * parts, a column for the planes, a layer for the images.
 */
public final class ImageSum implements JavaKernel {
    private static final int MOST = 256;

    @Override
    public TaskPackage task(TaskArguments a) {
        return new TaskPackage(a.id(), ImageSum::imageSum, a.context(), a.scalars("x_off", "x_sn", "mean_off",
                "y_off", "C", "pixels", "chunk", "parts"), a.floats("x"), a.floats("mean"), a.floats("y"),
                a.definition("CENTRED"));
    }

    static void imageSum(KernelContext context, IntArray s, FloatArray x, FloatArray mean, FloatArray y, int centred) {
        float[] highs = context.allocateFloatLocalArray(MOST);
        float[] lows = context.allocateFloatLocalArray(MOST);
        int t = context.localIdx;
        int group = context.localGroupSizeX;
        int pixels = s.get(5);
        int chunk = s.get(6);
        int start = context.groupIdx * chunk;
        int end = pixels - start < chunk ? pixels : start + chunk;
        int plane = context.groupIdz * s.get(4) + context.groupIdy;
        int from = s.get(0) + context.groupIdz * s.get(1) + context.groupIdy * pixels;
        float high = 0;
        float low = 0;
        float meanHigh = 0;
        float meanLow = 0;
        if (centred != 0) {
            meanHigh = mean.get(s.get(2) + 2 * plane);
            meanLow = mean.get(s.get(2) + 2 * plane + 1);
        }
        for (int p = start + t; p < end; p += group) {
            float v = x.get(from + p);
            if (centred != 0) {
                float rough = v - meanHigh;
                float rest = Pair.lost(v, -meanHigh, rough) - meanLow;
                float d = rough + rest;
                rest = Pair.lost(rough, rest, d);
                v = d * d;
                low += Pair.fma(d, d, 0 - v) + 2 * d * rest;
            }
            float sum = high + v;
            low += Pair.lost(high, v, sum);
            high = sum;
        }
        highs[t] = high;
        lows[t] = low;
        for (int step = group / 2; step > 0; step /= 2) {
            context.localBarrier();
            if (t < step) {
                float sum = highs[t] + highs[t + step];
                lows[t] = lows[t] + lows[t + step] + Pair.lost(highs[t], highs[t + step], sum);
                highs[t] = sum;
            }
        }
        if (t == 0) {
            int to = s.get(3) + 2 * (plane * s.get(7) + context.groupIdx);
            y.set(to, highs[0]);
            y.set(to + 1, lows[0]);
        }
    }
}
