// Matrix products whose sums several groups share: where there are fewer tiles than processors, each tile's terms go to
// `splits` groups. The last of them to be done adds up what all have left, the first's first, and stores it.
//
// Arguments, shapes and what is computed are those of matmul.cl, and
//   partial (tiles, splits, TILE_M · TILE_N): sums of a part of the terms, in the order in which work-items hold them
//   arrived (tiles): how many groups of a tile are done, 0 before and after
// Launch  a group for each part of the terms of TILE_M × TILE_N elements of y, row by row of such tiles, for each item.
// Parameters: as matmul.
// FLOPs   as matmul, and splits additions for each element of y
// Bytes   as matmul, and 8 · tiles · splits · TILE_M · TILE_N

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
    const int item = LOCAL_ID(0);
    const int across = (N + TILE_N - 1) / TILE_N;
    const int part = GROUP_ID(0) % splits;
    const int place = GROUP_ID(0) / splits;
    const int n_first = place % across * TILE_N;
    const int m_first = place / across * TILE_M;
    const int index = GROUP_ID(1) * (across * ((M + TILE_M - 1) / TILE_M)) + place;
    const long a_item = batches[2 * GROUP_ID(1)];
    const long b_item = batches[2 * GROUP_ID(1) + 1];
    const int terms = counted_terms(
            M, N, K, a_count + a_count_off, a_item, has_a_count, b_count + b_count_off, b_item, has_b_count);
    const int steps = (K + TILE_K - 1) / TILE_K;
    const int start = (int)((long)steps * part / splits) * TILE_K;
    const int end = min(terms, (int)((long)steps * (part + 1) / splits) * TILE_K);
    a += a_off + a_item;
    b += b_off + b_item;
    float acc[WORK_M][WORK_N];
    MATRIX_SUMS(acc, tile, m_first, n_first, start, end)

    leave_sums(acc, partial + partial_off, index, part, splits);
    BARRIER_ALL();
    if (item == 0) {
        last = ATOMIC_INC(&arrived[index]) == splits - 1;
    }
    BARRIER();
    const int stores = last;
    add_sums(acc, partial + partial_off, arrived, index, stores ? splits : 0);
    const long from = (long)GROUP_ID(1) * M * N;
    const int column = n_first + item % TILE_N;
    const float column_bias = stores && has_bias ? LOAD(bias, bias_off + min(column, N - 1)) : 0.0f;
    #pragma unroll 1
    for (int i = 0; i < WORK_M; i++) {
        tile_rows(acc, tile, 1);
        BARRIER();
        matrix_store(tile, column_bias, r + r_off + from, y + y_off + from, m_first + i, column, stores ? M : 0, N, act,
                stores && has_residual);
        BARRIER();
    }
}
