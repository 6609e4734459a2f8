// The k-th largest of many scores, digit by digit of their keys (Knuth 1998, section 5.2.5).
//
// A key is an unsigned number whose order is that of the scores (Herf 2001, "Radix tricks"), equal for −0 and 0, largest for
// NaN. Its digits are the bits 31 … 21, 20 … 10 and 9 … 0. In each pass every group counts how many keys of its part have
// each digit, of those that agree with the cut so far. Its counts are a row of RADIX_ROW ints: the digits', then how many
// keys lie above the cut so far, then that cut.

#ifndef BINS
#define BINS 2048
#endif
#define RADIX_ABOVE BINS
#define RADIX_CUT (BINS + 1)
#define RADIX_ROW (BINS + 2)

DEVICE uint radix_key(float x) {
    if (x != x) {
        return 0xFFFFFFFFu;
    }
    uint bits = (uint)AS_INT(x == 0.0f ? 0.0f : x);
    return (bits & 0x80000000u) ? ~bits : bits | 0x80000000u;
}

// The lowest bit of a pass's digit.
DEVICE int radix_shift(int pass) {
    return pass == 0 ? 21 : pass == 1 ? 10 : 0;
}

#ifdef RADIX_GROUP
#define RADIX_ITEM (BINS / RADIX_GROUP)

// Numbers of a group become sums of those of the items up to each.
DEVICE void radix_scan(LOCAL_POINTER int *sums) {
    const int t = LOCAL_ID(0);
    for (int step = 1; step < RADIX_GROUP; step *= 2) {
        BARRIER();
        const int before = t >= step ? sums[t - step] : 0;
        BARRIER();
        sums[t] += before;
    }
    BARRIER();
}

// From the rows of all groups, the cut with one digit more: cut[0]. Of the keys that agree with it, cut[1] go on; of the parts
// before `me`, cut[2] keys lie above it and cut[3] agree. Items own RADIX_ITEM digits each, the first the largest ones.
DEVICE void radix_digit(
        GLOBAL const int *rows, int blocks, int capacity, int shift, int me, LOCAL_POINTER int *totals,
        LOCAL_POINTER int *parts, LOCAL_POINTER int *cut) {
    const int first = BINS - 1 - LOCAL_ID(0) * RADIX_ITEM;
    int need = capacity;
    int above = 0;
    int total[RADIX_ITEM];
    int part[RADIX_ITEM];
    #pragma unroll
    for (int e = 0; e < RADIX_ITEM; e++) {
        total[e] = 0;
        part[e] = 0;
    }
    for (int j = 0; j < blocks; j++) {
        GLOBAL const int *row = rows + (long)j * RADIX_ROW;
        const int mine = j < me ? 1 : 0;
        need -= row[RADIX_ABOVE];
        above += mine * row[RADIX_ABOVE];
        #pragma unroll
        for (int e = 0; e < RADIX_ITEM; e++) {
            total[e] += row[first - e];
            part[e] += mine * row[first - e];
        }
    }
    int all = 0;
    int all_part = 0;
    #pragma unroll
    for (int e = 0; e < RADIX_ITEM; e++) {
        all += total[e];
        all_part += part[e];
    }
    totals[LOCAL_ID(0)] = all;
    parts[LOCAL_ID(0)] = all_part;
    radix_scan(totals);
    radix_scan(parts);
    int larger = totals[LOCAL_ID(0)] - all;
    int larger_part = parts[LOCAL_ID(0)] - all_part;
    #pragma unroll
    for (int e = 0; e < RADIX_ITEM; e++) {
        if (larger < need && need <= larger + total[e]) {
            cut[0] = rows[RADIX_CUT] | (first - e) << shift;
            cut[1] = need - larger;
            cut[2] = above + larger_part;
            cut[3] = part[e];
        }
        larger += total[e];
        larger_part += part[e];
    }
    BARRIER();
}
#endif
