// (x − mean) / std for each plane; 0 where std is 0.
//
// Shapes  x and y: N images, x_sn and y_sn apart, of (C, inner); s: (C, 2) for each image, s_step apart, or for all if
//         s_step is 0.
// Launch  a work-item for ITEMS pixels of a plane, a row of groups for each plane and image.
// FLOPs   2 · N · C · inner
// Bytes   x and y once

#include "items.h"
#ifndef GROUP
#define GROUP 128
#endif

KERNEL standardise(
        GLOBAL const real *RESTRICT x, long x_off, long x_sn, GLOBAL const real *RESTRICT s, long s_off, long s_step,
        GLOBAL real *RESTRICT y, long y_off, long y_sn, int inner) {
    const long at = s_off + GROUP_ID(2) * s_step + 2 * GROUP_ID(1);
    const float mean = LOAD(s, at);
    const float deviation = LOAD(s, at + 1);
    const long from = x_off + GROUP_ID(2) * x_sn + (long)GROUP_ID(1) * inner;
    const long to = y_off + GROUP_ID(2) * y_sn + (long)GROUP_ID(1) * inner;
    float v[ITEMS];
    EACH(k) {
        const int i = ELEMENT(k);
        if (WITHIN(i)) {
            v[k] = LOAD(x, from + i);
        }
    }
    EACH(k) {
        const int i = ELEMENT(k);
        if (WITHIN(i)) {
            STORE(y, to + i, deviation == 0.0f ? 0.0f : (v[k] - mean) / deviation);
        }
    }
}
