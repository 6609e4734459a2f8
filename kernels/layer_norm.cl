// Layer normalisation along one axis, a work-group for each row (Ba et al. 2016, equation 4).
//
//   y[o, c, i] = (x[o, c, i] − mean) / sqrt(var + eps) · w[c] + b[c],  mean and var over c, var = Σ (x − mean)² / n
//
// Shapes  x and y (outer, n, inner), dense; w and b (n). inner is 1 for the last axis, H · W for the channels of an
//         image.
// Launch  a group for each of outer · inner rows. The mean first, then the squares around it: no cancellation.
// Parameters: GROUP work-items of a group, a power of two.
// FLOPs   7 · outer · n · inner
// Bytes   x and y once (a row is read three times, twice from cache)

#include "narrow.h"
#ifndef GROUP
#define GROUP 128
#endif

KERNEL layer_norm(
        GLOBAL const source *RESTRICT x, long x_off, GLOBAL const float *RESTRICT w, long w_off,
        GLOBAL const float *RESTRICT b, long b_off, GLOBAL real *RESTRICT y, long y_off, int outer, int n, int inner,
        float eps) {
    LOCAL float part[GROUP];
    const int item = LOCAL_ID(0);
    const int row = GROUP_ID(0);
    const long first = (long)(row / inner) * n * inner + row % inner;
    x += x_off + first;
    y += y_off + first;

    float sum = 0.0f;
    for (int c = item; c < n; c += GROUP) {
        sum += LOAD_SOURCE(x, (long)c * inner);
    }
    part[item] = sum;
    BARRIER();
    for (int half_of = GROUP / 2; half_of > 0; half_of /= 2) {
        if (item < half_of) {
            part[item] += part[item + half_of];
        }
        BARRIER();
    }
    const float mean = part[0] / (float)n;
    BARRIER();

    float squares = 0.0f;
    for (int c = item; c < n; c += GROUP) {
        const float d = LOAD_SOURCE(x, (long)c * inner) - mean;
        squares += d * d;
    }
    part[item] = squares;
    BARRIER();
    for (int half_of = GROUP / 2; half_of > 0; half_of /= 2) {
        if (item < half_of) {
            part[item] += part[item + half_of];
        }
        BARRIER();
    }
    const float scale = part[0] < INF ? 1.0f / sqrt(part[0] / (float)n + eps) : AS_FLOAT(0x7fc00000);

    for (int c = item; c < n; c += GROUP) {
        STORE(y, (long)c * inner,
                (LOAD_SOURCE(x, (long)c * inner) - mean) * scale * w[w_off + c] + b[b_off + c]);
    }
}
