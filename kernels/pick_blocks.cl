// `pick` over many groups: what goes on of each part of a row of scores, after `digits` has counted.
//
// Arguments, shapes and what is picked are those of pick.cl; bins (B, P, blocks, RADIX_ROW) are counts of the last pass.
//
// Launch  `blocks` groups for each part, a block of it each. Each knows from the counts how many go on in the blocks before.
// Parameters: GROUP work-items of a group; ITEMS neighbouring elements of a work-item; BLOCKS blocks at most, SPAN elements of
//   one in the longest part at least if there are more; BINS digits, 2048.
// FLOPs   B · N comparisons
// Bytes   scores once, counts once for each group

#ifndef SELECT
#define SELECT 0
#define HAS_COUNT 0
#endif
#ifndef GROUP
#define GROUP 512
#endif
#ifndef ITEMS
#define ITEMS 4
#endif
#ifndef BLOCKS
#define BLOCKS 32
#endif
#ifndef SPAN
#define SPAN 2048
#endif
#define RADIX_GROUP GROUP
#include "radix.h"

KERNEL pick_blocks(
        GLOBAL const real *RESTRICT scores, long scores_off, GLOBAL int *RESTRICT picked, long picked_off,
        GLOBAL int *RESTRICT keys, long keys_off, GLOBAL int *RESTRICT found, long found_off,
        GLOBAL const int *RESTRICT count, long count_off, GLOBAL int *errors, int node, GLOBAL const int *RESTRICT spans,
        int N, int row, int capacity, int P, int K, float threshold, GLOBAL const int *RESTRICT bins, long bins_off,
        int blocks) {
    LOCAL int totals[GROUP];
    LOCAL int parts[GROUP];
    LOCAL int end[4];
    const int t = LOCAL_ID(0);
    const int me = GROUP_ID(0);
    const int b = GROUP_ID(1) / P;
    GLOBAL const int *span = spans + GROUP_ID(1) % P * 3;
    const int start = span[0];
    const int most = min(capacity, span[1]);
    int valid = span[1];
    if (HAS_COUNT) {
        valid = count[count_off + b] * row;
    }
    const int each = (valid + blocks - 1) / blocks;
    const int from = min(valid, each * me);
    const int to = min(valid, from + each);
    const long first = scores_off + (long)b * N + start;
    const long out = (long)b * K + span[2];
    GLOBAL const int *rows = bins + bins_off + (long)GROUP_ID(1) * blocks * RADIX_ROW;
    uint cut = 0;
    int need = 0;
    int above = 0;
    int equal = 0;
    int all = most;
    if (SELECT) {
        radix_digit(rows, blocks, most, radix_shift(2), me, totals, parts, end);
        cut = (uint)end[0];
        need = end[1];
        above = end[2];
        equal = end[3];
    } else {
        all = 0;
        for (int j = 0; j < blocks; j++) {
            const int of = rows[(long)j * RADIX_ROW + RADIX_ABOVE];
            above += j < me ? of : 0;
            all += of;
        }
    }
    for (int base = from; base < to; base += GROUP * ITEMS) {
        uint key[ITEMS];
        int kind[ITEMS]; // 1 if above, 1 << 16 if equal to the cut
        int mine = 0;
        #pragma unroll
        for (int e = 0; e < ITEMS; e++) {
            const int i = base + t * ITEMS + e;
            key[e] = 0;
            kind[e] = 0;
            if (i < to) {
                const float x = LOAD(scores, first + i);
                key[e] = radix_key(x);
                if (SELECT) {
                    kind[e] = key[e] > cut ? 1 : key[e] == cut ? 1 << 16 : 0;
                } else {
                    kind[e] = x > threshold ? 1 : 0;
                }
            }
            mine += kind[e];
        }
        totals[t] = mine;
        radix_scan(totals);
        const int before = totals[t] - mine;
        int larger = above + (before & 0xFFFF);
        int equals = equal + (before >> 16);
        #pragma unroll
        for (int e = 0; e < ITEMS; e++) {
            const int at = larger + min(equals, need);
            const int goes = kind[e] == 1 || (kind[e] != 0 && equals < need);
            if (goes && at < most) {
                picked[picked_off + out + at] = start + base + t * ITEMS + e;
                keys[keys_off + out + at] = (int)key[e];
            }
            larger += kind[e] & 1;
            equals += kind[e] >> 16;
        }
        above += totals[GROUP - 1] & 0xFFFF;
        equal += totals[GROUP - 1] >> 16;
        BARRIER();
    }
    if (t == 0 && me == 0) {
        found[found_off + GROUP_ID(1)] = min(all, most);
        if (all > capacity) {
            RAISE(errors, ERROR_CAPACITY, node, all)
        }
    }
}
