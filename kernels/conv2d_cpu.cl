// Convolution for CPU-type OpenCL devices: conv2d with one work-item a group, explicit vectors of 16 and no barriers.
//
// Arguments and shapes are those of conv2d.cl, but w is (groups, ceil(O / TILE_M), C, KH·KW, TILE_M), taps within
// channels.
//
// A work-item makes BLOCK_M output channels of TILES · TILE_V · 16 output pixels. It copies BLOCK_K terms of the sum
// for one strip of TILE_V · 16 pixels into packed rows (im2col of a strip that stays in the first-level cache), runs
// all its channels over them, TILE_M at a time with all sums in registers, and keeps unfinished sums in local memory.
//
// Parameters: TILE_M channels and TILE_V vectors in registers at once (TILE_M · TILE_V accumulators of 32 registers),
//   BLOCK_K terms copied at a time, BLOCK_M channels and TILES strips of a work-item.
// FLOPs and bytes: as conv2d.

#ifndef TILE_M
#define TILE_M 8
#endif
#ifndef TILE_V
#define TILE_V 3
#endif
#ifndef TILES
#define TILES 4
#endif
#ifndef BLOCK_K
#define BLOCK_K 144
#endif
#ifndef BLOCK_M
#define BLOCK_M 256
#endif
#ifndef ACT
#define ACT 0
#endif
#ifndef HAS_BIAS
#define HAS_BIAS 1
#endif
#ifndef HAS_RESIDUAL
#define HAS_RESIDUAL 0
#endif
#include "wide.h"

#define STRIP (TILE_V * 16)
#define PANELS (BLOCK_M / TILE_M)

