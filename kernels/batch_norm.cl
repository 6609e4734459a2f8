// Batch normalisation with given statistics, where no convolution stands before it to take it in (Ioffe and
// Szegedy 2015).
//
//   y[n, c, i] = (x[n, c, i] − mean[c]) / sqrt(var[c] + eps) · w[c] + b[c]
//
// Shapes  x and y (N, C, inner); w, b, mean and var (C), float32 whatever the storage of x.
// Launch  a work-item for ITEMS positions, a row of groups for each c and n.
// Parameters: GROUP work-items of a group, ITEMS positions of each.
// FLOPs   5 · N · C · inner
// Bytes   x and y once

#include "items.h"
#ifndef GROUP
#define GROUP 128
#endif

KERNEL batch_norm(
        GLOBAL const real *RESTRICT x, long x_off, long x_sn, GLOBAL const float *RESTRICT w, long w_off,
        GLOBAL const float *RESTRICT b, long b_off, GLOBAL const float *RESTRICT mean, long mean_off,
        GLOBAL const float *RESTRICT var, long var_off, GLOBAL real *RESTRICT y, long y_off, long y_sn, int inner,
        float eps) {
    const int c = GROUP_ID(1);
    const long from = x_off + GROUP_ID(2) * x_sn + (long)c * inner;
    const long to = y_off + GROUP_ID(2) * y_sn + (long)c * inner;
    float v[ITEMS];
    EACH(k) {
        const int i = ELEMENT(k);
        if (WITHIN(i)) {
            v[k] = LOAD(x, from + i);
        }
    }
    const float scale = w[w_off + c] / sqrt(var[var_off + c] + eps);
    EACH(k) {
        const int i = ELEMENT(k);
        if (WITHIN(i)) {
            STORE(y, to + i, (v[k] - mean[mean_off + c]) * scale + b[b_off + c]);
        }
    }
}
