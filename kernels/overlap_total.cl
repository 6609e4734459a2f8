// Intersection, union and areas of each pair of masks from the parts that overlap has counted.
//
//   y[n, m] = Σ both, Σ area_a + Σ area_b − Σ both, Σ area_a, Σ area_b
//
// Shapes  both (parts, N, M), area_a (parts, N), area_b (parts, M), y (N, M, 4) of 64 bits.
// Launch  a work-item for each m, a row of groups for each n.
// FLOPs   3 · N · M · parts
// Bytes   the parts and y once

#ifndef GROUP
#define GROUP 64
#endif

KERNEL overlap_total(
        GLOBAL const int *RESTRICT both, long both_off, GLOBAL const int *RESTRICT area_a, long area_a_off,
        GLOBAL const int *RESTRICT area_b, long area_b_off, GLOBAL long *RESTRICT y, long y_off, int N, int M,
        int parts) {
    const int m = GLOBAL_ID(0);
    const int n = GROUP_ID(1);
    if (m >= M) {
        return;
    }
    long common = 0;
    long left = 0;
    long right = 0;
    for (int p = 0; p < parts; p++) {
        common += both[both_off + ((long)p * N + n) * M + m];
        left += area_a[area_a_off + (long)p * N + n];
        right += area_b[area_b_off + (long)p * M + m];
    }
    const long at = y_off + 4 * ((long)n * M + m);
    y[at] = common;
    y[at + 1] = left + right - common;
    y[at + 2] = left;
    y[at + 3] = right;
}
