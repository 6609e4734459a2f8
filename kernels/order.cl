// What `pick` picked, in descending order of score; equals stay in order of index. Each element counts those that go
// before it.
//
// Shapes  picked, keys, indices (B, capacity), the first found[b] of each row; HAS_VALUES: scores (B, N) and
//         values (B, capacity), the scores in that order.
// Launch  a work-item for each element.
// Parameters: GROUP work-items of a group.
// FLOPs   B · capacity² comparisons at most
// Bytes   capacity · 16 for each row, the keys read by all from a cache

#ifndef HAS_VALUES
#define HAS_VALUES 0
#endif
#ifndef GROUP
#define GROUP 64
#endif

KERNEL order(
        GLOBAL const int *RESTRICT picked, long picked_off, GLOBAL const int *RESTRICT keys, long keys_off,
        GLOBAL const int *RESTRICT found, long found_off, GLOBAL const real *RESTRICT scores, long scores_off,
        GLOBAL int *RESTRICT indices, long indices_off, GLOBAL real *RESTRICT values, long values_off, int N,
        int capacity) {
    const int i = GLOBAL_ID(0);
    const int b = GLOBAL_ID(1);
    const int n = found[found_off + b];
    if (i >= n) {
        return;
    }
    GLOBAL const int *key = keys + keys_off + (long)b * capacity;
    const uint mine = (uint)key[i];
    int at = 0;
    for (int j = 0; j < i; j++) {
        at += (uint)key[j] >= mine ? 1 : 0;
    }
    for (int j = i + 1; j < n; j++) {
        at += (uint)key[j] > mine ? 1 : 0;
    }
    const int index = picked[picked_off + (long)b * capacity + i];
    indices[indices_off + (long)b * capacity + at] = index;
    if (HAS_VALUES) {
        STORE(values, values_off + (long)b * capacity + at, LOAD(scores, scores_off + (long)b * N + index));
    }
}
