// Pixels of each class that were given each class, over parts of the pixels.
//
// A group counts `chunk` pixels into K x K bins. Where they fit into the BINS bins of LOCAL memory, each work-item uses
// one of `copies` sets, so that neighbours of one class don't wait for each other; otherwise (BINS is 0) the group
// counts in its part of the result. 32-bit sums hold a part's pixels; confusion_total adds the parts in 64
// bits.
//
// T_T, P_T: uchar or int. A pixel counts nowhere if its truth is `ignore` or one of its labels isn't in 0 ... K − 1.
// Shapes  truth, predicted (B, pixels), rows truth_sn and predicted_sn apart; y (B, parts, K, K).
// Launch  a row of groups for the parts, a column for the images.
// Parameters: GROUP work-items of a group.
// FLOPs   B · pixels increments
// Bytes   truth and predicted once, y once

#ifndef T_T
#define T_T uchar
#define P_T uchar
#define BINS 0
#endif
#ifndef GROUP
#define GROUP 128
#endif

KERNEL confusion(
        GLOBAL const T_T *RESTRICT truth, long truth_off, long truth_sn, GLOBAL const P_T *RESTRICT predicted,
        long predicted_off, long predicted_sn, GLOBAL int *RESTRICT y, long y_off, long pixels, long chunk, int parts,
        int K, int ignore, int copies) {
    const int t = LOCAL_ID(0);
    const long start = GROUP_ID(0) * chunk;
    const long end = pixels - start < chunk ? pixels : start + chunk;
    GLOBAL const T_T *left = truth + truth_off + GROUP_ID(1) * truth_sn;
    GLOBAL const P_T *right = predicted + predicted_off + GROUP_ID(1) * predicted_sn;
    GLOBAL int *out = y + y_off + ((long)GROUP_ID(1) * parts + GROUP_ID(0)) * K * K;
#if BINS
    LOCAL int bins[BINS];
    const int own_step = copies;
    LOCAL_POINTER int *own = bins + t % copies;
    for (int i = t; i < K * K * copies; i += GROUP) {
        bins[i] = 0;
    }
#else
    const int own_step = 1;
    GLOBAL int *own = out;
    for (int i = t; i < K * K; i += GROUP) {
        out[i] = 0;
    }
#endif
    BARRIER_ALL();
    for (long p = start + t; p < end; p += GROUP) {
        const int a = left[p];
        const int b = right[p];
        if (a != ignore && a >= 0 && a < K && b >= 0 && b < K) {
            ATOMIC_INC(own + (a * K + b) * own_step);
        }
    }
#if BINS
    BARRIER();
    for (int i = t; i < K * K; i += GROUP) {
        int sum = 0;
        for (int c = 0; c < copies; c++) {
            sum += bins[i * copies + c];
        }
        out[i] = sum;
    }
#endif
}
