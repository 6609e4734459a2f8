// Ascending indices of the scores above a threshold, and how many there are. One group walks over the scores, GROUP
// at a time: each counts those that pass before its own (Hillis and Steele's scan), so that the order is the same
// each time.
//
// HAS_COUNT: of the R scores, the first *count are valid. More than `capacity` raise an error; the number found is
// then the capacity, so that later kernels stay within bounds.
#ifndef HAS_COUNT
#define HAS_COUNT 0
#endif
#ifndef GROUP
#define GROUP 128
#endif

KERNEL compact(
        GLOBAL const real *scores, long scores_off, GLOBAL int *indices, long indices_off, GLOBAL int *found,
        long found_off, GLOBAL const int *count, long count_off, GLOBAL int *errors, int node, int R, int capacity,
        float threshold) {
    LOCAL int sums[GROUP];
    int t = LOCAL_ID(0);
    int valid = HAS_COUNT ? count[count_off] : R;
    int total = 0;
    for (int base = 0; base < valid; base += GROUP) {
        int i = base + t;
        int passes = i < valid && LOAD(scores, scores_off + i) > threshold ? 1 : 0;
        sums[t] = passes;
        BARRIER();
        for (int step = 1; step < GROUP; step *= 2) {
            int before = t >= step ? sums[t - step] : 0;
            BARRIER();
            sums[t] += before;
            BARRIER();
        }
        int at = total + sums[t] - passes;
        if (passes && at < capacity) {
            indices[indices_off + at] = i;
        }
        total += sums[GROUP - 1];
        BARRIER();
    }
    if (t == 0) {
        found[found_off] = total < capacity ? total : capacity;
        if (total > capacity) {
            RAISE(errors, ERROR_CAPACITY, node, total)
        }
    }
}
