// The tile of conv2d: its sums, and the way they leave the registers.
//
// A group makes TILE_M output channels of TILE_N pixels. TILE_K terms of the sums at a time lie in local memory, `tile`:
// their weights, then the pixels' inputs. A work-item keeps WORK_M × WORK_N sums: channels side by side, pixels in fours,
// ITEMS_N · 4 apart.
#include "four.h"
#ifndef TILE_M
#define TILE_M 64
#endif
#ifndef TILE_N
#define TILE_N 128
#endif
#ifndef TILE_K
#define TILE_K 8
#endif
#ifndef WORK_M
#define WORK_M 8
#endif
#ifndef WORK_N
#define WORK_N 8
#endif

#define ITEMS_M (TILE_M / WORK_M)
#define ITEMS_N (TILE_N / WORK_N)
#define ITEMS (ITEMS_M * ITEMS_N)
#define ROWS_AT_ONCE (ITEMS / TILE_N)
#define LOADS_X (TILE_K * TILE_N / ITEMS)
#define LOADS_W (TILE_K * TILE_M / ITEMS)
#define TILE_FLOATS (TILE_K * (TILE_M + TILE_N))

// The sums over so many steps, of TILE_K channels of one tap each or fewer at a tap's last, from channel c of tap (u, v) on.
// image is that of the group of channels, weights start with the first of the steps, pixel is the one whose inputs this
// work-item gathers.
DEVICE void tile_sums(
        float acc[WORK_M][WORK_N], LOCAL_POINTER float *tile, GLOBAL const real *image, GLOBAL const real *weights,
        int pixel, int steps, int u, int v, int c, int C, int H, int W, int P, int Q, int KW, int row_first,
        int col_first, int row_step, int col_step, int row_tap, int col_tap) {
    LOCAL_POINTER float *w_tile = tile;
    LOCAL_POINTER float *x_tile = tile + TILE_K * TILE_M;
    const int item = LOCAL_ID(0);
    const int item_n = item % ITEMS_N;
    const int item_m = item / ITEMS_N;
    const int x_row = item / TILE_N;
    const int plane = H * W;
    const int row = pixel / Q * row_step + row_first;
    const int col = pixel % Q * col_step + col_first;
    #pragma unroll
    for (int i = 0; i < WORK_M; i++) {
        #pragma unroll
        for (int j = 0; j < WORK_N; j++) {
            acc[i][j] = 0.0f;
        }
    }
    for (int step = 0; step < steps; step++) {
        const int in_row = row + u * row_tap;
        const int in_col = col + v * col_tap;
        const int inside = pixel < P * Q && in_row >= 0 && in_row < H && in_col >= 0 && in_col < W;
        #pragma unroll
        for (int l = 0; l < LOADS_X; l++) {
            const int k = x_row + l * ROWS_AT_ONCE;
            x_tile[k * TILE_N + item % TILE_N] =
                    inside && c + k < C ? LOAD(image, (long)(c + k) * plane + in_row * W + in_col) : 0.0f;
        }
        #pragma unroll
        for (int l = 0; l < LOADS_W; l++) {
            const int k = item + l * ITEMS;
            w_tile[k] = k < (C - c) * TILE_M ? LOAD(weights, k) : 0.0f;
        }
        weights += min(TILE_K, C - c) * TILE_M;
        c += TILE_K;
        if (c >= C) {
            c = 0;
            v++;
            if (v == KW) {
                v = 0;
                u++;
            }
        }
        BARRIER();
        #pragma unroll
        for (int k = 0; k < TILE_K; k++) {
            float ws[WORK_M];
            float xs[WORK_N];
            #pragma unroll
            for (int i = 0; i < WORK_M; i += 4) {
                const float4 four = LOCAL4(w_tile, k * TILE_M + item_m * WORK_M + i);
                ws[i] = four.x;
                ws[i + 1] = four.y;
                ws[i + 2] = four.z;
                ws[i + 3] = four.w;
            }
            #pragma unroll
            for (int j = 0; j < WORK_N; j += 4) {
                const float4 four = LOCAL4(x_tile, k * TILE_N + (j / 4 * ITEMS_N + item_n) * 4);
                xs[j] = four.x;
                xs[j + 1] = four.y;
                xs[j + 2] = four.z;
                xs[j + 3] = four.w;
            }
            #pragma unroll
            for (int i = 0; i < WORK_M; i++) {
                #pragma unroll
                for (int j = 0; j < WORK_N; j++) {
                    acc[i][j] = FMA(ws[i], xs[j], acc[i][j]);
                }
            }
        }
        BARRIER();
    }
}

// Puts the first `rows` of each work-item's rows of sums into local memory, that of item_m and row i at
// (item_m · rows + i) · TILE_N, and moves the others to where they were: one piece of code then serves all rows while the
// sums stay in registers. From there neighbouring work-items take neighbouring pixels.
DEVICE void tile_rows(float acc[WORK_M][WORK_N], LOCAL_POINTER float *tile, int rows) {
    const int item_n = LOCAL_ID(0) % ITEMS_N;
    const int item_m = LOCAL_ID(0) / ITEMS_N;
    #pragma unroll
    for (int i = 0; i < rows; i++) {
        #pragma unroll
        for (int j = 0; j < WORK_N; j += 4) {
            SET_LOCAL4(tile, (item_m * rows + i) * TILE_N + (j / 4 * ITEMS_N + item_n) * 4,
                    acc[i][j], acc[i][j + 1], acc[i][j + 2], acc[i][j + 3]);
        }
    }
    #pragma unroll
    for (int i = 0; i + rows < WORK_M; i++) {
        #pragma unroll
        for (int j = 0; j < WORK_N; j++) {
            acc[i][j] = acc[i + rows][j];
        }
    }
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
