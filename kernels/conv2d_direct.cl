// Convolution without tiles: for depthwise layers and for few channels on either side, of which conv2d's tiles would be
// mostly empty.
//
// Arguments, shapes and what is computed are those of conv2d.cl. Of a transposed convolution whose window is as large as
// its stride all phases are made at once: O is `phases` for each channel of y, m being phase m % phases of channel
// m / phases, as many rows and columns from a pixel's first as the phase's tap.
//
// Launch  a work-item for TILE_M output channels of PIXELS pixels, a PIXELS-th of the plane apart, so that neighbouring
//         items take neighbouring pixels. Items run on from one panel of channels to the next: none is idle but the last.
// Parameters: TILE_M channels and PIXELS pixels of a work-item, whose sums stay in registers; GROUP work-items.
// FLOPs   as conv2d
// Bytes   at least x, w and y once; a group reads (PIXELS + TILE_M) numbers for PIXELS · TILE_M products, those of w
//         together, those of x again for each tap, which the cache serves.

#include "four.h"
#ifndef TILE_M
#define TILE_M 16
#endif
#ifndef PIXELS
#define PIXELS 4
#endif
#ifndef GROUP
#define GROUP 128
#endif

KERNEL conv2d_direct(
        GLOBAL const real *RESTRICT x, long x_off, long x_sn, GLOBAL const real *RESTRICT w, long w_off,
        GLOBAL const real *RESTRICT b, long b_off, GLOBAL const real *RESTRICT r, long r_off, long r_sn,
        GLOBAL real *RESTRICT y, long y_off, long y_sn, int groups, int C, int H, int W, int O, int P, int Q, int KH,
        int KW, int row_first, int col_first, int row_step, int col_step, int row_tap, int col_tap, int y_plane,
        int y_width, int y_row_first, int y_col_first, int y_row_step, int y_col_step, int act, int has_bias,
        int has_residual, int phases) {
    const int pixels = P * Q;
    const int plane = H * W;
    const int span = (pixels + PIXELS - 1) / PIXELS;
    const int panels = (O + TILE_M - 1) / TILE_M;
    const int all = GLOBAL_ID(0) / span;
    const int first = GLOBAL_ID(0) % span;
    const int group = all / panels;
    const int panel = all % panels;
    const int n = GROUP_ID(1);
    if (group >= groups) {
        return;
    }
    GLOBAL const real *image = x + x_off + n * x_sn + (long)group * C * plane;
    GLOBAL const real *weights = w + w_off + (long)all * KH * KW * C * TILE_M;

    float acc[TILE_M][PIXELS];
    int row[PIXELS];
    int col[PIXELS];
    #pragma unroll
    for (int k = 0; k < PIXELS; k++) {
        const int p = first + k * span;
        row[k] = p / Q * row_step + row_first;
        col[k] = p % Q * col_step + col_first;
        #pragma unroll
        for (int m = 0; m < TILE_M; m++) {
            acc[m][k] = 0.0f;
        }
    }
    for (int u = 0; u < KH; u++) {
        for (int v = 0; v < KW; v++) {
            int from[PIXELS];
            #pragma unroll
            for (int k = 0; k < PIXELS; k++) {
                const int in_row = row[k] + u * row_tap;
                const int in_col = col[k] + v * col_tap;
                const int inside = first + k * span < pixels && in_row >= 0 && in_row < H && in_col >= 0 && in_col < W;
                from[k] = inside ? in_row * W + in_col : -1;
            }
            GLOBAL const real *channel = image;
            for (int c = 0; c < C; c++) {
                float xs[PIXELS];
                float ws[TILE_M];
                #pragma unroll
                for (int k = 0; k < PIXELS; k++) {
                    xs[k] = from[k] >= 0 ? LOAD(channel, from[k]) : 0.0f;
                }
#if TILE_M % 4 == 0
                #pragma unroll
                for (int m = 0; m < TILE_M; m += 4) {
                    const float4 four = LOAD4(weights, m);
                    ws[m] = four.x;
                    ws[m + 1] = four.y;
                    ws[m + 2] = four.z;
                    ws[m + 3] = four.w;
                }
#else
                #pragma unroll
                for (int m = 0; m < TILE_M; m++) {
                    ws[m] = LOAD(weights, m);
                }
#endif
                #pragma unroll
                for (int m = 0; m < TILE_M; m++) {
                    #pragma unroll
                    for (int k = 0; k < PIXELS; k++) {
                        acc[m][k] = FMA(ws[m], xs[k], acc[m][k]);
                    }
                }
                channel += plane;
                weights += TILE_M;
            }
        }
    }

    int at[PIXELS];
    #pragma unroll
    for (int k = 0; k < PIXELS; k++) {
        const int p = first + k * span;
        at[k] = p < pixels ? (p / Q * y_row_step + y_row_first) * y_width + p % Q * y_col_step + y_col_first : -1;
    }
    // One piece of code for all channels: the next one's sums move to where the first one's were.
    #pragma unroll 1
    for (int i = 0; i < TILE_M && panel * TILE_M + i < O; i++) {
        const int m = panel * TILE_M + i;
        const int o = group * (O / phases) + m / phases;
        const int tap = m % phases;
        const long to = (long)o * y_plane + tap / y_col_step * y_width + tap % y_col_step;
        const float bias = has_bias ? LOAD(b, b_off + o) : 0.0f;
        #pragma unroll
        for (int k = 0; k < PIXELS; k++) {
            if (at[k] >= 0) {
                float sum = acc[0][k] + bias;
                if (has_residual) {
                    sum += LOAD(r, r_off + n * r_sn + to + at[k]);
                }
                STORE(y, y_off + n * y_sn + to + at[k], activate(act, sum));
            }
        }
        #pragma unroll
        for (int j = 0; j + 1 < TILE_M; j++) {
            #pragma unroll
            for (int k = 0; k < PIXELS; k++) {
                acc[j][k] = acc[j + 1][k];
            }
        }
    }
}
