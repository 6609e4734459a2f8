#include "pair.h"
// Sums over parts of each plane of an image: of x, or of (x − mean)² where CENTRED is 1.
//
// Shapes  x: N images, x_sn apart, of (C, pixels); mean (N · C, 2) and y (N · C, parts, 2) pairs of floats.
// Launch  a row of groups for the parts, a column for the planes, a layer for the images.
// Parameters: GROUP work-items of a group.
// FLOPs   8 · N · C · pixels
// Bytes   x once

#ifndef CENTRED
#define CENTRED 0
#endif
#ifndef GROUP
#define GROUP 128
#endif

KERNEL image_sum(
        GLOBAL const real *RESTRICT x, long x_off, long x_sn, GLOBAL const float *RESTRICT mean, long mean_off,
        GLOBAL float *RESTRICT y, long y_off, int C, int pixels, int chunk, int parts) {
    LOCAL float highs[GROUP];
    LOCAL float lows[GROUP];
    const int t = LOCAL_ID(0);
    const int start = GROUP_ID(0) * chunk;
    const int end = pixels - start < chunk ? pixels : start + chunk;
    const long plane = (long)GROUP_ID(2) * C + GROUP_ID(1);
    GLOBAL const real *from = x + x_off + GROUP_ID(2) * x_sn + (long)GROUP_ID(1) * pixels;
    float hi = 0.0f;
    float lo = 0.0f;
#if CENTRED
    const float mean_hi = mean[mean_off + 2 * plane];
    const float mean_lo = mean[mean_off + 2 * plane + 1];
#endif
    for (int p = start + t; p < end; p += GROUP) {
#if CENTRED
        float d = LOAD(from, p);
        float rest = -mean_lo;
        PAIR_ADD(d, rest, -mean_hi)
        PAIR_ROUND(d, rest)
        const float square = d * d;
        PAIR_ADD(hi, lo, square)
        lo += FMA(d, d, -square) + 2.0f * d * rest;
#else
        PAIR_ADD(hi, lo, LOAD(from, p))
#endif
    }
    highs[t] = hi;
    lows[t] = lo;
    for (int step = GROUP / 2; step > 0; step /= 2) {
        BARRIER();
        if (t < step) {
            hi = highs[t];
            lo = lows[t] + lows[t + step];
            PAIR_ADD(hi, lo, highs[t + step])
            highs[t] = hi;
            lows[t] = lo;
        }
    }
    if (t == 0) {
        y[y_off + 2 * (plane * parts + GROUP_ID(0))] = highs[0];
        y[y_off + 2 * (plane * parts + GROUP_ID(0)) + 1] = lows[0];
    }
}
