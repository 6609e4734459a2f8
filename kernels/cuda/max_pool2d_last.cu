// Largest value of each window of images that lie channel by channel; the padding is -inf and a NaN wins.
//
//   y[n, i, j, c] = max over u < KH, v < KW of x[n, i·row_step + row_first + u·row_tap, j·col_step + col_first + v·col_tap, c]
//
// Shapes  x (N, H, W, C padded to 8), y (N, OH, OW, C padded to 8); row_first and col_first are −padding.
// Launch  a work-item for each chunk of channels of each pixel, a row of groups for each n.
// Parameters: GROUP work-items of a group.
// FLOPs   N · C · OH · OW · KH · KW comparisons
// Bytes   x and y once
#include "chunk.h"
#ifndef GROUP
#define GROUP 128
#endif

KERNEL max_pool2d_last(
        const real *RESTRICT x, long x_off, long x_sn, real *RESTRICT y, long y_off, long y_sn, int H, int W, int OH, int OW,
        int KH, int KW, int row_first, int col_first, int row_step, int col_step, int row_tap, int col_tap, int C) {
    const int at = GLOBAL_ID(0);
    const int chunks = (C + 7) / 8 * 8 / PER_CHUNK;
    const int p = at / chunks;
    if (p >= OH * OW) {
        return;
    }
    const real *chunk = x + x_off + GROUP_ID(1) * x_sn + at % chunks * PER_CHUNK;
    const int row = p / OW * row_step + row_first;
    const int col = p % OW * col_step + col_first;
    float best[PER_CHUNK];
    #pragma unroll
    for (int e = 0; e < PER_CHUNK; e++) best[e] = AS_FLOAT(0xff800000);
    for (int u = 0; u < KH; u++) {
        const int i = row + u * row_tap;
        for (int v = 0; v < KW; v++) {
            const int j = col + v * col_tap;
            if (i >= 0 && i < H && j >= 0 && j < W) {
                float f[PER_CHUNK];
                chunk_load(chunk + (long)(i * W + j) * chunks * PER_CHUNK, f);
                #pragma unroll
                for (int e = 0; e < PER_CHUNK; e++) best[e] = f[e] > best[e] || f[e] != f[e] ? f[e] : best[e];
            }
        }
    }
    chunk_store(y + y_off + GROUP_ID(1) * y_sn + (long)at * PER_CHUNK, best);
}
