// Scaled dot-product attention, block by block, so that the scores never lie in global memory (Dao et al. 2022,
// algorithm 1, with the running maximum and sum of Milakov and Gimelshein 2018).
//
//   y[b, h, i] = Σ_j softmax_j(scale · q[b, h, i] · k[b, h, j] + bias[b, h, i, j]) · v[b, h, j]
//
// Shapes  q (B, heads, LQ, D), k (KB, heads, LK, D), v (KB, heads, LK, DV), y (B, heads, LQ, DV); KB is B or 1. bias
//         lies at distances bias_b, bias_h, bias_q, bias_k. With has_k_count or has_v_count, k_count or v_count (KB, heads)
//         limit the keys.
//         With has_places the rows of the four lie elsewhere: row l of item i = b · heads + h at the item's start, which
//         places says, plus the row's, which places says before: LQ rows of q and y, LK of k and v, B · heads starts of q
//         and y, KB · heads of k and v.
//         A query that meets no key, or only keys of bias −inf, gives 0.
//         With parts > 1, y isn't written, but partial (parts, B, heads, LQ, DV + 2), what each part of the keys gives:
//         sums, not divided yet, the largest score and the sum of weights. attention_join makes y of them.
// Launch  a group for TILE_Q queries × SLICES · TILE_K columns of v, for each b, h and part of the keys. Scores are computed
//         again for each SLICES · TILE_K columns.
// Parameters: TILE_Q queries; TILE_K keys at once; SLICES times as many columns of v; TILE_D terms of a score in local memory
//   at once; KEYS of a part at least, 0 if all are one. Each of TILE_Q / 4 · TILE_K / 4 work-items keeps 4 × 4 scores and
//   SLICES · 4 × 4 sums.
// FLOPs   2 · B · heads · LQ · LK · (D + DV)
// Bytes   at least q, k, v and y once; k and v are read for each TILE_Q queries

#ifndef TILE_Q
#define TILE_Q 64
#endif
#ifndef TILE_K
#define TILE_K 64
#endif
#ifndef TILE_D
#define TILE_D 16
#endif
#ifndef HAS_BIAS
#define HAS_BIAS 0
#endif
#ifndef SLICES
#define SLICES 1
#endif
#ifndef KEYS
#define KEYS 0
#endif
// Registers for two groups on a processor of 65536; the sums of four slices, or of two with a bias, need more, and groups of
// over 256 work-items.
#if defined(__OPENCL_VERSION__) || SLICES + HAS_BIAS > 2 || TILE_Q * TILE_K > 4096
#define TWO_GROUPS
#else
#define TWO_GROUPS __launch_bounds__(TILE_Q * TILE_K / 16, 2)
#endif

// Elements from an item's start to its row i, rows being width long where nothing else is said.
#define ROW(first, i, width) (has_places ? places[(first) + (i)] : (long)(i) * (width))

#define ITEMS_K (TILE_K / 4)
#define ITEMS (TILE_Q / 4 * ITEMS_K)
// Four more floats a row keep the rows that a transposing copy writes at once in different banks.
#define PITCH_Q (TILE_Q + 4)
#define PITCH_K (TILE_K + 4)
#define COLUMNS (SLICES * TILE_K)
#define PITCH_V (COLUMNS + 4)

