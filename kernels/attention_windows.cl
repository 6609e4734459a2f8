// Attention of many queries to few keys, or of few to few, as in windows: all of a query's scores at once, and tiles that
// fit the window.
//
// Arguments, shapes and what is computed are those of attention.cl, without counts and parts.
//
// A unit is some queries of one b and h with all their keys: a work-item makes the scores of 4 queries and 4 keys, and a unit
// has ITEMS work-items at most. A group takes as many units as it has work-items for; then their sums are dealt out anew, 4
// queries × 4 columns of v to a work-item.
//
// Launch  groups of ITEMS work-items; what they take is worked out from the sizes.
// Parameters: ITEMS work-items of a group, at least LK of them.
// FLOPs   2 · B · heads · LQ · LK · (D + DV)
// Bytes   at least q, k, v and y once

#include "four.h"
#ifndef HAS_BIAS
#define HAS_BIAS 0
#endif
#ifndef ITEMS
#define ITEMS 256
#endif
#ifdef __OPENCL_VERSION__
#define TWO_GROUPS
#else
#define TWO_GROUPS __launch_bounds__(ITEMS, 2)
#endif

#define TERMS 4
#define UNITS (ITEMS / 4)
// Units of 4 queries and 16 keys have the most rows.
#define ROWS (UNITS * 20)
// Eight more floats put the terms of a row, which neighbours write at once, into different banks.
#define PITCH (ROWS + 8)

#define ROW(first, i, width) (has_places ? places[(first) + (i)] : (long)(i) * (width))

