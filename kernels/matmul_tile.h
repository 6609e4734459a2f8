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
