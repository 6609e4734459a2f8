// Index of the largest of n elements, the first of equals; a NaN is larger than any number.
//
// x: N items, x_sn apart, of outer x n x inner elements; y: N x outer x inner, dense. HAS_COUNT: of the n elements,
// the first count[item * outer + o] are valid. Y_T: uchar or int.
#ifndef Y_T
#define Y_T int
#define HAS_COUNT 0
#endif
#ifndef GROUP
#define GROUP 64
#endif

KERNEL arg_max(
        GLOBAL const real *x, long x_off, long x_sn, GLOBAL Y_T *y, long y_off, GLOBAL const int *count, long count_off,
        int N, int outer, int n, int inner) {
    int i = GLOBAL_ID(0);
    int item = GLOBAL_ID(1);
    if (i >= outer * inner) {
        return;
    }
    int o = i / inner;
    long at = x_off + item * x_sn + (long)o * n * inner + i % inner;
    int valid = HAS_COUNT ? count[count_off + (long)item * outer + o] : n;
    int best = 0;
    float largest = LOAD(x, at);
    for (int k = 1; k < valid; k++) {
        float v = LOAD(x, at + (long)k * inner);
        if (v > largest || (v != v && largest == largest)) {
            best = k;
            largest = v;
        }
    }
    y[y_off + (long)item * outer * inner + i] = (Y_T)best;
}