KERNEL TWO_GROUPS attention(
        GLOBAL const real *RESTRICT q, long q_off, long q_sn, GLOBAL const real *RESTRICT k, long k_off, long k_sn,
        GLOBAL const real *RESTRICT v, long v_off, long v_sn, GLOBAL const real *RESTRICT bias, long bias_off,
        GLOBAL real *RESTRICT y, long y_off, long y_sn, GLOBAL const int *RESTRICT k_count,
        long k_count_off, GLOBAL const int *RESTRICT v_count, long v_count_off, GLOBAL const long *RESTRICT places,
        int has_places, int B, int heads, int KB, int LQ, int LK, int D, int DV, long bias_b, long bias_h, long bias_q,
        long bias_k, float scale, GLOBAL float *RESTRICT partial, long partial_off, int parts, int has_k_count,
        int has_v_count) {
    LOCAL float q_tile[TILE_D * PITCH_Q] LOCAL_ALIGN;
    LOCAL float k_tile[TILE_D * PITCH_V] LOCAL_ALIGN; // of v, too
    LOCAL float weights[TILE_K * PITCH_Q] LOCAL_ALIGN;
    LOCAL float part[TILE_Q * ITEMS_K];
    const int item = LOCAL_ID(0);
    const int item_k = item % ITEMS_K;
    const int item_q = item / ITEMS_K;
    const int slices = (DV + COLUMNS - 1) / COLUMNS;
    const int q_first = GROUP_ID(0) / slices * TILE_Q;
    const int d_first = GROUP_ID(0) % slices * COLUMNS;
    const int head = GROUP_ID(1) % heads;
    const int key_part = GROUP_ID(1) / heads;
    const int kb = KB == 1 ? 0 : GROUP_ID(2);
    const float none = AS_FLOAT(0xff800000);
    int keys = LK;
    if (has_k_count) {
        keys = min(keys, k_count[k_count_off + kb * heads + head]);
    }
    if (has_v_count) {
        keys = min(keys, v_count[v_count_off + kb * heads + head]);
    }
    // Parts of whole tiles, as long as there are keys.
    const int span = (keys + parts * TILE_K - 1) / (parts * TILE_K) * TILE_K;
    const int key_first = key_part * span;
    keys = min(keys, key_first + span);
    const int q_item = GROUP_ID(2) * heads + head;
    const int k_item = kb * heads + head;
    const int items = B * heads;
    const int y_rows = LQ;
    const int k_rows = 2 * LQ;
    const int v_rows = k_rows + LK;
    const int starts = v_rows + LK;
    q += q_off + (has_places ? places[starts + q_item] : GROUP_ID(2) * q_sn + (long)head * LQ * D);
    y += y_off + (has_places ? places[starts + items + q_item] : GROUP_ID(2) * y_sn + (long)head * LQ * DV);
    k += k_off + (has_places ? places[starts + 2 * items + k_item] : kb * k_sn + (long)head * LK * D);
    v += v_off + (has_places ? places[starts + 2 * items + KB * heads + k_item] : kb * v_sn + (long)head * LK * DV);

    float acc[SLICES][4][4];
    float most[4];
    float total[4];
    #pragma unroll
    for (int i = 0; i < 4; i++) {
        most[i] = none;
        total[i] = 0.0f;
        #pragma unroll
        for (int j = 0; j < SLICES * 4; j++) {
            acc[j / 4][i][j % 4] = 0.0f;
        }
    }
    for (int first = key_first; first < keys; first += TILE_K) {
        float score[4][4];
        #pragma unroll
        for (int i = 0; i < 4; i++) {
            #pragma unroll
            for (int j = 0; j < 4; j++) {
                score[i][j] = 0.0f;
            }
        }
        for (int d = 0; d < D; d += TILE_D) {
            for (int e = item; e < TILE_D * TILE_Q; e += ITEMS) {
                const int i = q_first + e / TILE_D;
                const int c = d + e % TILE_D;
                q_tile[e % TILE_D * PITCH_Q + e / TILE_D] = i < LQ && c < D ? LOAD(q, ROW(0, i, D) + c) : 0.0f;
            }
            for (int e = item; e < TILE_D * TILE_K; e += ITEMS) {
                const int j = first + e / TILE_D;
                const int c = d + e % TILE_D;
                k_tile[e % TILE_D * PITCH_K + e / TILE_D] = j < keys && c < D ? LOAD(k, ROW(k_rows, j, D) + c) : 0.0f;
            }
            BARRIER();
            #pragma unroll
            for (int c = 0; c < TILE_D; c++) {
                const float4 qs = LOCAL4(q_tile, c * PITCH_Q + item_q * 4);
                const float4 ks = LOCAL4(k_tile, c * PITCH_K + item_k * 4);
                const float qi[4] = {qs.x, qs.y, qs.z, qs.w};
                const float kj[4] = {ks.x, ks.y, ks.z, ks.w};
                #pragma unroll
                for (int i = 0; i < 4; i++) {
                    #pragma unroll
                    for (int j = 0; j < 4; j++) {
                        score[i][j] = FMA(qi[i], kj[j], score[i][j]);
                    }
                }
            }
            BARRIER();
        }
        #pragma unroll
        for (int i = 0; i < 4; i++) {
            const int row = min(q_first + item_q * 4 + i, LQ - 1);
            float row_most = none;
            #pragma unroll
            for (int j = 0; j < 4; j++) {
                const int col = first + item_k * 4 + j;
                float s = scale * score[i][j];
                if (HAS_BIAS && col < keys) {
                    s += LOAD(bias, bias_off + GROUP_ID(2) * bias_b + head * bias_h + row * bias_q + col * bias_k);
                }
                score[i][j] = col < keys ? s : none;
                row_most = fmax(row_most, score[i][j]);
            }
            part[(item_q * 4 + i) * ITEMS_K + item_k] = row_most;
        }
        BARRIER();
        #pragma unroll
        for (int i = 0; i < 4; i++) {
            float row_most = most[i];
            for (int j = 0; j < ITEMS_K; j++) {
                row_most = fmax(row_most, part[(item_q * 4 + i) * ITEMS_K + j]);
            }
            // Before the first key with a score above −inf there is nothing to rescale, and −inf − −inf would be NaN.
            const float base = row_most == none ? 0.0f : row_most;
            const float shrink = exp(most[i] - base);
            most[i] = row_most;
            total[i] *= shrink;
            #pragma unroll
            for (int j = 0; j < 4; j++) {
                const float p = exp(score[i][j] - base);
                total[i] += p;
                weights[(item_k * 4 + j) * PITCH_Q + item_q * 4 + i] = p;
            }
            #pragma unroll
            for (int j = 0; j < SLICES * 4; j++) {
                acc[j / 4][i][j % 4] *= shrink;
            }
        }
        for (int j_first = 0; j_first < TILE_K; j_first += TILE_D) {
            for (int e = item; e < TILE_D * COLUMNS; e += ITEMS) {
                const int j = first + j_first + e / COLUMNS;
                const int c = d_first + e % COLUMNS;
                k_tile[e / COLUMNS * PITCH_V + e % COLUMNS] = j < keys && c < DV ? LOAD(v, ROW(v_rows, j, DV) + c) : 0.0f;
            }
            BARRIER();
            #pragma unroll
            for (int j = 0; j < TILE_D; j++) {
                const float4 ps = LOCAL4(weights, (j_first + j) * PITCH_Q + item_q * 4);
                const float pi[4] = {ps.x, ps.y, ps.z, ps.w};
                #pragma unroll
                for (int s = 0; s < SLICES; s++) {
                    const float4 vs = LOCAL4(k_tile, j * PITCH_V + s * TILE_K + item_k * 4);
                    const float vc[4] = {vs.x, vs.y, vs.z, vs.w};
                    #pragma unroll
                    for (int i = 0; i < 4; i++) {
                        #pragma unroll
                        for (int c = 0; c < 4; c++) {
                            acc[s][i][c] = FMA(pi[i], vc[c], acc[s][i][c]);
                        }
                    }
                }
            }
            BARRIER();
        }
    }

    #pragma unroll
    for (int i = 0; i < 4; i++) {
        part[(item_q * 4 + i) * ITEMS_K + item_k] = total[i];
    }
    BARRIER();
    #pragma unroll
    for (int i = 0; i < 4; i++) {
        const int row = q_first + item_q * 4 + i;
        float sum = 0.0f;
        for (int j = 0; j < ITEMS_K; j++) {
            sum += part[(item_q * 4 + i) * ITEMS_K + j];
        }
        const long at = partial_off + ((long)(key_part * B + GROUP_ID(2)) * heads + head) * LQ * (DV + 2)
                + (long)row * (DV + 2);
        #pragma unroll
        for (int j = 0; j < SLICES * 4; j++) {
            const int c = d_first + j / 4 * TILE_K + item_k * 4 + j % 4;
            if (row < LQ && c < DV) {
                if (parts > 1) {
                    partial[at + c] = acc[j / 4][i][j % 4];
                } else {
                    STORE(y, ROW(y_rows, row, DV) + c, sum == 0.0f ? 0.0f : acc[j / 4][i][j % 4] / sum);
                }
            }
        }
        if (parts > 1 && row < LQ && d_first + item_k == 0) {
            partial[at + DV] = most[i];
            partial[at + DV + 1] = sum;
        }
    }
}
