// Attention for CPU-type OpenCL devices: one work-item a group, explicit vectors of 16 and no barriers.
//
// Arguments, shapes and what is computed are those of attention.cl.
//
// Lanes are queries: their terms are copied so that 16 queries lie side by side, then every term of a key, and every column
// of v, is one number times a vector. So neither keys nor columns fill up a tile, and a query's largest score and sum are
// found without crossing lanes.
//
// Launch  a work-item for TILE_V · 16 queries, for each b, h and part of the keys.
// Parameters: TILE_V vectors of queries; TILE_K keys, and TILE_C columns of v, whose sums are in registers at once; BLOCK_K
//   keys whose weights are kept at a time; KEYS of a part at least.
// FLOPs and bytes: as attention; k and v are read for each TILE_V · 16 queries.

#ifndef TILE_V
#define TILE_V 2
#endif
#ifndef TILE_K
#define TILE_K 8
#endif
#ifndef TILE_C
#define TILE_C 8
#endif
#ifndef BLOCK_K
#define BLOCK_K 128
#endif
#ifndef KEYS
#define KEYS 256
#endif
#ifndef HAS_BIAS
#define HAS_BIAS 0
#endif

#define QUERIES (TILE_V * 16)
// The longest row of q, k or v: as the manifest says.
#define MAX_D 512
#define ROW(first, i, width) (has_places ? places[(first) + (i)] : (long)(i) * (width))
#define EACH_V _Pragma("unroll") for (int t = 0; t < TILE_V; t++)

// sum[i][t] += the product of row i's term c and the vectors of terms at `lanes`, over all c: for `count` rows of k.
#define SCORES(count) { \
    GLOBAL const real *row[count]; \
    float16 sum[count][TILE_V]; \
    _Pragma("unroll") for (int i = 0; i < count; i++) { \
        row[i] = k + ROW(k_rows, first + j + i, D); \
        EACH_V { sum[i][t] = (float16)(0.0f); } \
    } \
    for (int c = 0; c < D; c++) { \
        float16 qs[TILE_V]; \
        EACH_V { qs[t] = vload16(c * TILE_V + t, terms); } \
        _Pragma("unroll") for (int i = 0; i < count; i++) { \
            const float16 term = (float16)(LOAD(row[i], c)); \
            EACH_V { sum[i][t] = fma(term, qs[t], sum[i][t]); } \
        } \
    } \
    _Pragma("unroll") for (int i = 0; i < count; i++) { \
        EACH_V { \
            float16 s = scale * sum[i][t]; \
            if (HAS_BIAS) { \
                float lanes[16]; \
                for (int l = 0; l < 16; l++) { \
                    const long q_row = min(q_first + t * 16 + l, LQ - 1); \
                    lanes[l] = LOAD(bias, bias_at + q_row * bias_q + (long)(first + j + i) * bias_k); \
                } \
                s += vload16(0, lanes); \
            } \
            most[t] = fmax(most[t], s); \
            vstore16(s, (j + i) * TILE_V + t, weights); \
        } \
    } \
}

// sums of `count` columns of v from column c on: those of the keys before, shrunk, and those of this block.
#define COLUMNS(count) { \
    float16 sum[count][TILE_V]; \
    _Pragma("unroll") for (int i = 0; i < count; i++) { \
        EACH_V { sum[i][t] = first == key_first ? (float16)(0.0f) : shrink[t] * vload16((c + i) * TILE_V + t, sums); } \
    } \
    for (int j = 0; j < block; j++) { \
        GLOBAL const real *row = v + ROW(v_rows, first + j, DV) + c; \
        float16 ps[TILE_V]; \
        EACH_V { ps[t] = vload16(j * TILE_V + t, weights); } \
        _Pragma("unroll") for (int i = 0; i < count; i++) { \
            const float16 column = (float16)(LOAD(row, i)); \
            EACH_V { sum[i][t] = fma(column, ps[t], sum[i][t]); } \
        } \
    } \
    _Pragma("unroll") for (int i = 0; i < count; i++) { \
        EACH_V { vstore16(sum[i][t], (c + i) * TILE_V + t, sums); } \
    } \
}

