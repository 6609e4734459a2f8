// Sum, mean, largest or smallest over axes of few elements, eight neighbouring results of 16 bits at a time.
//
// Arguments and meaning are those of reduce.cl; nothing is counted, and the last kept axis is dense.
//
// Launch  a work-item for each eight of `outer` results, which takes their elements in their order.
// Parameters: GROUP work-items of a group.
// FLOPs   outer · inner
// Bytes   x and y once
#include "chunk.h"
#include "reduce.h"
#ifndef GROUP
#define GROUP 128
#endif

KERNEL reduce_chunks(
        const real *x, long x_off, real *y, long y_off, const int *count, long count_off, int outer, int inner, int k1, int k2,
        int k3, int r1, int r2, int r3, long ks1, long ks2, long ks3, long rs1, long rs2, long rs3, int extent, int spread) {
    const int o = GLOBAL_ID(0) * PER_CHUNK;
    if (o >= outer) {
        return;
    }
    const real *from = x + x_off + (long)(o / k3 / k2) * ks1 + (long)(o / k3 % k2) * ks2 + o % k3;
    const int aligned = ((ulong)from & (CHUNK - 1)) == 0;
    float all[PER_CHUNK];
    #pragma unroll
    for (int e = 0; e < PER_CHUNK; e++) all[e] = REDUCTION == REDUCTION_MAX ? -INF : REDUCTION == REDUCTION_MIN ? INF : 0.0f;
    int at1 = 0;
    int at2 = 0;
    int at3 = 0;
    for (int i = 0; i < inner; i++) {
        const real *p = from + at1 * rs1 + at2 * rs2 + at3 * rs3;
        float v[PER_CHUNK];
        if (aligned) {
            chunk_load(p, v);
        } else {
            #pragma unroll
            for (int e = 0; e < PER_CHUNK; e++) v[e] = LOAD(p, e);
        }
        #pragma unroll
        for (int e = 0; e < PER_CHUNK; e++) all[e] = combine(all[e], v[e]);
        if (++at3 == r3) {
            at3 = 0;
            if (++at2 == r2) {
                at2 = 0;
                at1++;
            }
        }
    }
    #pragma unroll
    for (int e = 0; e < PER_CHUNK; e++) all[e] = REDUCTION == REDUCTION_MEAN ? all[e] / (float)inner : all[e];
    real *to = y + y_off + o;
    if (((ulong)to & (CHUNK - 1)) == 0) {
        chunk_store(to, all);
    } else {
        for (int e = 0; e < PER_CHUNK; e++) STORE(to, e, all[e]);
    }
}
