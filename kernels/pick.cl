// Which elements of each part of a row of scores go on, in order of index: those above a threshold, or the k largest.
// `order` sorts them.
//
//   SELECT 0: element i goes on if scores[i] > threshold. More than `capacity` raise an error.
//   SELECT 1: the `capacity` largest go on, all of a part that has no more; of equals, those of the lowest indices. A NaN is
//   larger than any number.
//
// The k-th largest key (radix.h) is found digit by digit of 8 bits, counting how many keys have each. Integer counts alone
// are made atomically, so that the result doesn't depend on timing.
//
// Shapes  scores (B, N) in P parts; spans (P, 3) says of each where it begins, how many it has, and where what it gives begins
//         in picked and keys (B, K); found (B, P). HAS_COUNT: P is 1, and the first count[b] * row of a row are valid.
// Launch  a work-group for each part of a row.
// Parameters: GROUP work-items of a group.
// FLOPs   B · N comparisons, five times with SELECT
// Bytes   scores once, five times with SELECT

#ifndef SELECT
#define SELECT 0
#define HAS_COUNT 0
#endif
#ifndef GROUP
#define GROUP 128
#endif

#include "radix.h"

KERNEL pick(
        GLOBAL const real *RESTRICT scores, long scores_off, GLOBAL int *RESTRICT picked, long picked_off,
        GLOBAL int *RESTRICT keys, long keys_off, GLOBAL int *RESTRICT found, long found_off,
        GLOBAL const int *RESTRICT count, long count_off, GLOBAL int *errors, int node, GLOBAL const int *RESTRICT spans,
        int N, int row, int capacity, int P, int K, float threshold) {
    LOCAL int bins[256];
    LOCAL int sums[GROUP];
    LOCAL int digit;
    LOCAL int wanted;
    const int t = LOCAL_ID(0);
    const int b = GROUP_ID(1) / P;
    GLOBAL const int *span = spans + GROUP_ID(1) % P * 3;
    const int start = span[0];
    const int most = min(capacity, span[1]);
    const long first = scores_off + (long)b * N + start;
    const long to = (long)b * K + span[2];
    int valid = span[1];
    if (HAS_COUNT) {
        valid = count[count_off + b] * row;
    }
    uint cut = 0;
    int need = 0;
    if (SELECT) {
        need = most;
        for (int shift = 24; shift >= 0; shift -= 8) {
            for (int i = t; i < 256; i += GROUP) {
                bins[i] = 0;
            }
            BARRIER();
            for (int i = t; i < valid; i += GROUP) {
                uint key = radix_key(LOAD(scores, first + i));
                if (shift == 24 || (key >> (shift + 8)) == (cut >> (shift + 8))) {
                    ATOMIC_INC(&bins[(key >> shift) & 255]);
                }
            }
            BARRIER();
            if (t == 0) {
                int left = need;
                int d = 255;
                while (d > 0 && bins[d] < left) {
                    left -= bins[d];
                    d--;
                }
                digit = d;
                wanted = left;
            }
            BARRIER();
            cut |= (uint)digit << shift;
            need = wanted;
            BARRIER();
        }
    }
    int above = 0;
    int equal = 0;
    for (int base = 0; base < valid; base += GROUP) {
        const int i = base + t;
        uint key = 0;
        int mine = 0; // 1 if above, 1 << 16 if equal to the cut
        if (i < valid) {
            const float x = LOAD(scores, first + i);
            key = radix_key(x);
            if (SELECT) {
                mine = key > cut ? 1 : key == cut ? 1 << 16 : 0;
            } else {
                mine = x > threshold ? 1 : 0;
            }
        }
        sums[t] = mine;
        BARRIER();
        for (int step = 1; step < GROUP; step *= 2) {
            const int before = t >= step ? sums[t - step] : 0;
            BARRIER();
            sums[t] += before;
            BARRIER();
        }
        const int before = sums[t] - mine;
        const int equals = equal + (before >> 16);
        const int at = above + (before & 0xFFFF) + (equals < need ? equals : need);
        const int goes = mine == 1 || (mine != 0 && equals < need);
        if (goes && at < most) {
            picked[picked_off + to + at] = start + i;
            keys[keys_off + to + at] = (int)key;
        }
        above += sums[GROUP - 1] & 0xFFFF;
        equal += sums[GROUP - 1] >> 16;
        BARRIER();
    }
    if (t == 0) {
        const int all = above + (equal < need ? equal : need);
        found[found_off + GROUP_ID(1)] = min(all, most);
        if (all > capacity) {
            RAISE(errors, ERROR_CAPACITY, node, all)
        }
    }
}
