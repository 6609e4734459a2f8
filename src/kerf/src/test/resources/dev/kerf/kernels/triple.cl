// y[i] = 3 · x[i]
#ifndef TYPE
#define TYPE real
#endif
#ifndef GROUP
#define GROUP 64
#endif
KERNEL triple(GLOBAL const real *x, long x_off, GLOBAL real *y, long y_off, int n) {
    int i = GLOBAL_ID(0);
    if (i < n) STORE(y, y_off + i, 3.0f * LOAD(x, x_off + i));
}
