// A part of the terms of matrix products: where there are fewer tiles than processors, each tile's terms go to `parts` groups,
// and `join_parts` adds up what they leave. The form of split-K that needs no memory in order between groups.
//
// Arguments, shapes and what is computed are those of matmul.cl, but for bias, residual and activation, which are join_parts's; and
//   partial (parts, batch, M, N): sums of a part of the terms
// Launch  a group for each part of the terms of TILE_M × TILE_N elements of y, row by row of such tiles, for each item.
// Parameters: as matmul.
// FLOPs   as matmul
// Bytes   a and b as matmul, and 4 · parts · batch · M · N

#include "matmul_tile.h"

KERNEL matmul_parts(
        GLOBAL const real *RESTRICT a, long a_off, GLOBAL const real *RESTRICT b, long b_off,
        GLOBAL const real *RESTRICT bias, long bias_off, GLOBAL const real *RESTRICT r, long r_off,
        GLOBAL real *RESTRICT y, long y_off, GLOBAL const long *RESTRICT batches, GLOBAL const int *RESTRICT a_count,
        long a_count_off, GLOBAL const int *RESTRICT b_count, long b_count_off, int M, int N, int K, float alpha,
        int act, int has_bias, int has_residual, int has_a_count, int has_b_count,
        GLOBAL float *partial, long partial_off, int batch, int parts) {
    LOCAL float tile[TILE_FLOATS] LOCAL_ALIGN;
    const int item = LOCAL_ID(0);
    const int across = (N + TILE_N - 1) / TILE_N;
    const int part = GROUP_ID(0) % parts;
    const int place = GROUP_ID(0) / parts;
    const int n_first = place % across * TILE_N;
    const int m_first = place / across * TILE_M;
    const long a_item = batches[2 * GROUP_ID(1)];
    const long b_item = batches[2 * GROUP_ID(1) + 1];
    const int terms = counted_terms(
            M, N, K, a_count + a_count_off, a_item, has_a_count, b_count + b_count_off, b_item, has_b_count);
    const int steps = (K + TILE_K - 1) / TILE_K;
    const int start = (int)((long)steps * part / parts) * TILE_K;
    const int end = min(terms, (int)((long)steps * (part + 1) / parts) * TILE_K);
    a += a_off + a_item;
    b += b_off + b_item;
    float acc[WORK_M][WORK_N];
    MATRIX_SUMS(acc, tile, m_first, n_first, start, end)

    partial += partial_off + ((long)part * batch + GROUP_ID(1)) * M * N;
    const int column = n_first + item % TILE_N;
    #pragma unroll 1
    for (int i = 0; i < WORK_M; i++) {
        tile_rows(acc, tile, 1);
        BARRIER();
        #pragma unroll 1
        for (int l = 0; l < WORK_N; l++) {
            const int row = m_first + i + (item / TILE_N + l * ROWS_AT_ONCE) * WORK_M;
            if (row < M && column < N) {
                partial[(long)row * N + column] = tile[item + l * ITEMS];
            }
        }
        BARRIER();
    }
}