KERNEL attention_cpu(
        GLOBAL const real *RESTRICT q, long q_off, long q_sn, GLOBAL const real *RESTRICT k, long k_off, long k_sn,
        GLOBAL const real *RESTRICT v, long v_off, long v_sn, GLOBAL const real *RESTRICT bias, long bias_off,
        GLOBAL real *RESTRICT y, long y_off, long y_sn, GLOBAL const int *RESTRICT k_count,
        long k_count_off, GLOBAL const int *RESTRICT v_count, long v_count_off, GLOBAL const long *RESTRICT places,
        int has_places, int B, int heads, int KB, int LQ, int LK, int D, int DV, long bias_b, long bias_h, long bias_q,
        long bias_k, float scale, GLOBAL float *RESTRICT partial, long partial_off, int parts, int has_k_count,
        int has_v_count) {
    LOCAL float terms[MAX_D * QUERIES];
    LOCAL float sums[MAX_D * QUERIES];
    LOCAL float weights[BLOCK_K * QUERIES];
    const int q_first = GROUP_ID(0) * QUERIES;
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
    const int span = (keys + parts * BLOCK_K - 1) / (parts * BLOCK_K) * BLOCK_K;
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
    const long bias_at = bias_off + GROUP_ID(2) * bias_b + head * bias_h;

    // A lane past the last query does what the last one does.
    for (int i = 0; i < QUERIES; i++) {
        GLOBAL const real *row = q + ROW(0, min(q_first + i, LQ - 1), D);
        for (int c = 0; c < D; c++) {
            terms[c * QUERIES + i] = LOAD(row, c);
        }
    }
    float16 most[TILE_V];
    float16 total[TILE_V];
    EACH_V {
        most[t] = (float16)(none);
        total[t] = (float16)(0.0f);
    }
    // Where there are no keys, one turn sets the sums to 0.
    for (int first = key_first; first < max(keys, key_first + 1); first += BLOCK_K) {
        const int block = max(0, min(BLOCK_K, keys - first));
        float16 before[TILE_V];
        float16 shrink[TILE_V];
        EACH_V { before[t] = most[t]; }
        int j = 0;
        for (; j + TILE_K <= block; j += TILE_K) {
            SCORES(TILE_K)
        }
        for (; j < block; j++) {
            SCORES(1)
        }
        EACH_V {
            // Before the first key with a score above −inf there is nothing to rescale, and −inf − −inf would be NaN.
            const float16 base = most[t] == none ? (float16)(0.0f) : most[t];
            shrink[t] = exp(before[t] - base);
            total[t] *= shrink[t];
            for (int i = 0; i < block; i++) {
                const float16 p = exp(vload16(i * TILE_V + t, weights) - base);
                total[t] += p;
                vstore16(p, i * TILE_V + t, weights);
            }
        }
        int c = 0;
        for (; c + TILE_C <= DV; c += TILE_C) {
            COLUMNS(TILE_C)
        }
        for (; c < DV; c++) {
            COLUMNS(1)
        }
    }

    if (parts == 1) {
        for (int c = 0; c < DV; c++) {
            EACH_V {
                const float16 s = vload16(c * TILE_V + t, sums) / total[t];
                vstore16(total[t] == 0.0f ? (float16)(0.0f) : s, c * TILE_V + t, sums);
            }
        }
    }
    float ends[2][QUERIES];
    EACH_V {
        vstore16(most[t], t, ends[0]);
        vstore16(total[t], t, ends[1]);
    }
    const long at = partial_off + ((long)(key_part * B + GROUP_ID(2)) * heads + head) * LQ * (DV + 2);
    for (int i = 0; i < min(QUERIES, LQ - q_first); i++) {
        if (parts == 1) {
            GLOBAL real *row = y + ROW(y_rows, q_first + i, DV);
            for (int c = 0; c < DV; c++) {
                STORE(row, c, sums[c * QUERIES + i]);
            }
        } else {
            GLOBAL float *row = partial + at + (long)(q_first + i) * (DV + 2);
            for (int c = 0; c < DV; c++) {
                row[c] = sums[c * QUERIES + i];
            }
            row[DV] = ends[0][i];
            row[DV + 1] = ends[1][i];
        }
    }
}
