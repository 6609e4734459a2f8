// Convolution whose sums several groups share: where there are fewer tiles than processors, each tile's terms go to
// `splits` groups. The last of them to be done adds up what all have left, the first's first, and stores it.
//
// Arguments, shapes and what is computed are those of conv2d.cl, and
//   partial (tiles, splits, TILE_M · TILE_N): sums of a part of the terms, in the order in which work-items hold them
//   arrived (tiles): how many groups of a tile are done, 0 before and after
// Launch  a group for each part of the terms of TILE_N pixels × TILE_M channels, for each of groups · ceil(O / TILE_M)
//         panels, for each n.
// Parameters: as conv2d.
// FLOPs   as conv2d, and splits additions for each pixel of y
// Bytes   as conv2d, and 8 · tiles · splits · TILE_M · TILE_N

#include "conv2d_tile.h"
#include "split.h"

KERNEL MANY_GROUPS conv2d_split(
        GLOBAL const real *RESTRICT x, long x_off, long x_sn, GLOBAL const real *RESTRICT w, long w_off,
        GLOBAL const real *RESTRICT b, long b_off, GLOBAL const real *RESTRICT r, long r_off, long r_sn,
        GLOBAL real *RESTRICT y, long y_off, long y_sn, int groups, int C, int H, int W, int O, int P, int Q, int KH,
        int KW, int row_first, int col_first, int row_step, int col_step, int row_tap, int col_tap, int y_plane,
        int y_width, int y_row_first, int y_col_first, int y_row_step, int y_col_step, int act, int has_bias,
        int has_residual, GLOBAL float *partial, long partial_off, GLOBAL int *arrived, int splits) {
    LOCAL float tile[TILE_FLOATS] LOCAL_ALIGN;
    LOCAL int last;
    const int item = LOCAL_ID(0);
    const int panels = (O + TILE_M - 1) / TILE_M;
    const int group = GROUP_ID(1) / panels;
    const int panel = GROUP_ID(1) % panels;
    const int n = GROUP_ID(2);
    const int part = GROUP_ID(0) % splits;
    const int place = GROUP_ID(0) / splits;
    const int index = (n * groups * panels + GROUP_ID(1)) * ((P * Q + TILE_N - 1) / TILE_N) + place;
    const int pixel = place * TILE_N + item % TILE_N;
    const int tap_steps = (C + TILE_K - 1) / TILE_K;
    const int steps = KH * KW * tap_steps;
    const int first = (int)((long)steps * part / splits);
    const int end = (int)((long)steps * (part + 1) / splits);
    const int tap = first / tap_steps;
    int u = tap / KW;
    int v = tap % KW;
    int c = first % tap_steps * TILE_K;
    GLOBAL const real *image = x + x_off + n * x_sn + (long)group * C * H * W;
    GLOBAL const real *weights = w + w_off + ((((long)group * panels + panel) * KH * KW + tap) * C + c) * TILE_M;
    float acc[WORK_M][WORK_N];
    TILE_SUMS(acc, tile, image, weights, pixel, end - first, u, v, c)

    leave_sums(acc, partial + partial_off, index, part, splits);
    BARRIER_ALL();
    if (item == 0) {
        last = ATOMIC_INC(&arrived[index]) == splits - 1;
    }
    BARRIER();
    const int stores = last;
    add_sums(acc, partial + partial_off, arrived, index, stores ? splits : 0);
    const int at = stores && pixel < P * Q
            ? (pixel / Q * y_row_step + y_row_first) * y_width + pixel % Q * y_col_step + y_col_first
            : -1;
    #pragma unroll 1
    for (int i = 0; i < WORK_M; i++) {
        tile_rows(acc, tile, 1);
        BARRIER();
        tile_store(tile, b + b_off, r + r_off + n * r_sn, y + y_off + n * y_sn, group * O, panel * TILE_M + i, O, at,
                y_plane, act, stores && has_bias, stores && has_residual);
        BARRIER();
    }
}
