// How many scores of each block of a part of a row have which digit: one pass of `pick_blocks`.
//
//   SELECT 1: counts by digits of keys, as radix.h says; pass 0, 1 or 2.
//   SELECT 0: how many lie above the threshold; one pass.
//
// Shapes  scores (B, N), spans (P, 3), count as pick.cl has them; bins (B, P, blocks, RADIX_ROW); before, those of the pass
//         before, not read by pass 0.
// Launch  `blocks` groups for each part of a row, a block of it each.
// Parameters: GROUP work-items of a group; BINS digits, 2048.
// FLOPs   B · N comparisons
// Bytes   scores once, the counts of the pass before once for each group, its own counts once

#ifndef SELECT
#define SELECT 0
#define HAS_COUNT 0
#endif
#ifndef GROUP
#define GROUP 512
#endif
#define RADIX_GROUP GROUP
#include "radix.h"

KERNEL digits(
        GLOBAL const real *RESTRICT scores, long scores_off, GLOBAL const int *RESTRICT before, long before_off,
        GLOBAL int *RESTRICT bins, long bins_off, GLOBAL const int *RESTRICT count, long count_off,
        GLOBAL const int *RESTRICT spans, int N, int row, int blocks, int capacity, int P, int pass, float threshold) {
    LOCAL int own[RADIX_ROW];
    LOCAL int totals[GROUP];
    LOCAL int parts[GROUP];
    LOCAL int so_far[4];
    const int t = LOCAL_ID(0);
    const int b = GROUP_ID(1) / P;
    GLOBAL const int *span = spans + GROUP_ID(1) % P * 3;
    int valid = span[1];
    if (HAS_COUNT) {
        valid = count[count_off + b] * row;
    }
    const int each = (valid + blocks - 1) / blocks;
    const int from = min(valid, each * GROUP_ID(0));
    const int to = min(valid, from + each);
    const long first = scores_off + (long)b * N + span[0];
    const long rows = (long)GROUP_ID(1) * blocks * RADIX_ROW;
    uint cut = 0;
    if (SELECT && pass > 0) {
        radix_digit(before + before_off + rows, blocks, min(capacity, span[1]), radix_shift(pass - 1), 0, totals, parts,
                so_far);
        cut = (uint)so_far[0];
    }
    for (int i = t; i < RADIX_ROW; i += GROUP) {
        own[i] = i == RADIX_CUT ? (int)cut : 0;
    }
    BARRIER();
    const int known = pass > 0 ? radix_shift(pass - 1) : 31;
    const int shift = radix_shift(pass);
    for (int i = from + t; i < to; i += GROUP) {
        const float x = LOAD(scores, first + i);
        if (SELECT) {
            const uint key = radix_key(x);
            if (pass == 0 || key >> known == cut >> known) {
                ATOMIC_INC(&own[(key >> shift) & (BINS - 1)]);
            } else if (key > cut) {
                ATOMIC_INC(&own[RADIX_ABOVE]);
            }
        } else if (x > threshold) {
            ATOMIC_INC(&own[RADIX_ABOVE]);
        }
    }
    BARRIER();
    const long at = bins_off + rows + GROUP_ID(0) * RADIX_ROW;
    for (int i = t; i < RADIX_ROW; i += GROUP) {
        if (SELECT || i == RADIX_ABOVE) {
            bins[at + i] = own[i];
        }
    }
}
