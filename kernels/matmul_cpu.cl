// Matrix products for CPU-type OpenCL devices: matmul with one work-item a group, explicit vectors of 16 and no
// barriers.
//
// Arguments, shapes and layout are those of matmul.cl.
//
// A work-item makes BLOCK_M rows of TILES strips of TILE_V · 16 columns. It copies BLOCK_K rows of b, strip by strip,
// and BLOCK_K columns of a for TILE_M rows at a time, multiplies these with all sums of a strip in registers, and keeps
// unfinished sums in local memory.
//
// Parameters: TILE_M rows and TILE_V vectors in registers at once (TILE_M · TILE_V accumulators of 32 registers),
//   BLOCK_K terms copied at a time, BLOCK_M rows and TILES strips of a work-item.
// FLOPs and bytes: as matmul.

#ifndef TILE_M
#define TILE_M 8
#endif
#ifndef TILE_V
#define TILE_V 3
#endif
#ifndef TILES
#define TILES 8
#endif
#ifndef BLOCK_K
#define BLOCK_K 128
#endif
#ifndef BLOCK_M
#define BLOCK_M 128
#endif
#ifndef TRANSPOSE_A
#define TRANSPOSE_A 0
#endif
#ifndef TRANSPOSE_B
#define TRANSPOSE_B 0
#endif
#ifndef ACT
#define ACT 0
#endif
#ifndef HAS_BIAS
#define HAS_BIAS 0
#endif
#ifndef HAS_RESIDUAL
#define HAS_RESIDUAL 0
#endif
#ifndef HAS_A_COUNT
#define HAS_A_COUNT 0
#endif
#ifndef HAS_B_COUNT
#define HAS_B_COUNT 0
#endif
#include "wide.h"

#define STRIP (TILE_V * 16)

