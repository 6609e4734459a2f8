// A part of the terms of a convolution: where there are fewer tiles than processors, each tile's terms go to `parts` groups,
// and `join_parts` adds up what they leave. The form of split-K that needs no memory in order between groups.
//
// Arguments, shapes and what is computed are those of conv2d.cl, but for bias, residual, activation and where pixels go, which are
// join_parts's; and
//   partial (parts, N, groups·O, P·Q): sums of a part of the terms
// Launch  a group for each part of the terms of TILE_N pixels × TILE_M channels, for each of groups · ceil(O / TILE_M)
//         panels, for each n.
// Parameters: as conv2d.
// FLOPs   as conv2d
// Bytes   x and w as conv2d, and 4 · parts · N · groups · O · P · Q

#include "conv2d_tile.h"

KERNEL MANY_GROUPS conv2d_parts(
        GLOBAL const real *RESTRICT x, long x_off, long x_sn, GLOBAL const real *RESTRICT w, long w_off,
        GLOBAL const real *RESTRICT b, long b_off, GLOBAL const real *RESTRICT r, long r_off, long r_sn,
        GLOBAL real *RESTRICT y, long y_off, long y_sn, int groups, int C, int H, int W, int O, int P, int Q, int KH,
        int KW, int row_first, int col_first, int row_step, int col_step, int row_tap, int col_tap, int y_plane,
        int y_width, int y_row_first, int y_col_first, int y_row_step, int y_col_step, int act, int has_bias,
        int has_residual, GLOBAL float *partial, long partial_off, int N, int parts) {
    LOCAL float tile[TILE_FLOATS] LOCAL_ALIGN;
    const int item = LOCAL_ID(0);
    const int panels = (O + TILE_M - 1) / TILE_M;
    const int group = GROUP_ID(1) / panels;
    const int panel = GROUP_ID(1) % panels;
    const int n = GROUP_ID(2);
    const int part = GROUP_ID(0) % parts;
    const int pixel = GROUP_ID(0) / parts * TILE_N + item % TILE_N;
    const int tap_steps = (C + TILE_K - 1) / TILE_K;
    const int steps = KH * KW * tap_steps;
    const int first = (int)((long)steps * part / parts);
    const int end = (int)((long)steps * (part + 1) / parts);
    const int tap = first / tap_steps;
    int u = tap / KW;
    int v = tap % KW;
    int c = first % tap_steps * TILE_K;
    GLOBAL const real *image = x + x_off + n * x_sn + (long)group * C * H * W;
    GLOBAL const real *weights = w + w_off + ((((long)group * panels + panel) * KH * KW + tap) * C + c) * TILE_M;
    float acc[WORK_M][WORK_N];
    TILE_SUMS(acc, tile, image, weights, pixel, end - first, u, v, c)

    partial += partial_off + (((long)part * N + n) * groups + group) * O * P * Q + pixel;
    #pragma unroll 1
    for (int i = 0; i < WORK_M; i++) {
        tile_rows(acc, tile, 1);
        BARRIER();
        #pragma unroll 1
        for (int l = 0; l < WORK_N; l++) {
            const int m = panel * TILE_M + i + (item / TILE_N + l * ROWS_AT_ONCE) * WORK_M;
            if (pixel < P * Q && m < O) {
                partial[(long)m * P * Q] = tile[item + l * ITEMS];
            }
        }
        BARRIER();
    }
}
