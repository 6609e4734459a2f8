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
//   WORK_M × WORK_N sums. TILE_M / WORK_M · TILE_N / WORK_N work-items, a multiple of TILE_N.
// FLOPs   2 · N · groups · O · P · Q · C · KH · KW
// Bytes   at least x, w and y once; a group reads TILE_K · (TILE_M + TILE_N) for TILE_K · TILE_M · TILE_N products.

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

KERNEL conv2d(
        GLOBAL const real *RESTRICT x, long x_off, long x_sn, GLOBAL const real *RESTRICT w, long w_off,
        GLOBAL const real *RESTRICT b, long b_off, GLOBAL const real *RESTRICT r, long r_off, long r_sn,
        GLOBAL real *RESTRICT y, long y_off, long y_sn, int groups, int C, int H, int W, int O, int P, int Q, int KH,
        int KW, int row_first, int col_first, int row_step, int col_step, int row_tap, int col_tap, int y_plane,
        int y_width, int y_row_first, int y_col_first, int y_row_step, int y_col_step, int act, int has_bias,
        int has_residual) {
    LOCAL float w_tile[TILE_K * TILE_M] LOCAL_ALIGN;
    LOCAL float x_tile[TILE_K * TILE_N] LOCAL_ALIGN;
    const int item = LOCAL_ID(0);
    const int item_n = item % ITEMS_N;
    const int item_m = item / ITEMS_N;
    const int panels = (O + TILE_M - 1) / TILE_M;
    const int group = GROUP_ID(1) / panels;
    const int panel = GROUP_ID(1) % panels;
    const int n = GROUP_ID(2);
    const int pixels = P * Q;
    const int plane = H * W;
    const int taps = KH * KW;
    const int steps = taps * ((C + TILE_K - 1) / TILE_K);

    // The one pixel that this item gathers, and the first of its rows in the tile.
    const int pixel = GROUP_ID(0) * TILE_N + item % TILE_N;
    const int x_row = item / TILE_N;
    const int row = pixel / Q * row_step + row_first;
    const int col = pixel % Q * col_step + col_first;
    GLOBAL const real *image = x + x_off + n * x_sn + (long)group * C * plane;
    GLOBAL const real *weights = w + w_off + ((long)group * panels + panel) * taps * C * TILE_M;

    float acc[WORK_M][WORK_N];
    #pragma unroll
    for (int i = 0; i < WORK_M; i++) {
        #pragma unroll
        for (int j = 0; j < WORK_N; j++) {
            acc[i][j] = 0.0f;
        }
    }
    int tap_u = 0;
    int tap_v = 0;
    int c = 0;
    for (int step = 0; step < steps; step++) {
        const int in_row = row + tap_u * row_tap;
        const int in_col = col + tap_v * col_tap;
        const int inside = pixel < pixels && in_row >= 0 && in_row < H && in_col >= 0 && in_col < W;
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
            tap_v++;
            if (tap_v == KW) {
                tap_v = 0;
                tap_u++;
            }
        }
        BARRIER();
        #pragma unroll
        for (int k = 0; k < TILE_K; k++) {
            float ws[WORK_M];
            float xs[WORK_N];
            #pragma unroll
            for (int i = 0; i < WORK_M; i += 4) {
                const float4 v = LOCAL4(w_tile, k * TILE_M + item_m * WORK_M + i);
                ws[i] = v.x;
                ws[i + 1] = v.y;
                ws[i + 2] = v.z;
                ws[i + 3] = v.w;
            }
            #pragma unroll
            for (int j = 0; j < WORK_N; j += 4) {
                const float4 v = LOCAL4(x_tile, k * TILE_N + (j / 4 * ITEMS_N + item_n) * 4);
                xs[j] = v.x;
                xs[j + 1] = v.y;
                xs[j + 2] = v.z;
                xs[j + 3] = v.w;
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

    int at[WORK_N];
    #pragma unroll
    for (int j = 0; j < WORK_N; j++) {
        const int p = GROUP_ID(0) * TILE_N + (j / 4 * ITEMS_N + item_n) * 4 + j % 4;
        at[j] = p < pixels ? (p / Q * y_row_step + y_row_first) * y_width + p % Q * y_col_step + y_col_first : -1;
    }
    // One piece of code for all rows of sums: the next moves to where the first was, so that all stay in registers.
    #pragma unroll 1
    for (int i = 0; i < WORK_M; i++) {
        const int m = panel * TILE_M + item_m * WORK_M + i;
        if (m < O) {
            const int o = group * O + m;
            const long row_at = (long)o * y_plane;
            const float bias = has_bias ? LOAD(b, b_off + o) : 0.0f;
            #pragma unroll
            for (int j = 0; j < WORK_N; j++) {
                if (at[j] >= 0) {
                    float sum = acc[0][j] + bias;
                    if (has_residual) {
                        sum += LOAD(r, r_off + n * r_sn + row_at + at[j]);
                    }
                    STORE(y, y_off + n * y_sn + row_at + at[j], activate(act, sum));
                }
            }
        }
        #pragma unroll
        for (int k = 0; k + 1 < WORK_M; k++) {
            #pragma unroll
            for (int j = 0; j < WORK_N; j++) {
                acc[k][j] = acc[k + 1][j];
            }
        }
    }
}
