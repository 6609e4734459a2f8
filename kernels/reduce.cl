// y = sum, mean, largest or smallest of x over some axes: a group makes one of `outer` results out of `inner`
// elements.
//
// Kept axes have extents k1 ... k3 and strides ks1 ... ks3 in x, reduced ones r1 ... r3 and rs1 ... rs3; the last is
// fastest.
// REDUCTION: as dev.kerf.graph.ReduceOp.Reduction numbers them. HAS_COUNT: the element at offset e of x is valid if e
// / spread % extent < count[e / spread / extent]. Sums are float32, in GROUP parts that are added in a tree: the same
// order each time.
#include "reduce.h"
#ifndef GROUP
#define GROUP 128
#endif

KERNEL reduce(
        GLOBAL const real *x, long x_off, GLOBAL real *y, long y_off, GLOBAL const int *count, long count_off,
        int outer, int inner, int k1, int k2, int k3, int r1, int r2, int r3, long ks1, long ks2, long ks3, long rs1,
        long rs2, long rs3, int extent, int spread) {
    LOCAL float parts[GROUP];
    LOCAL int counts[GROUP];
    int t = LOCAL_ID(0);
    int o = GROUP_ID(0);
    long base = (long)(o / k3 / k2) * ks1 + (long)(o / k3 % k2) * ks2 + (long)(o % k3) * ks3;
    float part = REDUCTION == REDUCTION_MAX ? -INF : REDUCTION == REDUCTION_MIN ? INF : 0.0f;
    int elements = 0;
    for (int i = t; i < inner; i += GROUP) {
        long e = base + (long)(i / r3 / r2) * rs1 + (long)(i / r3 % r2) * rs2 + (long)(i % r3) * rs3;
        if (!HAS_COUNT || e / spread % extent < count[count_off + e / spread / extent]) {
            part = combine(part, LOAD(x, x_off + e));
            elements++;
        }
    }
    parts[t] = part;
    counts[t] = elements;
    for (int step = GROUP / 2; step > 0; step /= 2) {
        BARRIER();
        if (t < step) {
            parts[t] = combine(parts[t], parts[t + step]);
            counts[t] += counts[t + step];
        }
    }
    if (t == 0) {
        STORE(y, y_off + o, REDUCTION == REDUCTION_MEAN ? parts[0] / (float)counts[0] : parts[0]);
    }
}
