// Rotary position embedding: pairs of numbers, half a row apart, turned by the angles of their row (Su et al. 2021).
//
//   y[n, l, p] = x[n, l, p] · cos[l mod R, p] − x[n, l, P + p] · sin[l mod R, p]
//   y[n, l, P + p] = x[n, l, p] · sin[l mod R, p] + x[n, l, P + p] · cos[l mod R, p]
//
// Shapes  x and y (N, rows, 2P); cosines and sines (R, P), float32 whatever the storage of x.
// Launch  a work-item for a pair.
// Parameters: GROUP work-items of a group.
// FLOPs   6 · N · rows · P
// Bytes   x, y and the angles once

#ifndef GROUP
#define GROUP 128
#endif

KERNEL rotary(
        GLOBAL const real *RESTRICT x, long x_off, long x_sn, GLOBAL const float *RESTRICT cosines, long cosines_off,
        GLOBAL const float *RESTRICT sines, long sines_off, GLOBAL real *RESTRICT y, long y_off, long y_sn, int rows,
        int R, int P) {
    const int i = GLOBAL_ID(0);
    const int l = i / P;
    const int p = i % P;
    if (l < rows) {
        const long at = (long)l * 2 * P + p;
        const long from = x_off + GROUP_ID(1) * x_sn + at;
        const long to = y_off + GROUP_ID(1) * y_sn + at;
        const float a = LOAD(x, from);
        const float b = LOAD(x, from + P);
        const float c = cosines[cosines_off + l % R * P + p];
        const float s = sines[sines_off + l % R * P + p];
        STORE(y, to, a * c - b * s);
        STORE(y, to + P, a * s + b * c);
    }
}
