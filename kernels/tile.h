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
