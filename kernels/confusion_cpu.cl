// Pixels of each class that were given each class, for CPU-type devices: as confusion.cl, but a group is one work-item
// that counts in its part of the result, without atomics.

#ifndef T_T
#define T_T uchar
#define P_T uchar
#define BINS 0
#endif

KERNEL confusion_cpu(
        GLOBAL const T_T *RESTRICT truth, long truth_off, long truth_sn, GLOBAL const P_T *RESTRICT predicted,
        long predicted_off, long predicted_sn, GLOBAL int *RESTRICT y, long y_off, long pixels, long chunk, int parts,
        int K, int ignore, int copies) {
    const long start = GROUP_ID(0) * chunk;
    const long end = pixels - start < chunk ? pixels : start + chunk;
    GLOBAL const T_T *left = truth + truth_off + GROUP_ID(1) * truth_sn;
    GLOBAL const P_T *right = predicted + predicted_off + GROUP_ID(1) * predicted_sn;
    GLOBAL int *out = y + y_off + ((long)GROUP_ID(1) * parts + GROUP_ID(0)) * K * K;
    for (int i = 0; i < K * K; i++) {
        out[i] = 0;
    }
    for (long p = start; p < end; p++) {
        const int a = left[p];
        const int b = right[p];
        if (a != ignore && a >= 0 && a < K && b >= 0 && b < K) {
            out[a * K + b]++;
        }
    }
}
