// Matrix products whose sums several groups share: where there are fewer tiles than processors, each tile's terms go to
// `splits` groups. The last of them to be done adds up what all have left, the first's first, and stores it.
//
// Arguments, shapes and what is computed are those of matmul.cl, and
//   partial (batch, tiles, splits, TILE_M · TILE_N): sums of a part of the terms, in the order in which work-items hold them
//   arrived (batch, tiles): how many groups of a tile are done, 0 before and after
// Launch  a group for each part of the terms of TILE_M × TILE_N elements of y, for each item.
// Parameters: as matmul.
// FLOPs   as matmul, and splits additions for each element of y
// Bytes   as matmul, and 8 · splits for each element of the tiles

#include "matmul_tile.h"
#include "split.h"

KERNEL matmul_split(
        GLOBAL const real *RESTRICT a, long a_off, GLOBAL const real *RESTRICT b, long b_off,
        GLOBAL const real *RESTRICT bias, long bias_off, GLOBAL const real *RESTRICT r, long r_off,
        GLOBAL real *RESTRICT y, long y_off, GLOBAL const long *RESTRICT batches, GLOBAL const int *RESTRICT a_count,
        long a_count_off, GLOBAL const int *RESTRICT b_count, long b_count_off, int M, int N, int K, float alpha,
        int act, int has_bias, int has_residual, int has_a_count, int has_b_count,
        GLOBAL float *partial, long partial_off, GLOBAL int *arrived, int splits) {
    LOCAL float tile[TILE_FLOATS] LOCAL_ALIGN;
    LOCAL int last;
    const int part = GROUP_ID(0) % splits;
    const int place = GROUP_ID(0) / splits;
    const int across = (N + TILE_N - 1) / TILE_N;
    const int n_first = place % across * TILE_N;
    const int m_first = place / across * TILE_M;
    const int index = GROUP_ID(1) * (across * ((M + TILE_M - 1) / TILE_M)) + place;
    const long a_item = batches[2 * GROUP_ID(1)];
    const long b_item = batches[2 * GROUP_ID(1) + 1];
    const int steps = (K + TILE_K - 1) / TILE_K;
    const int first = (int)((long)steps * part / splits) * TILE_K;
    int terms = min(K, (int)((long)steps * (part + 1) / splits) * TILE_K);
    if (has_a_count) {
        terms = min(terms, a_count[a_count_off + a_item / ((long)M * K)]);
    }
    if (has_b_count) {
        terms = min(terms, b_count[b_count_off + b_item / ((long)N * K)]);
    }
    float acc[WORK_M][WORK_N];
    matrix_sums(acc, tile, a + a_off + a_item, b + b_off + b_item, m_first, n_first, M, N, K, first, terms);
    if (!last_with_sums(acc, &last, partial + partial_off, arrived, index, part, splits)) {
        return;
    }
    const long from = (long)GROUP_ID(1) * M * N;
    matrix_store(acc, tile, bias + bias_off, r + r_off + from, y + y_off + from, m_first, n_first, M, N, alpha, act,
            has_bias, has_residual);
}
