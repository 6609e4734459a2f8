// Convolution as an implicit matrix product: the image is gathered tile by tile, never laid out as a whole (im2col).
//
//   y[n, o, i, j] = ACT(b[o] + Σ_tap Σ_c w[o, c, tap] · x[n, c, i·row_step + row_first + u·row_tap,
//                                                             j·col_step + col_first + v·col_tap] + r[n, o, i, j])
//   tap = u·KW + v; x is 0 outside the image. torch.nn.functional.conv2d with row_step the stride, row_first −padding
//   and row_tap the dilation. A transposed convolution is one such sum for each phase of its output: see SpatialRules.
//
// Shapes  x (N, groups·C, H, W), b (groups·O), r and y (N, groups·O, y_plane / y_width, y_width), all NCHW.
//         w (groups, ceil(O / TILE_M), KH·KW, C, TILE_M): panels of output channels, the last one filled with zeros.
//         The result's pixel (i, j) of P × Q lies at (i·y_row_step + y_row_first, j·y_col_step + y_col_first).
// Launch  a group for TILE_N pixels × TILE_M channels, for each of groups · ceil(O / TILE_M) panels, for each n.
// act, has_bias and has_residual say what is added to the sums; few kernels then serve all layers.
// Parameters: TILE_M channels, TILE_N pixels and TILE_K terms of a group's tiles in local memory; each work-item keeps
//   WORK_M × WORK_N sums. TILE_M / WORK_M · TILE_N / WORK_N work-items, a multiple of TILE_N. See conv2d_tile.h.
// FLOPs   2 · N · groups · O · P · Q · C · KH · KW
// Bytes   at least x, w and y once; a group reads TILE_K · (TILE_M + TILE_N) for TILE_K · TILE_M · TILE_N products.

#include "conv2d_tile.h"

KERNEL MANY_GROUPS conv2d(
        GLOBAL const real *RESTRICT x, long x_off, long x_sn, GLOBAL const real *RESTRICT w, long w_off,
        GLOBAL const real *RESTRICT b, long b_off, GLOBAL const real *RESTRICT r, long r_off, long r_sn,
        GLOBAL real *RESTRICT y, long y_off, long y_sn, int groups, int C, int H, int W, int O, int P, int Q, int KH,
        int KW, int row_first, int col_first, int row_step, int col_step, int row_tap, int col_tap, int y_plane,
        int y_width, int y_row_first, int y_col_first, int y_row_step, int y_col_step, int act, int has_bias,
        int has_residual) {
    LOCAL float tile[TILE_FLOATS] LOCAL_ALIGN;
    const int item = LOCAL_ID(0);
    const int panels = (O + TILE_M - 1) / TILE_M;
    const int group = GROUP_ID(1) / panels;
    const int panel = GROUP_ID(1) % panels;
    const int n = GROUP_ID(2);
    const int pixel = GROUP_ID(0) * TILE_N + item % TILE_N;
    const int steps = KH * KW * ((C + TILE_K - 1) / TILE_K);
    GLOBAL const real *image = x + x_off + n * x_sn + (long)group * C * H * W;
    GLOBAL const real *weights = w + w_off + ((long)group * panels + panel) * KH * KW * C * TILE_M;
    int u = 0;
    int v = 0;
    int c = 0;
    float acc[WORK_M][WORK_N];
    TILE_SUMS(acc, tile, image, weights, pixel, steps, u, v, c)

    const int at = pixel < P * Q
            ? (pixel / Q * y_row_step + y_row_first) * y_width + pixel % Q * y_col_step + y_col_first
            : -1;
    #pragma unroll 1
    for (int i = 0; i < WORK_M; i++) {
        tile_rows(acc, tile, 1);
        BARRIER();
        tile_store(tile, b + b_off, r + r_off + n * r_sn, y + y_off + n * y_sn, group * O, panel * TILE_M + i, O, at,
                y_plane, act, has_bias, has_residual);
        BARRIER();
    }
}
