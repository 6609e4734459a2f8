// What `pick` picked of each part of a row, in descending order of score; equals stay in order of index. Each element counts
// those that go before it.
//
// Shapes  picked, keys, indices (B, K) in P parts, spans (P, 3) and found (B, P) as pick.cl has them; HAS_VALUES: scores
//         (B, N) and values (B, K), the scores in that order.
// Launch  SLICES neighbouring work-items for each element, among which the others are dealt out.
// Parameters: GROUP work-items of a group; SLICES.
// FLOPs   B · P · capacity² comparisons at most
// Bytes   16 for each element, the keys read by all from a cache

#ifndef HAS_VALUES
#define HAS_VALUES 0
#endif
#ifndef GROUP
#define GROUP 64
#endif
#ifndef SLICES
#define SLICES 1
#endif

KERNEL order(
        GLOBAL const int *RESTRICT picked, long picked_off, GLOBAL const int *RESTRICT keys, long keys_off,
        GLOBAL const int *RESTRICT found, long found_off, GLOBAL const real *RESTRICT scores, long scores_off,
        GLOBAL int *RESTRICT indices, long indices_off, GLOBAL real *RESTRICT values, long values_off,
        GLOBAL const int *RESTRICT spans, int N, int capacity, int P, int K) {
#if SLICES > 1
    LOCAL int parts[GROUP];
#endif
    const int slice = LOCAL_ID(0) % SLICES;
    const int i = GROUP_ID(0) * (GROUP / SLICES) + LOCAL_ID(0) / SLICES;
    const int b = GROUP_ID(1) / P;
    const int n = found[found_off + GROUP_ID(1)];
    const long to = (long)b * K + spans[GROUP_ID(1) % P * 3 + 2];
    GLOBAL const int *key = keys + keys_off + to;
    int at = 0;
    if (i < n) {
        const uint mine = (uint)key[i];
        int j = slice;
        for (; j < i; j += SLICES) {
            at += (uint)key[j] >= mine ? 1 : 0;
        }
        for (; j < n; j += SLICES) {
            at += (uint)key[j] > mine ? 1 : 0;
        }
    }
#if SLICES > 1
    parts[LOCAL_ID(0)] = at;
    BARRIER();
    at = 0;
    for (int s = 0; s < SLICES; s++) {
        at += parts[LOCAL_ID(0) - slice + s];
    }
#endif
    if (i >= n || slice > 0) {
        return;
    }
    const int index = picked[picked_off + to + i];
    indices[indices_off + to + at] = index;
    if (HAS_VALUES) {
        STORE(values, values_off + to + at, LOAD(scores, scores_off + (long)b * N + index));
    }
}
