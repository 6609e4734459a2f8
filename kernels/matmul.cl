// Matrix products over a batch, tile by tile through local memory.
//
//   y[i, m, n] = ACT(alpha · Σ_k a[i, m, k] · b[i, k, n] + bias[n] + r[i, m, n])
//
// Shapes  y and r (batch, M, N); item i of a starts at batches[2i], that of b at batches[2i + 1] (so that either may be
//         shared by several items). a is (M, K), or (K, M) if TRANSPOSE_A; b is (K, N), or (N, K) if TRANSPOSE_B.
//         Row-major.
//         With has_a_count or has_b_count the sum ends at a_count or b_count of the operand's item: rows past it aren't
//         read.
// Launch  a group for TILE_M × TILE_N elements of y, row by row of such tiles, for each item.
// act, has_bias and has_residual say what is added to the sums; few kernels then serve all layers.
// Parameters: TILE_M, TILE_N and TILE_K extents of a group's tiles in local memory; each work-item keeps
//   WORK_M × WORK_N sums.
// FLOPs   2 · batch · M · N · K
// Bytes   at least a, b and y once; a group reads TILE_K · (TILE_M + TILE_N) for TILE_K · TILE_M · TILE_N products.

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
#ifndef TRANSPOSE_A
#define TRANSPOSE_A 0
#endif
#ifndef TRANSPOSE_B
#define TRANSPOSE_B 0
#endif

#define ITEMS_N (TILE_N / WORK_N)
#define ITEMS (TILE_M / WORK_M * ITEMS_N)
// Four more floats a row put the elements that a transposing copy writes at once into different banks.
#define PITCH_A (TILE_M + 4)
#define PITCH_B (TILE_N + 4)

KERNEL matmul(
        GLOBAL const real *RESTRICT a, long a_off, GLOBAL const real *RESTRICT b, long b_off,
        GLOBAL const real *RESTRICT bias, long bias_off, GLOBAL const real *RESTRICT r, long r_off,
        GLOBAL real *RESTRICT y, long y_off, GLOBAL const long *RESTRICT batches, GLOBAL const int *RESTRICT a_count,
        long a_count_off, GLOBAL const int *RESTRICT b_count, long b_count_off, int M, int N, int K, float alpha,
        int act, int has_bias, int has_residual, int has_a_count, int has_b_count) {
    LOCAL float a_tile[TILE_K * PITCH_A] LOCAL_ALIGN;
    LOCAL float b_tile[TILE_K * PITCH_B] LOCAL_ALIGN;
    const int item = LOCAL_ID(0);
    const int item_n = item % ITEMS_N;
    const int item_m = item / ITEMS_N;
    const int across = (N + TILE_N - 1) / TILE_N;
    const int n_first = GROUP_ID(0) % across * TILE_N;
    const int m_first = GROUP_ID(0) / across * TILE_M;
    const long a_item = batches[2 * GROUP_ID(1)];
    const long b_item = batches[2 * GROUP_ID(1) + 1];
    int terms = K;
    if (has_a_count) {
        terms = min(terms, a_count[a_count_off + a_item / ((long)M * K)]);
    }
    if (has_b_count) {
        terms = min(terms, b_count[b_count_off + b_item / ((long)N * K)]);
    }
    a += a_off + a_item;
    b += b_off + b_item;

    float acc[WORK_M][WORK_N];
    #pragma unroll
    for (int i = 0; i < WORK_M; i++) {
        #pragma unroll
        for (int j = 0; j < WORK_N; j++) {
            acc[i][j] = 0.0f;
        }
    }
    for (int first = 0; first < terms; first += TILE_K) {
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

    // One piece of code for all rows of sums: the next moves to where the first was, so that all stay in registers.
    #pragma unroll 1
    for (int i = 0; i < WORK_M; i++) {
        const int m = m_first + item_m * WORK_M + i;
        const long row = ((long)GROUP_ID(1) * M + m) * N;
        #pragma unroll
        for (int j = 0; j < WORK_N; j++) {
            const int n = n_first + (j / 4 * ITEMS_N + item_n) * 4 + j % 4;
            if (m < M && n < N) {
                float sum = alpha * acc[0][j];
                if (has_bias) {
                    sum += LOAD(bias, bias_off + n);
                }
                if (has_residual) {
                    sum += LOAD(r, r_off + row + n);
                }
                STORE(y, y_off + row + n, activate(act, sum));
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
