// All four phases of a transposed convolution of 2×2 taps and stride 2 at once: each input pixel makes four output pixels.
//
//   y[n, o, 2i + u, 2j + v] = ACT(b[o] + Σ_c w[o, u, v, c] · x[n, c, i, j])
//
// A 1×1 convolution as conv2d's, whose O output channels of a group are 4 for each channel of y: m is phase m % 4 = 2u + v
// of channel m / 4. Arguments are those of conv2d.cl; y_row_step and y_col_step are 2, no residual is added.
//
// Shapes  x (N, groups·C, H, W), b (groups·O/4), y (N, groups·O/4, 2H, 2W), all NCHW.
//         w (groups, ceil(O / TILE_M), 1, C, TILE_M): panels of output channels, the last one filled with zeros.
// Launch  a group for TILE_N pixels × TILE_M channels, for each of groups · ceil(O / TILE_M) panels, for each n.
//         Neighbouring work-items store neighbouring pixels, of the phases v = 0 and 1 in turn.
// Parameters: as conv2d.
// FLOPs   2 · N · groups · O · P · Q · C
// Bytes   at least x, w and y once

#include "conv2d_tile.h"

KERNEL MANY_GROUPS conv2d_phases(
        GLOBAL const real *RESTRICT x, long x_off, long x_sn, GLOBAL const real *RESTRICT w, long w_off,
        GLOBAL const real *RESTRICT b, long b_off, GLOBAL const real *RESTRICT r, long r_off, long r_sn,
        GLOBAL real *RESTRICT y, long y_off, long y_sn, int groups, int C, int H, int W, int O, int P, int Q, int KH,
        int KW, int row_first, int col_first, int row_step, int col_step, int row_tap, int col_tap, int y_plane,
        int y_width, int y_row_first, int y_col_first, int y_row_step, int y_col_step, int act, int has_bias,
        int has_residual, int phases) {
    LOCAL float tile[TILE_FLOATS] LOCAL_ALIGN;
    const int item = LOCAL_ID(0);
    const int panels = (O + TILE_M - 1) / TILE_M;
    const int group = GROUP_ID(1) / panels;
    const int panel = GROUP_ID(1) % panels;
    const int n = GROUP_ID(2);
    const int pixel = GROUP_ID(0) * TILE_N + item % TILE_N;
    GLOBAL const real *image = x + x_off + n * x_sn + (long)group * C * H * W;
    GLOBAL const real *weights = w + w_off + ((long)group * panels + panel) * C * TILE_M;
    float acc[WORK_M][WORK_N];
    int tap_row = 0;
    int tap_col = 0;
    int c = 0;
    TILE_SUMS(acc, tile, image, weights, pixel, (C + TILE_K - 1) / TILE_K, tap_row, tap_col, c)

    // A tile's rows of a channel are 2 · TILE_N pixels of y: this item stores those at `column` and TILE_N further.
    const int column = item % TILE_N;
    const int v = column % 2;
    const int near = GROUP_ID(0) * TILE_N + column / 2;
    const int far = near + TILE_N / 2;
    const int near_at = near < P * Q ? near / Q * 2 * y_width + near % Q * 2 + v : -1;
    const int far_at = far < P * Q ? far / Q * 2 * y_width + far % Q * 2 + v : -1;
    #pragma unroll 1
    for (int i = 0; i < WORK_M; i += 2) {
        tile_rows(acc, tile, 1);
        tile_rows(acc, tile + ITEMS_M * TILE_N, 1);
        BARRIER();
        #pragma unroll 1
        for (int l = 0; l < 2 * WORK_N; l++) {
            const int row = item / TILE_N + l / 2 * ROWS_AT_ONCE;
            const int m = panel * TILE_M + row * WORK_M + i + v;
            const int at = l % 2 == 0 ? near_at : far_at;
            if (at >= 0 && m < O) {
                const int o = group * (O / 4) + m / 4;
                const float sum = tile[(v * ITEMS_M + row) * TILE_N + l % 2 * (TILE_N / 2) + column / 2]
                        + (has_bias ? LOAD(b, b_off + o) : 0.0f);
                STORE(y, y_off + n * y_sn + (long)o * y_plane + m % 4 / 2 * y_width + at, activate(act, sum));
            }
        }
        BARRIER();
    }
}
