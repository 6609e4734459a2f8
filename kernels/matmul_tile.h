// What matmul and its variant share: the sums of a tile, and how they are stored. TILE_K terms at a time lie in local
// memory, `tile`: those of a, then those of b.
#include "tile.h"
#ifndef TRANSPOSE_A
#define TRANSPOSE_A 0
#endif
#ifndef TRANSPOSE_B
#define TRANSPOSE_B 0
#endif

// Four more floats a row put the elements that a transposing copy writes at once into different banks.
#define PITCH_A (TILE_M + 4)
#define PITCH_B (TILE_N + 4)
#define TILE_FLOATS (TILE_K * (PITCH_A + PITCH_B))

// The sums over the terms from `first` on.
DEVICE void matrix_sums(
        float acc[WORK_M][WORK_N], LOCAL_POINTER float *tile, GLOBAL const real *a, GLOBAL const real *b, int m_first,
        int n_first, int M, int N, int K, int first, int terms) {
    LOCAL_POINTER float *a_tile = tile;
    LOCAL_POINTER float *b_tile = tile + TILE_K * PITCH_A;
    const int item = LOCAL_ID(0);
    const int item_n = item % ITEMS_N;
    const int item_m = item / ITEMS_N;
    #pragma unroll
    for (int i = 0; i < WORK_M; i++) {
        #pragma unroll
        for (int j = 0; j < WORK_N; j++) {
            acc[i][j] = 0.0f;
        }
    }
    for (; first < terms; first += TILE_K) {
        #pragma unroll
        for (int l = 0; l < TILE_K * TILE_M / ITEMS; l++) {
            const int e = item + l * ITEMS;
            const int k = TRANSPOSE_A ? e / TILE_M : e % TILE_K;
            const int m = TRANSPOSE_A ? e % TILE_M : e / TILE_K;
            const int inside = first + k < terms && m_first + m < M;
            a_tile[k * PITCH_A + m] = !inside ? 0.0f
                    : TRANSPOSE_A ? LOAD(a, (long)(first + k) * M + m_first + m)
                                  : LOAD(a, (long)(m_first + m) * K + first + k);
        }
        #pragma unroll
        for (int l = 0; l < TILE_K * TILE_N / ITEMS; l++) {
            const int e = item + l * ITEMS;
            const int k = TRANSPOSE_B ? e % TILE_K : e / TILE_N;
            const int n = TRANSPOSE_B ? e / TILE_K : e % TILE_N;
            const int inside = first + k < terms && n_first + n < N;
            b_tile[k * PITCH_B + n] = !inside ? 0.0f
                    : TRANSPOSE_B ? LOAD(b, (long)(n_first + n) * K + first + k)
                                  : LOAD(b, (long)(first + k) * N + n_first + n);
        }
        BARRIER();
        #pragma unroll
        for (int k = 0; k < TILE_K; k++) {
            float as[WORK_M];
            float bs[WORK_N];
            #pragma unroll
            for (int i = 0; i < WORK_M; i += 4) {
                const float4 v = LOCAL4(a_tile, k * PITCH_A + item_m * WORK_M + i);
                as[i] = v.x;
                as[i + 1] = v.y;
                as[i + 2] = v.z;
                as[i + 3] = v.w;
            }
            #pragma unroll
            for (int j = 0; j < WORK_N; j += 4) {
                const float4 v = LOCAL4(b_tile, k * PITCH_B + (j / 4 * ITEMS_N + item_n) * 4);
                bs[j] = v.x;
                bs[j + 1] = v.y;
                bs[j + 2] = v.z;
                bs[j + 3] = v.w;
            }
            #pragma unroll
            for (int i = 0; i < WORK_M; i++) {
                #pragma unroll
                for (int j = 0; j < WORK_N; j++) {
                    acc[i][j] = FMA(as[i], bs[j], acc[i][j]);
                }
            }
        }
        BARRIER();
    }
}

// Stores alpha times the sums with bias and residual, one row of each work-item after the other: neighbouring work-items
// take neighbouring columns. Reads are under way four at a time; those for what isn't stored are of what lies in range.
DEVICE void matrix_store(
        float acc[WORK_M][WORK_N], LOCAL_POINTER float *tile, GLOBAL const real *bias, GLOBAL const real *r,
        GLOBAL real *y, int m_first, int n_first, int M, int N, float alpha, int act, int has_bias, int has_residual) {
    LOCAL_POINTER float *mine = tile + LOCAL_ID(0);
    #pragma unroll 1
    for (int i = 0; i < WORK_M; i++) {
        tile_rows(acc, tile, 1);
        BARRIER();
        #pragma unroll
        for (int l = 0; l < WORK_N; l++) {
            mine[l * ITEMS] *= alpha;
        }
        if (has_bias) {
            #pragma unroll 4
            for (int l = 0; l < WORK_N; l++) {
                const int e = LOCAL_ID(0) + l * ITEMS;
                mine[l * ITEMS] += LOAD(bias, min(n_first + e % TILE_N, N - 1));
            }
        }
        if (has_residual) {
            #pragma unroll 4
            for (int l = 0; l < WORK_N; l++) {
                const int e = LOCAL_ID(0) + l * ITEMS;
                const int m = min(m_first + e / TILE_N * WORK_M + i, M - 1);
                mine[l * ITEMS] += LOAD(r, (long)m * N + min(n_first + e % TILE_N, N - 1));
            }
        }
        #pragma unroll 1
        for (int l = 0; l < WORK_N; l++) {
            const int e = LOCAL_ID(0) + l * ITEMS;
            const int m = m_first + e / TILE_N * WORK_M + i;
            const int n = n_first + e % TILE_N;
            if (m < M && n < N) {
                STORE(y, (long)m * N + n, activate(act, mine[l * ITEMS]));
            }
        }
        BARRIER();
    }
}
