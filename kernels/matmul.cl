// Matrix products over a batch, tile by tile through local memory.
//
//   y[i, m, n] = ACT(alpha · Σ_k a[i, m, k] · b[i, k, n] + bias[n] + r[i, m, n])
//
// Shapes  y and r (batch, M, N); item i of a starts at batches[2i], that of b at batches[2i + 1] (so that either may be
//         shared by several items). a is (M, K), or (K, M) if TRANSPOSE_A; b is (K, N), or (N, K) if TRANSPOSE_B.
//         Row-major.
//         With has_a_count or has_b_count the sum ends at a_count or b_count of the operand's item: rows past it aren't
//         read.
// Launch  a group for TILE_M × TILE_N elements of y, row by row of such tiles, for each item.
// act, has_bias and has_residual say what is added to the sums; few kernels then serve all layers.
// Parameters: TILE_M, TILE_N and TILE_K extents of a group's tiles in local memory; each work-item keeps
//   WORK_M × WORK_N sums.
// FLOPs   2 · batch · M · N · K
// Bytes   at least a, b and y once; a group reads TILE_K · (TILE_M + TILE_N) for TILE_K · TILE_M · TILE_N products.

#include "matmul_tile.h"

KERNEL matmul(
        GLOBAL const real *RESTRICT a, long a_off, GLOBAL const real *RESTRICT b, long b_off,
        GLOBAL const real *RESTRICT bias, long bias_off, GLOBAL const real *RESTRICT r, long r_off,
        GLOBAL real *RESTRICT y, long y_off, GLOBAL const long *RESTRICT batches, GLOBAL const int *RESTRICT a_count,
        long a_count_off, GLOBAL const int *RESTRICT b_count, long b_count_off, int M, int N, int K, float alpha,
        int act, int has_bias, int has_residual, int has_a_count, int has_b_count) {
    LOCAL float tile[TILE_FLOATS] LOCAL_ALIGN;
    const int item = LOCAL_ID(0);
    const int across = (N + TILE_N - 1) / TILE_N;
    const int n_first = GROUP_ID(0) % across * TILE_N;
    const int m_first = GROUP_ID(0) / across * TILE_M;
    const long a_item = batches[2 * GROUP_ID(1)];
    const long b_item = batches[2 * GROUP_ID(1) + 1];
    const int terms = counted_terms(
            M, N, K, a_count + a_count_off, a_item, has_a_count, b_count + b_count_off, b_item, has_b_count);
    a += a_off + a_item;
    b += b_off + b_item;
    float acc[WORK_M][WORK_N];
    MATRIX_SUMS(acc, tile, m_first, n_first, 0, terms)

    const long from = (long)GROUP_ID(1) * M * N;
    const int column = n_first + item % TILE_N;
    const float column_bias = has_bias ? LOAD(bias, bias_off + min(column, N - 1)) : 0.0f;
    #pragma unroll 1
    for (int i = 0; i < WORK_M; i++) {
        tile_rows(acc, tile, 1);
        BARRIER();
        matrix_store(tile, column_bias, r + r_off + from, y + y_off + from, m_first + i, column, M, N, act, has_residual);
        BARRIER();
    }
}