KERNEL conv2d_cpu(
        GLOBAL const real *RESTRICT x, long x_off, long x_sn, GLOBAL const real *RESTRICT w, long w_off,
        GLOBAL const real *RESTRICT b, long b_off, GLOBAL const wide *RESTRICT r, long r_off, long r_sn,
        GLOBAL wide *RESTRICT y, long y_off, long y_sn, int groups, int C, int H, int W, int O, int P, int Q, int KH,
        int KW, int row_first, int col_first, int row_step, int col_step, int row_tap, int col_tap, int y_plane,
        int y_width, int y_row_first, int y_col_first, int y_row_step, int y_col_step, int act, int has_bias,
        int has_residual) {
    LOCAL float patch[BLOCK_K * STRIP];
    LOCAL float sums[TILES * BLOCK_M * STRIP];
#if KERF_STORAGE != STORAGE_F32
    LOCAL float panel[BLOCK_K * TILE_M];
#endif
    const int blocks = (O + BLOCK_M - 1) / BLOCK_M;
    const int panels = (O + TILE_M - 1) / TILE_M;
    const int group = GROUP_ID(1) / blocks;
    const int panel_first = GROUP_ID(1) % blocks * PANELS;
    const int panel_end = min(panels, panel_first + PANELS);
    const int n = GROUP_ID(2);
    const int pixels = P * Q;
    const int plane = H * W;
    const int taps = KH * KW;
    const int K = taps * C;
    GLOBAL const real *image = x + x_off + n * x_sn + (long)group * C * plane;
    GLOBAL const real *weights = w + w_off + (long)group * panels * TILE_M * K;
    const bool dense = y_row_step == 1 && y_col_step == 1 && Q == y_width;

    for (int k_first = 0; k_first < max(K, 1); k_first += BLOCK_K) {
        const int terms = min(BLOCK_K, K - k_first);
        const bool last = k_first + BLOCK_K >= K;
        for (int t = 0; t < TILES; t++) {
            const int strip = (GROUP_ID(0) * TILES + t) * STRIP;
            if (strip >= pixels) {
                break;
            }
            for (int v = 0; v < TILE_V; v++) {
                const int p = strip + v * 16;
                const int row = p / Q;
                const int col = p % Q;
                // Tap by tap, so that what depends on the place is worked out once; few channels at a time, so that
                // their lines are still in the cache when the next tap reads them.
                for (int tap = 0; tap < taps; tap++) {
                    const int c_first = max(k_first - tap + taps - 1, 0) / taps;
                    const int c_end = (k_first + terms - tap + taps - 1) / taps;
                    const int tap_row = row_first + tap / KW * row_tap;
                    const int tap_col = col_first + tap % KW * col_tap;
                    const int in_row = row * row_step + tap_row;
                    const int in_col = col * col_step + tap_col;
                    GLOBAL const real *from = image + (long)c_first * plane;
                    LOCAL float *to = patch + (c_first * taps + tap - k_first) * STRIP + v * 16;
                    if (col_step == 1 && col + 15 < Q && p + 15 < pixels && in_row >= 0 && in_row < H && in_col >= 0
                            && in_col + 15 < W) {
                        from += in_row * W + in_col;
                        for (int c = c_first; c < c_end; c++, from += plane, to += taps * STRIP) {
                            vstore16(LOAD16(from, 0), 0, to);
                        }
                        continue;
                    }
                    int at[16];
                    for (int l = 0; l < 16; l++) {
                        const int i = (p + l) / Q * row_step + tap_row;
                        const int j = (p + l) % Q * col_step + tap_col;
                        at[l] = p + l < pixels && i >= 0 && i < H && j >= 0 && j < W ? i * W + j : -1;
                    }
                    for (int c = c_first; c < c_end; c++, from += plane, to += taps * STRIP) {
                        for (int l = 0; l < 16; l++) {
                            to[l] = at[l] < 0 ? 0.0f : LOAD(from, at[l]);
                        }
                    }
                }
            }
            for (int m = panel_first; m < panel_end; m++) {
                GLOBAL const real *stored = weights + ((long)m * K + k_first) * TILE_M;
#if KERF_STORAGE != STORAGE_F32
                for (int k = 0; k < terms * TILE_M; k++) {
                    panel[k] = LOAD(stored, k);
                }
                LOCAL const float *RESTRICT a = panel;
#else
                GLOBAL const float *RESTRICT a = stored;
#endif
                LOCAL float *sum = sums + (t * BLOCK_M + (m - panel_first) * TILE_M) * STRIP;
                float16 acc[TILE_M][TILE_V];
                if (k_first == 0) {
                    #pragma unroll
                    for (int i = 0; i < TILE_M; i++) {
                        const int o = min(m * TILE_M + i, O - 1);
                        #pragma unroll
                        for (int v = 0; v < TILE_V; v++) {
                            acc[i][v] = (float16)(HAS_BIAS ? LOAD(b, b_off + group * O + o) : 0.0f);
                        }
                    }
                } else {
                    #pragma unroll
                    for (int i = 0; i < TILE_M; i++) {
                        #pragma unroll
                        for (int v = 0; v < TILE_V; v++) {
                            acc[i][v] = vload16(i * TILE_V + v, sum);
                        }
                    }
                }
                LOCAL const float *RESTRICT column = patch;
                for (int k = 0; k < terms; k++) {
                    float16 xs[TILE_V];
                    #pragma unroll
                    for (int v = 0; v < TILE_V; v++) {
                        xs[v] = vload16(v, column);
                    }
                    #pragma unroll
                    for (int i = 0; i < TILE_M; i++) {
                        #pragma unroll
                        for (int v = 0; v < TILE_V; v++) {
                            acc[i][v] = fma((float16)(a[i]), xs[v], acc[i][v]);
                        }
                    }
                    a += TILE_M;
                    column += STRIP;
                }
                if (!last) {
                    #pragma unroll
                    for (int i = 0; i < TILE_M; i++) {
                        #pragma unroll
                        for (int v = 0; v < TILE_V; v++) {
                            vstore16(acc[i][v], i * TILE_V + v, sum);
                        }
                    }
                    continue;
                }
                #pragma unroll
                for (int i = 0; i < TILE_M; i++) {
                    #pragma unroll
                    for (int v = 0; v < TILE_V; v++) {
                        vstore16(acc[i][v], i * TILE_V + v, sum);
                    }
                }
                for (int i = 0; i < TILE_M && m * TILE_M + i < O; i++) {
                    const long o = (long)group * O + m * TILE_M + i;
                    for (int v = 0; v < TILE_V; v++) {
                        const int p = strip + v * 16;
                        LOCAL float *done = sum + (i * TILE_V + v) * 16;
                        if (dense && p + 15 < pixels) {
                            const long at = o * y_plane + p;
                            float16 s = vload16(0, done);
                            if (HAS_RESIDUAL) {
                                s += LOAD16_WIDE(r, r_off + n * r_sn + at);
                            }
                            if (ACT == ACT_RELU) {
                                s = s < 0.0f ? (float16)(0.0f) : s;
                            } else if (ACT != ACT_NONE) {
                                float f[16];
                                vstore16(s, 0, f);
                                for (int l = 0; l < 16; l++) {
                                    f[l] = activate(ACT, f[l]);
                                }
                                s = vload16(0, f);
                            }
                            STORE16_WIDE(y, y_off + n * y_sn + at, s);
                            continue;
                        }
                        for (int l = 0; l < 16 && p + l < pixels; l++) {
                            const long at = o * y_plane + ((p + l) / Q * y_row_step + y_row_first) * y_width
                                    + (p + l) % Q * y_col_step + y_col_first;
                            float s = done[l];
                            if (HAS_RESIDUAL) {
                                s += LOAD_WIDE(r, r_off + n * r_sn + at);
                            }
                            STORE_WIDE(y, y_off + n * y_sn + at, activate(ACT, s));
                        }
                    }
                }
            }
        }
    }
}