KERNEL TWO_GROUPS attention_windows(
        GLOBAL const real *RESTRICT q, long q_off, long q_sn, GLOBAL const real *RESTRICT k, long k_off, long k_sn,
        GLOBAL const real *RESTRICT v, long v_off, long v_sn, GLOBAL const real *RESTRICT bias, long bias_off,
        GLOBAL real *RESTRICT y, long y_off, long y_sn, GLOBAL const int *RESTRICT k_count,
        long k_count_off, GLOBAL const int *RESTRICT v_count, long v_count_off, GLOBAL const long *RESTRICT places,
        int has_places, int B, int heads, int KB, int LQ, int LK, int D, int DV, long bias_b, long bias_h, long bias_q,
        long bias_k, float scale, GLOBAL float *RESTRICT partial, long partial_off, int parts, int has_k_count,
        int has_v_count) {
    LOCAL float terms[TERMS * PITCH] LOCAL_ALIGN;
    LOCAL float weights[ITEMS * 16] LOCAL_ALIGN;
    LOCAL long starts[ROWS]; // of the rows of q and k; -1 for what fills up a unit
    // Once there are scores, nothing needs their terms.
    LOCAL_POINTER float *part = terms;
    LOCAL_POINTER float *row_of = terms + ITEMS * 4;
    const int item = LOCAL_ID(0);
    // Fours of keys, and of queries of a unit; units that a window's queries take.
    const int keys4 = (LK + 3) / 4;
    const int queries4 = min((LQ + 3) / 4, ITEMS / keys4);
    const int tiles = (LQ + queries4 * 4 - 1) / (queries4 * 4);
    const int each = queries4 * keys4;
    const int units = min(UNITS, ITEMS / each);
    const int q_rows = units * queries4 * 4;
    const int k_rows = units * keys4 * 4;
    const int unit_first = GROUP_ID(0) * units;
    const int all = B * heads * tiles;
    const float none = AS_FLOAT(0xff800000);
    const int y_rows = LQ;
    const int key_rows = 2 * LQ;
    const int v_rows = key_rows + LK;
    const int q_starts = v_rows + LK;
    const int y_starts = q_starts + B * heads;
    const int k_starts = y_starts + B * heads;
    const int v_starts = k_starts + KB * heads;

    for (int r = item; r < q_rows + k_rows; r += ITEMS) {
        const int of_keys = r >= q_rows;
        const int rows = of_keys ? keys4 * 4 : queries4 * 4;
        const int e = of_keys ? r - q_rows : r;
        const int u = unit_first + e / rows;
        const int n = u / tiles / heads;
        const int head = u / tiles % heads;
        const int i = e % rows + (of_keys ? 0 : u % tiles * rows);
        long start = -1;
        if (u < all && i < (of_keys ? LK : LQ)) {
            if (of_keys) {
                const int kb = KB == 1 ? 0 : n;
                start = (has_places ? places[k_starts + kb * heads + head] : kb * k_sn + (long)head * LK * D)
                        + ROW(key_rows, i, D);
            } else {
                start = (has_places ? places[q_starts + n * heads + head] : n * q_sn + (long)head * LQ * D) + ROW(0, i, D);
            }
        }
        starts[r] = start;
    }
    BARRIER();
    const int unit = item / each;
    const int query4 = item % each % queries4;
    const int key4 = item % each / queries4;
    const int works = unit < units;
    float score[4][4];
    #pragma unroll
    for (int i = 0; i < 4; i++) {
        #pragma unroll
        for (int j = 0; j < 4; j++) {
            score[i][j] = 0.0f;
        }
    }
    for (int d = 0; d < D; d += TERMS) {
        for (int e = item; e < TERMS * (q_rows + k_rows); e += ITEMS) {
            const int r = e / TERMS;
            const int c = d + e % TERMS;
            const long start = starts[r];
            float x = 0.0f;
            if (start >= 0 && c < D) {
                x = r < q_rows ? LOAD(q, q_off + start + c) : LOAD(k, k_off + start + c);
            }
            terms[e % TERMS * PITCH + r] = x;
        }
        BARRIER();
        if (works) {
            #pragma unroll
            for (int c = 0; c < TERMS; c++) {
                const float4 qs = LOCAL4(terms, c * PITCH + (unit * queries4 + query4) * 4);
                const float4 ks = LOCAL4(terms, c * PITCH + q_rows + (unit * keys4 + key4) * 4);
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
        }
        BARRIER();
    }

    // The largest score of a row, then its weights and their sum.
    if (works) {
        const int u = unit_first + unit;
        float most[4];
        #pragma unroll
        for (int i = 0; i < 4; i++) {
            const int row = (u % tiles * queries4 + query4) * 4 + i;
            most[i] = none;
            #pragma unroll
            for (int j = 0; j < 4; j++) {
                const int col = key4 * 4 + j;
                float s = scale * score[i][j];
                if (HAS_BIAS && u < all && row < LQ && col < LK) {
                    s += LOAD(bias, bias_off + u / tiles / heads * bias_b + u / tiles % heads * bias_h + row * bias_q
                            + col * bias_k);
                }
                score[i][j] = col < LK ? s : none;
                most[i] = fmax(most[i], score[i][j]);
            }
        }
        SET_LOCAL4(part, (key4 * units * queries4 + unit * queries4 + query4) * 4, most[0], most[1], most[2], most[3]);
    }
    BARRIER();
    for (int r = item; r < q_rows; r += ITEMS) {
        float most = none;
        for (int j = 0; j < keys4; j++) {
            most = fmax(most, part[j * q_rows + r]);
        }
        row_of[r] = most == none ? 0.0f : most; // −inf − −inf would be NaN
    }
    BARRIER();
    if (works) {
        const float4 bases = LOCAL4(row_of, (unit * queries4 + query4) * 4);
        const float base[4] = {bases.x, bases.y, bases.z, bases.w};
        float total[4] = {0.0f, 0.0f, 0.0f, 0.0f};
        #pragma unroll
        for (int j = 0; j < 4; j++) {
            float p[4];
            #pragma unroll
            for (int i = 0; i < 4; i++) {
                p[i] = exp(score[i][j] - base[i]);
                total[i] += p[i];
            }
            SET_LOCAL4(weights, (((unit * keys4 + key4) * 4 + j) * queries4 + query4) * 4, p[0], p[1], p[2], p[3]);
        }
        SET_LOCAL4(part, (key4 * units * queries4 + unit * queries4 + query4) * 4, total[0], total[1], total[2], total[3]);
    }
    BARRIER();
    for (int r = item; r < q_rows; r += ITEMS) {
        float total = 0.0f;
        for (int j = 0; j < keys4; j++) {
            total += part[j * q_rows + r];
        }
        row_of[r] = total;
    }
    BARRIER();

    // Neighbouring work-items take neighbouring columns, the others of each a quarter of the row apart.
    const int columns = (DV + 3) / 4;
    for (int task = item; task < units * queries4 * columns; task += ITEMS) {
        const int column = task % columns;
        const int four = task / columns;
        const int u = unit_first + four / queries4;
        const int n = u / tiles / heads;
        const int head = u / tiles % heads;
        if (u >= all) {
            break;
        }
        const int row_first = (u % tiles * queries4 + four % queries4) * 4;
        if (row_first >= LQ) {
            continue;
        }
        const int kb = KB == 1 ? 0 : n;
        const long v_first = v_off + column
                + (has_places ? places[v_starts + kb * heads + head] : kb * v_sn + (long)head * LK * DV);
        float acc[4][4];
        #pragma unroll
        for (int i = 0; i < 4; i++) {
            #pragma unroll
            for (int c = 0; c < 4; c++) {
                acc[i][c] = 0.0f;
            }
        }
        const int from = (four / queries4 * keys4 * 4 * queries4 + four % queries4) * 4;
        for (int j = 0; j < LK; j++) {
            const float4 ps = LOCAL4(weights, from + j * queries4 * 4);
            const float pi[4] = {ps.x, ps.y, ps.z, ps.w};
            const long v_row = ROW(v_rows, j, DV);
            float vc[4];
            #pragma unroll
            for (int c = 0; c < 4; c++) {
                vc[c] = column + c * columns < DV ? LOAD(v, v_first + v_row + c * columns) : 0.0f;
            }
            #pragma unroll
            for (int i = 0; i < 4; i++) {
                #pragma unroll
                for (int c = 0; c < 4; c++) {
                    acc[i][c] = FMA(pi[i], vc[c], acc[i][c]);
                }
            }
        }
        const long y_first = y_off + column
                + (has_places ? places[y_starts + n * heads + head] : n * y_sn + (long)head * LQ * DV);
        #pragma unroll
        for (int i = 0; i < 4; i++) {
            const int row = row_first + i;
            const float total = row_of[four * 4 + i];
            if (row < LQ) {
                const long at = y_first + ROW(y_rows, row, DV);
                #pragma unroll
                for (int c = 0; c < 4; c++) {
                    if (column + c * columns < DV) {
                        STORE(y, at + c * columns, total == 0.0f ? 0.0f : acc[i][c] / total);
                    }
                }
            }
        }
    }
}
