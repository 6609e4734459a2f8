#include "pair.h"
// Mean, or from the mean and the sums of squares mean and standard deviation, of each plane.
//
// LAST: 0 makes mean from sums of x, 1 makes y from mean and sums of squares; NaN where these aren't finite.
// Shapes  x (planes, parts, 2) and mean (planes, 2) pairs of floats, y (planes, 2).
// Launch  a work-item for each plane.
// FLOPs   6 · planes · parts
// Bytes   x once

#ifndef LAST
#define LAST 0
#endif
#ifndef GROUP
#define GROUP 32
#endif

KERNEL image_statistics(
        GLOBAL const float *RESTRICT x, long x_off, GLOBAL float *RESTRICT mean, long mean_off, GLOBAL real *RESTRICT y,
        long y_off, int planes, int parts, int pixels) {
    const int plane = GLOBAL_ID(0);
    if (plane >= planes) {
        return;
    }
    float hi = 0.0f;
    float lo = 0.0f;
    for (int p = 0; p < parts; p++) {
        const long at = x_off + 2 * ((long)plane * parts + p);
        lo += x[at + 1];
        PAIR_ADD(hi, lo, x[at])
    }
    PAIR_ROUND(hi, lo)
    // (hi + lo) / pixels, the count a pair too: a rough quotient, and what it leaves divided again.
    const float count = (float)pixels;
    const float count_rest = (float)(pixels - (long)count);
    const float quotient = hi / count;
    const float rest = (FMA(-quotient, count, hi) + (lo - quotient * count_rest)) / count;
#if LAST
    float root = quotient > 0.0f ? sqrt(quotient) : 0.0f;
    if (root > 0.0f) {
        root += (FMA(-root, root, quotient) + rest) / (2.0f * root);
    }
    const float middle = mean[mean_off + 2 * plane] + mean[mean_off + 2 * plane + 1];
    // A plane of fewer than 2^31 pixels of which but one differs by one float deviates by more: what is less is the
    // mean's own rounding, and the plane is of one value.
    const float least = fabs(middle) * 9.094947e-13f;
    STORE(y, y_off + 2 * plane, middle);
    STORE(y, y_off + 2 * plane + 1, !(quotient < INF) ? AS_FLOAT(0x7fc00000) : root < least ? 0.0f : root);
#else
    mean[mean_off + 2 * plane] = quotient;
    mean[mean_off + 2 * plane + 1] = rest;
#endif
}
