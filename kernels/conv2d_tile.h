// What conv2d and its variants with tiles share: the sums of TILE_M output channels of TILE_N pixels, and how they are
// stored. TILE_K terms at a time lie in local memory, `tile`: their weights, then the pixels' inputs.
#include "tile.h"

#define ROWS_AT_ONCE (ITEMS / TILE_N)
#define LOADS_X (TILE_K * TILE_N / ITEMS)
#define LOADS_W (TILE_K * TILE_M / ITEMS)
#define TILE_FLOATS (TILE_K * (TILE_M + TILE_N))

// The sums over so many steps, of TILE_K channels of one tap each or fewer at a tap's last, from channel c of tap (u, v) on.
// image is that of the group of channels, weights start with the first of the steps, pixel is the one whose inputs this
// work-item gathers; weights, u, v and c are moved on. What else it takes are the kernel's arguments.
#define TILE_SUMS(acc, tile, image, weights, pixel, steps, u, v, c) \
    LOCAL_POINTER float *x_tile = tile + TILE_K * TILE_M; \
    const int x_row = LOCAL_ID(0) / TILE_N; \
    const int plane = H * W; \
    const int row = pixel / Q * row_step + row_first; \
    const int col = pixel % Q * col_step + col_first; \
    ZERO_SUMS(acc) \
    for (int step = 0; step < (steps); step++) { \
        const int in_row = row + u * row_tap; \
        const int in_col = col + v * col_tap; \
        const int inside = pixel < P * Q && in_row >= 0 && in_row < H && in_col >= 0 && in_col < W; \
        _Pragma("unroll") \
        for (int l = 0; l < LOADS_X; l++) { \
            const int k = x_row + l * ROWS_AT_ONCE; \
            x_tile[k * TILE_N + LOCAL_ID(0) % TILE_N] = \
                    inside && c + k < C ? LOAD(image, (long)(c + k) * plane + in_row * W + in_col) : 0.0f; \
        } \
        _Pragma("unroll") \
        for (int l = 0; l < LOADS_W; l++) { \
            const int k = LOCAL_ID(0) + l * ITEMS; \
            tile[k] = k < (C - c) * TILE_M ? LOAD(weights, k) : 0.0f; \
        } \
        weights += min(TILE_K, C - c) * TILE_M; \
        c += TILE_K; \
        if (c >= C) { \
            c = 0; \
            v++; \
            if (v == KW) { \
                v = 0; \
                u++; \
            } \
        } \
        BARRIER(); \
        TILE_MULTIPLY(acc, tile, TILE_M, tile + TILE_K * TILE_M, TILE_N) \
        BARRIER(); \
    }

// Adds bias and residual to the rows of sums in local memory, one of each item_m, and stores them: row k is channel
// m + k · WORK_M of the O that start with the group's `first`, and goes to `at` of its plane, nowhere if that is
// negative. Reads are under way four at a time; those for what isn't stored are of what lies in range.
DEVICE void tile_store(
        LOCAL_POINTER float *tile, GLOBAL const real *b, GLOBAL const real *r, GLOBAL real *y, int first, int m, int O,
        int at, int y_plane, int act, int has_bias, int has_residual) {
    const int row = LOCAL_ID(0) / TILE_N;
    LOCAL_POINTER float *mine = tile + LOCAL_ID(0);
    if (has_bias) {
        #pragma unroll 4
        for (int l = 0; l < WORK_N; l++) {
            mine[l * ITEMS] += LOAD(b, first + min(m + (row + l * ROWS_AT_ONCE) * WORK_M, O - 1));
        }
    }
    if (has_residual) {
        #pragma unroll 4
        for (int l = 0; l < WORK_N; l++) {
            mine[l * ITEMS] += LOAD(r, (long)(first + min(m + (row + l * ROWS_AT_ONCE) * WORK_M, O - 1)) * y_plane
                    + max(at, 0));
        }
    }
    #pragma unroll 1
    for (int l = 0; l < WORK_N; l++) {
        const int k = m + (row + l * ROWS_AT_ONCE) * WORK_M;
        if (at >= 0 && k < O) {
            STORE(y, (long)(first + k) * y_plane + at, activate(act, mine[l * ITEMS]));
        }
    }
}
