// Sum, mean, largest or smallest over axes of few elements: neighbours make neighbouring results.
//
// Arguments and meaning are those of reduce.cl.
//
// Launch  a work-item for each of `outer` results, which takes its elements in their order.
// Parameters: GROUP work-items of a group.
// FLOPs   outer · inner
// Bytes   x and y once
#include "reduce.h"
#ifndef GROUP
#define GROUP 128
#endif

KERNEL reduce_few(
        GLOBAL const real *x, long x_off, GLOBAL real *y, long y_off, GLOBAL const int *count, long count_off,
        int outer, int inner, int k1, int k2, int k3, int r1, int r2, int r3, long ks1, long ks2, long ks3, long rs1,
        long rs2, long rs3, int extent, int spread) {
    int o = GLOBAL_ID(0);
    if (o < outer) {
        long base = (long)(o / k3 / k2) * ks1 + (long)(o / k3 % k2) * ks2 + (long)(o % k3) * ks3;
        float all = REDUCTION == REDUCTION_MAX ? -INF : REDUCTION == REDUCTION_MIN ? INF : 0.0f;
        int elements = 0;
        for (int i = 0; i < inner; i++) {
            long e = base + (long)(i / r3 / r2) * rs1 + (long)(i / r3 % r2) * rs2 + (long)(i % r3) * rs3;
            if (!HAS_COUNT || e / spread % extent < count[count_off + e / spread / extent]) {
                all = combine(all, LOAD(x, x_off + e));
                elements++;
            }
        }
        STORE(y, y_off + o, REDUCTION == REDUCTION_MEAN ? all / (float)elements : all);
    }
}
