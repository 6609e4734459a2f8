// How the tile of a matrix product lies in local memory and is stored. TILE_K terms at a time lie in local
// memory, `tile`: those of a, then those of b.
#include "tile.h"
#ifndef TRANSPOSE_A
#define TRANSPOSE_A 0
#endif
#ifndef TRANSPOSE_B
#define TRANSPOSE_B 0
#endif

// Four more floats a row put the elements that a transposing copy writes at once into different banks.
#define PITCH_A (TILE_M + 4)
#define PITCH_B (TILE_N + 4)
#define TILE_FLOATS (TILE_K * (PITCH_A + PITCH_B))

#define ROWS_AT_ONCE (ITEMS / TILE_N)

// The terms of an item's sums: K, or the fewer that the operands' counts leave.
DEVICE int counted_terms(
        int M, int N, int K, GLOBAL const int *a_count, long a_item, int has_a_count, GLOBAL const int *b_count, long b_item,
        int has_b_count) {
    int terms = K;
    if (has_a_count) {
        terms = min(terms, a_count[a_item / ((long)M * K)]);
    }
    if (has_b_count) {
        terms = min(terms, b_count[b_item / ((long)N * K)]);
    }
    return terms;
}

// The sums of terms `start` to `end` (exclusive) of the tile whose first element is (m_first, n_first), of the item's a and b.
// What else it takes are the kernel's arguments.
#define MATRIX_SUMS(acc, tile, m_first, n_first, start, end) \
    LOCAL_POINTER float *a_tile = tile; \
    LOCAL_POINTER float *b_tile = tile + TILE_K * PITCH_A; \
    ZERO_SUMS(acc) \
    for (int first = (start); first < (end); first += TILE_K) { \
        _Pragma("unroll") \
        for (int l = 0; l < TILE_K * TILE_M / ITEMS; l++) { \
            const int e = LOCAL_ID(0) + l * ITEMS; \
            const int k = TRANSPOSE_A ? e / TILE_M : e % TILE_K; \
            const int m = TRANSPOSE_A ? e % TILE_M : e / TILE_K; \
            const int inside = first + k < (end) && m_first + m < M; \
            a_tile[k * PITCH_A + m] = !inside ? 0.0f \
                    : TRANSPOSE_A ? LOAD(a, (long)(first + k) * M + m_first + m) \
                                  : LOAD(a, (long)(m_first + m) * K + first + k); \
        } \
        _Pragma("unroll") \
        for (int l = 0; l < TILE_K * TILE_N / ITEMS; l++) { \
            const int e = LOCAL_ID(0) + l * ITEMS; \
            const int k = TRANSPOSE_B ? e % TILE_K : e / TILE_N; \
            const int n = TRANSPOSE_B ? e / TILE_K : e % TILE_N; \
            const int inside = first + k < (end) && n_first + n < N; \
            b_tile[k * PITCH_B + n] = !inside ? 0.0f \
                    : TRANSPOSE_B ? LOAD(b, (long)(n_first + n) * K + first + k) \
                                  : LOAD(b, (long)(first + k) * N + n_first + n); \
        } \
        BARRIER(); \
        TILE_MULTIPLY(acc, tile, PITCH_A, tile + TILE_K * PITCH_A, PITCH_B) \
        BARRIER(); \
    } \
    _Pragma("unroll") \
    for (int i = 0; i < WORK_M; i++) { \
        _Pragma("unroll") \
        for (int j = 0; j < WORK_N; j++) { \
            acc[i][j] *= alpha; \
        } \
    }

// Adds residual and bias, that of this work-item's column, to the sums that lie in local memory, a row of each item_m, and
// stores them: row k is m + k · WORK_M. Reads are under way four at a time; those for what isn't stored are of what lies in
// range.
DEVICE void matrix_store(
        LOCAL_POINTER float *tile, float bias, GLOBAL const real *r, GLOBAL real *y, int m, int column, int M, int N, int act,
        int has_residual) {
    LOCAL_POINTER float *mine = tile + LOCAL_ID(0);
    const int first = m + LOCAL_ID(0) / TILE_N * WORK_M;
    if (has_residual) {
        #pragma unroll 4
        for (int l = 0; l < WORK_N; l++) {
            mine[l * ITEMS] += LOAD(r, (long)min(first + l * (ROWS_AT_ONCE * WORK_M), M - 1) * N + min(column, N - 1));
        }
    }
    #pragma unroll 1
    for (int l = 0; l < WORK_N; l++) {
        const int row = first + l * (ROWS_AT_ONCE * WORK_M);
        if (row < M && column < N) {
            STORE(y, (long)row * N + column, activate(act, mine[l * ITEMS] + bias));
        }
    }
}
