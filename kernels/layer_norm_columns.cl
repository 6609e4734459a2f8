// Layer normalisation along an axis that isn't the last: neighbours read neighbours.
//
// Arguments and meaning are those of layer_norm.cl.
//
// Parameters: GROUP work-items of a group, SLICES of them for each row where rows are too few to keep a device busy.
// FLOPs and bytes: as layer_norm.

#include "narrow.h"
#ifndef GROUP
#define GROUP 128
#endif
#ifndef SLICES
#define SLICES 1
#endif

#define ROWS (GROUP / SLICES)
// v becomes the sum or maximum over a row's slices.
#if SLICES > 1
#define OVER_SLICES(v, combined) { \
    part[LOCAL_ID(0)] = v; \
    BARRIER(); \
    v = part[LOCAL_ID(0) % ROWS]; \
    for (int s = 1; s < SLICES; s++) { \
        const float other = part[s * ROWS + LOCAL_ID(0) % ROWS]; \
        v = combined; \
    } \
    BARRIER(); \
}
#else
#define OVER_SLICES(v, combined)
#endif

KERNEL layer_norm_columns(
        GLOBAL const source *RESTRICT x, long x_off, GLOBAL const float *RESTRICT w, long w_off,
        GLOBAL const float *RESTRICT b, long b_off, GLOBAL real *RESTRICT y, long y_off, int outer, int n, int inner,
        float eps) {
#if SLICES > 1
    LOCAL float part[GROUP];
    const int slice = LOCAL_ID(0) / ROWS;
    const int own_row = GROUP_ID(0) * ROWS + LOCAL_ID(0) % ROWS;
    // Past the last row the last one is worked out again: all come to the barriers.
    const int row = min(own_row, outer * inner - 1);
#else
    const int slice = 0;
    const int own_row = GLOBAL_ID(0);
    const int row = own_row;
    if (row >= outer * inner) {
        return;
    }
#endif
    const long first = (long)(row / inner) * n * inner + row % inner;
    x += x_off + first;
    y += y_off + first;
    float mean = 0.0f;
    for (int c = slice; c < n; c += SLICES) {
        mean += LOAD_SOURCE(x, (long)c * inner);
    }
    OVER_SLICES(mean, mean + other)
    mean /= (float)n;
    float squares = 0.0f;
    for (int c = slice; c < n; c += SLICES) {
        const float d = LOAD_SOURCE(x, (long)c * inner) - mean;
        squares += d * d;
    }
    OVER_SLICES(squares, squares + other)
    const float scale = squares < INF ? 1.0f / sqrt(squares / (float)n + eps) : AS_FLOAT(0x7fc00000);
    for (int c = slice; c < n && own_row == row; c += SLICES) {
        STORE(y, (long)c * inner,
                (LOAD_SOURCE(x, (long)c * inner) - mean) * scale * w[w_off + c] + b[b_off + c]);
    }
}
