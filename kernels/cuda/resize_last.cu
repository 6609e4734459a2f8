// Resampling by tables of neighbours of images that lie channel by channel.
//
//   y[n, i, j, c] = Σ_s Σ_t row_weight[i, s] · col_weight[j, t] · x[n, row_index[i, s], col_index[j, t], c]
//
// Shapes  x (N, H, W, C padded to 8), y (N, OH, OW, C padded to 8); tables, TAPS and what isn't read are those of resize.cl.
// Launch  a work-item for each chunk of channels of each pixel, a row of groups for each n.
// Parameters: GROUP work-items of a group.
// FLOPs   3 · N · C · OH · OW · row_taps · col_taps
// Bytes   x and y once
#include "chunk.h"
#ifndef GROUP
#define GROUP 128
#endif
#ifndef TAPS
#define TAPS 0
#endif
#if TAPS
#define ROW_TAPS TAPS
#define COL_TAPS TAPS
#else
#define ROW_TAPS row_taps
#define COL_TAPS col_taps
#endif

KERNEL resize_last(
        const real *RESTRICT x, long x_off, long x_sn, const int *RESTRICT row_index, const float *RESTRICT row_weight,
        const int *RESTRICT col_index, const float *RESTRICT col_weight, real *RESTRICT y, long y_off, long y_sn, int H, int W,
        int OH, int OW, int row_taps, int col_taps, int C) {
    const int at = GLOBAL_ID(0);
    const int chunks = (C + 7) / 8 * 8 / PER_CHUNK;
    const int p = at / chunks;
    if (p >= OH * OW) {
        return;
    }
    const real *chunk = x + x_off + GROUP_ID(1) * x_sn + at % chunks * PER_CHUNK;
    const int row = p / OW * ROW_TAPS;
    const int col = p % OW * COL_TAPS;
    float sum[PER_CHUNK] = {};
    for (int s = 0; s < ROW_TAPS; s++) {
        const float row_part = row_weight[row + s];
        const long line = (long)row_index[row + s] * W;
        for (int t = 0; t < COL_TAPS; t++) {
            const float weight = row_part * col_weight[col + t];
            if (weight != 0.0f) {
                float v[PER_CHUNK];
                chunk_load(chunk + (line + col_index[col + t]) * chunks * PER_CHUNK, v);
                #pragma unroll
                for (int e = 0; e < PER_CHUNK; e++) sum[e] = FMA(weight, v[e], sum[e]);
            }
        }
    }
    chunk_store(y + y_off + GROUP_ID(1) * y_sn + (long)at * PER_CHUNK, sum);
}
