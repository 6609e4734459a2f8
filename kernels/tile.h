// Tiles of sums, and the way they leave the registers. A group makes TILE_M × TILE_N sums, TILE_K terms at a time from local
// memory. A work-item keeps WORK_M × WORK_N of them: rows side by side, columns in fours, ITEMS_N · 4 apart.
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

// Registers of a processor for 512 work-items at once: 128 each, so that the sums of one fit beside those of the others.
#if defined(__OPENCL_VERSION__) || ITEMS < 32 || ITEMS > 512
#define MANY_GROUPS
#else
#define MANY_GROUPS __launch_bounds__(ITEMS, 512 / ITEMS)
#endif

// What computes with all sums of a work-item is a macro, no function: PoCL's compiler dies of one with these sums in it, nor may
// a barrier stand in one.

// Sets acc to 0.
#define ZERO_SUMS(acc) \
    _Pragma("unroll") \
    for (int i = 0; i < WORK_M; i++) { \
        _Pragma("unroll") \
        for (int j = 0; j < WORK_N; j++) { \
            acc[i][j] = 0.0f; \
        } \
    }

// Adds the products of a step's TILE_K terms to acc: `rows` has TILE_M numbers of each, a_pitch apart, `columns` TILE_N, b_pitch
// apart.
#define TILE_MULTIPLY(acc, rows, a_pitch, columns, b_pitch) \
    _Pragma("unroll") \
    for (int k = 0; k < TILE_K; k++) { \
        float as[WORK_M]; \
        float bs[WORK_N]; \
        _Pragma("unroll") \
        for (int i = 0; i < WORK_M; i += 4) { \
            const float4 four = LOCAL4(rows, k * (a_pitch) + LOCAL_ID(0) / ITEMS_N * WORK_M + i); \
            as[i] = four.x; \
            as[i + 1] = four.y; \
            as[i + 2] = four.z; \
            as[i + 3] = four.w; \
        } \
        _Pragma("unroll") \
        for (int j = 0; j < WORK_N; j += 4) { \
            const float4 four = LOCAL4(columns, k * (b_pitch) + (j / 4 * ITEMS_N + LOCAL_ID(0) % ITEMS_N) * 4); \
            bs[j] = four.x; \
            bs[j + 1] = four.y; \
            bs[j + 2] = four.z; \
            bs[j + 3] = four.w; \
        } \
        _Pragma("unroll") \
        for (int i = 0; i < WORK_M; i++) { \
            _Pragma("unroll") \
            for (int j = 0; j < WORK_N; j++) { \
                acc[i][j] = FMA(as[i], bs[j], acc[i][j]); \
            } \
        } \
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
