// An image of at most eight channels laid out channel by channel, filled up with zeros to eight.
//
//   y[n, p, c] = x[n, c, p], c < C; 0 beyond
//
// Shapes   x (N, C, pixels), y (N, pixels, 8)
// Launch   a work-item for each pixel, a row of groups for each n.
// Parameters: GROUP work-items of a group.
// FLOPs    0
// Bytes    x and y once
#include "chunk.h"
#ifndef GROUP
#define GROUP 256
#endif

KERNEL channels_last_few(
        const real *RESTRICT x, long x_off, long x_sn, real *RESTRICT y, long y_off, long y_sn, int C, int pixels) {
    const int p = GLOBAL_ID(0);
    if (p >= pixels) {
        return;
    }
    const real *from = x + x_off + GROUP_ID(1) * x_sn + p;
    real *to = y + y_off + GROUP_ID(1) * y_sn + (long)p * 8;
    #pragma unroll
    for (int c = 0; c < 8; c += PER_CHUNK) {
        float v[PER_CHUNK];
        #pragma unroll
        for (int e = 0; e < PER_CHUNK; e++) v[e] = c + e < C ? LOAD(from, (long)(c + e) * pixels) : 0.0f;
        chunk_store(to + c, v);
    }
}
