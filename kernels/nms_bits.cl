// `nms` after all boxes have been compared: goes over the bits that `suppressions` made, 32 boxes at a time.
//
// Arguments, shapes and what is kept are those of nms.cl; bits (B, M, ⌈M / 32⌉) are rows of suppressions.cl.
//
// A word of boxes is settled by those of them that suppress others of the same word, in order; then the rows of all that
// are kept are joined to what is dropped of later words. A work-item does so for one word: M is at most 32 · GROUP.
//
// Launch  a work-group for each b.
// Parameters: GROUP work-items of a group; ROWS read by each before it joins them.
// FLOPs   none
// Bytes   a row of bits for each box that is kept

#ifndef HAS_COUNT
#define HAS_COUNT 0
#endif
#ifndef GROUP
#define GROUP 256
#endif
#ifndef ROWS
#define ROWS 8
#endif
#include "bit_rows.h"

KERNEL nms_bits(
        GLOBAL const real *RESTRICT boxes, long boxes_off, GLOBAL const int *RESTRICT groups, long groups_off,
        GLOBAL int *kept, long kept_off, GLOBAL int *RESTRICT found, long found_off,
        GLOBAL const int *RESTRICT count, long count_off, int M, int groups_step, int most, float threshold,
        float min_side, GLOBAL const int *RESTRICT bits, long bits_off) {
    LOCAL uint dropped[GROUP];
    LOCAL uint own[WORD];
    LOCAL uint left[2];
    LOCAL uint sources[2];
    LOCAL int list[WORD];
    const int t = LOCAL_ID(0);
    const int b = GROUP_ID(1);
    const int words = (M + WORD - 1) / WORD;
    GLOBAL const int *rows = bits + bits_off + (long)b * M * words;
    int n = M;
    if (HAS_COUNT) {
        n = count[count_off + b];
    }
    const int used = (n + WORD - 1) / WORD;
    dropped[t] = 0;
    if (t < 2) {
        left[t] = 0;
        sources[t] = 0;
    }
    uint row = t < WORD && t < n ? (uint)rows[(long)t * words] : 0;
    int total = 0;
    BARRIER();
    for (int w = 0; w < used && total < most; w++) {
        const int now = w % 2;
        const int base = w * WORD;
        if (t < WORD) {
            own[t] = row;
            if (base + t < n && ((row | dropped[w]) & BIT_OF(t)) == 0) {
                ATOMIC_OR(&left[now], BIT_OF(t));
            }
        }
        BARRIER();
        if (t < WORD && (left[now] & BIT_OF(t)) && (row & left[now])) {
            ATOMIC_OR(&sources[now], BIT_OF(t));
        }
        BARRIER();
        uint stays = left[now];
        uint waiting = sources[now];
        while (waiting) {
            const int s = FIRST_BIT(waiting);
            stays &= ~own[s];
            waiting &= stays & ~BIT_OF(s);
        }
        int more = POPCOUNT(stays);
        while (total + more > most) {
            stays &= stays - 1;
            more--;
        }
        if (t < WORD) {
            if (stays & BIT_OF(t)) {
                const int at = more - POPCOUNT(stays << t);
                list[at] = t;
                kept[kept_off + (long)b * most + total + at] = base + t;
            }
            row = base + WORD + t < n ? (uint)rows[(long)(base + WORD + t) * words + w + 1] : 0;
        }
        if (t == 0) {
            left[1 - now] = 0;
            sources[1 - now] = 0;
        }
        BARRIER();
        if (t > w && t < used) {
            uint drops = 0;
            for (int k = 0; k < more; k += ROWS) {
                #pragma unroll
                for (int e = 0; e < ROWS; e++) {
                    drops |= (uint)rows[(long)(base + list[min(k + e, more - 1)]) * words + t];
                }
            }
            dropped[t] |= drops;
        }
        total += more;
        BARRIER();
    }
    if (t == 0) {
        found[found_off + b] = total;
    }
}
