// Depthwise convolution for CPU-type OpenCL devices: one work-item a group, explicit vectors of 16 and no barriers.
//
// Arguments and shapes are those of conv2d.cl, for few channels in a group; w is (groups, O, C, KH·KW).
//
// A work-item makes ROWS rows of one output channel. For each channel and row of taps it copies the input's row into a line
// with zeros on both sides, so that a tap is one number times neighbouring pixels of the line, wherever the edges are.
//
// Launch  a work-item for ROWS rows, for each output channel and item of the batch.
// Parameters: ROWS rows of a work-item; TILE_V vectors of pixels whose sums are in registers at once.
// FLOPs and bytes: as conv2d; a row of x is read for each row of taps.

#ifndef ROWS
#define ROWS 16
#endif
#ifndef TILE_V
#define TILE_V 4
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

// The longest line: as the manifest says.
#define LINE 8192
#define STRIP (TILE_V * 16)
#define EACH_V _Pragma("unroll") for (int t = 0; t < TILE_V; t++)

KERNEL conv2d_depthwise_cpu(
        GLOBAL const real *RESTRICT x, long x_off, long x_sn, GLOBAL const real *RESTRICT w, long w_off,
        GLOBAL const real *RESTRICT b, long b_off, GLOBAL const real *RESTRICT r, long r_off, long r_sn,
        GLOBAL real *RESTRICT y, long y_off, long y_sn, int groups, int C, int H, int W, int O, int P, int Q, int KH,
        int KW, int row_first, int col_first, int row_step, int col_step, int row_tap, int col_tap, int y_plane,
        int y_width, int y_row_first, int y_col_first, int y_row_step, int y_col_step, int act, int has_bias,
        int has_residual) {
    LOCAL float line[LINE];
    LOCAL float sums[LINE];
    const int o = GROUP_ID(1);
    const int n = GROUP_ID(2);
    const int plane = H * W;
    GLOBAL const real *image = x + x_off + n * x_sn + (long)(o / O) * C * plane;
    GLOBAL const real *weights = w + w_off + (long)o * C * KH * KW;
    const int strips = (Q + STRIP - 1) / STRIP;
    // Of all columns that taps read, also for pixels that fill up a strip, the first, and how many there are.
    const int left = col_first + min(0, (KW - 1) * col_tap);
    const int length = (strips * STRIP - 1) * col_step + max((KW - 1) * col_tap, (1 - KW) * col_tap) + 1;
    // Where the row itself lies in the line.
    const int begin = min(length, max(0, -left));
    const int end = max(begin, min(length, W - left));
    const int p_end = min(P, (int)(GROUP_ID(0) + 1) * ROWS);
    const float bias = HAS_BIAS ? LOAD(b, b_off + o) : 0.0f;

    for (int j = 0; j < begin; j++) {
        line[j] = 0.0f;
    }
    for (int j = end; j < length; j++) {
        line[j] = 0.0f;
    }
    for (int p = GROUP_ID(0) * ROWS; p < p_end; p++) {
        for (int j = 0; j < strips * STRIP; j++) {
            sums[j] = 0.0f;
        }
        for (int cu = 0; cu < C * KH; cu++) {
            const int in_row = p * row_step + row_first + cu % KH * row_tap;
            if (in_row < 0 || in_row >= H) {
                continue;
            }
            GLOBAL const real *from = image + (long)(cu / KH) * plane + (long)in_row * W + left;
            int j = begin;
            for (; j + 16 <= end; j += 16) {
                vstore16(LOAD16(from, j), 0, line + j);
            }
            for (; j < end; j++) {
                line[j] = LOAD(from, j);
            }
            for (int s = 0; s < strips; s++) {
                float16 acc[TILE_V];
                EACH_V { acc[t] = vload16(s * TILE_V + t, sums); }
                for (int v = 0; v < KW; v++) {
                    const float16 tap = (float16)(LOAD(weights, cu * KW + v));
                    LOCAL const float *at = line + s * STRIP * col_step + col_first - left + v * col_tap;
                    if (col_step == 1) {
                        EACH_V { acc[t] = fma(tap, vload16(t, at), acc[t]); }
                    } else {
                        EACH_V {
                            float lanes[16];
                            for (int l = 0; l < 16; l++) {
                                lanes[l] = at[(t * 16 + l) * col_step];
                            }
                            acc[t] = fma(tap, vload16(0, lanes), acc[t]);
                        }
                    }
                }
                EACH_V { vstore16(acc[t], s * TILE_V + t, sums); }
            }
        }
        const long to = (long)o * y_plane + (long)(p * y_row_step + y_row_first) * y_width + y_col_first;
        for (int q = 0; q < Q; q++) {
            float f = sums[q] + bias;
            if (HAS_RESIDUAL) {
                f += LOAD(r, r_off + n * r_sn + to + q * y_col_step);
            }
            STORE(y, y_off + n * y_sn + to + q * y_col_step, activate(ACT, f));
        }
    }
}