KERNEL matmul_cpu(
        GLOBAL const real *RESTRICT a, long a_off, GLOBAL const real *RESTRICT b, long b_off,
        GLOBAL const real *RESTRICT bias, long bias_off, GLOBAL const wide *RESTRICT r, long r_off,
        GLOBAL wide *RESTRICT y, long y_off, GLOBAL const long *RESTRICT batches, GLOBAL const int *RESTRICT a_count,
        long a_count_off, GLOBAL const int *RESTRICT b_count, long b_count_off, int M, int N, int K, float alpha,
        int act, int has_bias, int has_residual, int has_a_count, int has_b_count) {
    LOCAL float columns[TILES * BLOCK_K * STRIP];
    LOCAL float sums[TILES * BLOCK_M * STRIP];
    LOCAL float panel[BLOCK_K * TILE_M];
    const long a_item = batches[2 * GROUP_ID(2)];
    const long b_item = batches[2 * GROUP_ID(2) + 1];
    int all = K;
    if (HAS_A_COUNT) {
        all = min(all, a_count[a_count_off + a_item / ((long)M * K)]);
    }
    if (HAS_B_COUNT) {
        all = min(all, b_count[b_count_off + b_item / ((long)N * K)]);
    }
    a += a_off + a_item;
    b += b_off + b_item;
    y += y_off + (long)GROUP_ID(2) * M * N;
    const int m_first = GROUP_ID(1) * BLOCK_M;
    // Vectors of the result that start before this are stored whole.
    const int whole_end = ACT <= ACT_RELU ? N - 15 : 0;
    const int m_end = min(M, m_first + BLOCK_M);

    for (int k_first = 0; k_first < max(all, 1); k_first += BLOCK_K) {
        const int terms = min(BLOCK_K, all - k_first);
        const bool last = k_first + BLOCK_K >= all;
        for (int t = 0; t < TILES; t++) {
            const int n_first = (GROUP_ID(0) * TILES + t) * STRIP;
            if (n_first >= N) {
                break;
            }
            LOCAL float *to = columns + t * BLOCK_K * STRIP;
            if (TRANSPOSE_B) {
                for (int j = 0; j < STRIP; j++) {
                    GLOBAL const real *from = b + (long)min(n_first + j, N - 1) * K + k_first;
                    for (int k = 0; k < terms; k++) {
                        to[k * STRIP + j] = LOAD(from, k);
                    }
                }
            } else if (n_first + STRIP <= N) {
                for (int k = 0; k < terms; k++) {
                    GLOBAL const real *from = b + (long)(k_first + k) * N + n_first;
                    for (int v = 0; v < TILE_V; v++) {
                        vstore16(LOAD16(from, v * 16), k * TILE_V + v, to);
                    }
                }
            } else {
                for (int k = 0; k < terms; k++) {
                    GLOBAL const real *from = b + (long)(k_first + k) * N;
                    for (int j = 0; j < STRIP; j++) {
                        to[k * STRIP + j] = LOAD(from, min(n_first + j, N - 1));
                    }
                }
            }
        }
        for (int m = m_first; m < m_end; m += TILE_M) {
            if (TRANSPOSE_A) {
                for (int k = 0; k < terms; k++) {
                    for (int i = 0; i < TILE_M; i++) {
                        panel[k * TILE_M + i] = LOAD(a, (long)(k_first + k) * M + min(m + i, M - 1));
                    }
                }
            } else {
                for (int i = 0; i < TILE_M; i++) {
                    GLOBAL const real *from = a + (long)min(m + i, M - 1) * K + k_first;
                    for (int k = 0; k < terms; k++) {
                        panel[k * TILE_M + i] = LOAD(from, k);
                    }
                }
            }
            for (int t = 0; t < TILES && (GROUP_ID(0) * TILES + t) * STRIP < N; t++) {
                const int n_first = (GROUP_ID(0) * TILES + t) * STRIP;
                LOCAL float *sum = sums + (t * BLOCK_M + m - m_first) * STRIP;
                float16 acc[TILE_M][TILE_V];
                #pragma unroll
                for (int i = 0; i < TILE_M; i++) {
                    #pragma unroll
                    for (int v = 0; v < TILE_V; v++) {
                        acc[i][v] = k_first == 0 ? (float16)(0.0f) : vload16(i * TILE_V + v, sum);
                    }
                }
                LOCAL const float *RESTRICT row = panel;
                LOCAL const float *RESTRICT column = columns + t * BLOCK_K * STRIP;
                for (int k = 0; k < terms; k++) {
                    float16 bs[TILE_V];
                    #pragma unroll
                    for (int v = 0; v < TILE_V; v++) {
                        bs[v] = vload16(v, column);
                    }
                    #pragma unroll
                    for (int i = 0; i < TILE_M; i++) {
                        #pragma unroll
                        for (int v = 0; v < TILE_V; v++) {
                            acc[i][v] = fma((float16)(row[i]), bs[v], acc[i][v]);
                        }
                    }
                    row += TILE_M;
                    column += STRIP;
                }
                #pragma unroll
                for (int i = 0; i < TILE_M; i++) {
                    #pragma unroll
                    for (int v = 0; v < TILE_V; v++) {
                        vstore16(acc[i][v], i * TILE_V + v, sum);
                    }
                }
                if (!last) {
                    continue;
                }
                for (int i = 0; i < TILE_M && m + i < M; i++) {
                    const long line = (long)(m + i) * N;
                    for (int v = 0; v < TILE_V; v++) {
                        const int n = n_first + v * 16;
                        float16 s = alpha * vload16(i * TILE_V + v, sum);
                        if (n < whole_end) {
                            if (HAS_BIAS) {
                                s += LOAD16(bias, bias_off + n);
                            }
                            if (HAS_RESIDUAL) {
                                s += LOAD16_WIDE(r, r_off + (long)GROUP_ID(2) * M * N + line + n);
                            }
                            if (ACT == ACT_RELU) {
                                s = s < 0.0f ? (float16)(0.0f) : s;
                            }
                            STORE16_WIDE(y, line + n, s);
                            continue;
                        }
                        float done[16];
                        vstore16(s, 0, done);
                        for (int l = 0; l < 16 && n + l < N; l++) {
                            float f = done[l];
                            if (HAS_BIAS) {
                                f += LOAD(bias, bias_off + n + l);
                            }
                            if (HAS_RESIDUAL) {
                                f += LOAD_WIDE(r, r_off + (long)GROUP_ID(2) * M * N + line + n + l);
                            }
                            STORE_WIDE(y, line + n + l, activate(ACT, f));
                        }
                    }
                }
            }
        }
    }
}
