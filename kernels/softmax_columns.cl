// Softmax along an axis that isn't the last: a work-item for each row, so that neighbours read neighbours.
//
// Arguments and meaning are those of softmax.cl.
//
// Parameters: GROUP work-items of a group.
// FLOPs and bytes: as softmax.

#ifndef GROUP
#define GROUP 128
#endif
#ifndef HAS_COUNT
#define HAS_COUNT 0
#endif

KERNEL softmax_columns(
        GLOBAL const real *RESTRICT x, long x_off, GLOBAL real *RESTRICT y, long y_off,
        GLOBAL const int *RESTRICT count, long count_off, int outer, int n, int inner) {
    const int row = GLOBAL_ID(0);
    if (row >= outer * inner) {
        return;
    }
    const int valid = HAS_COUNT ? count[count_off + row / inner] : n;
    const long first = (long)(row / inner) * n * inner + row % inner;
    x += x_off + first;
    y += y_off + first;
    float most = AS_FLOAT(0xff800000);
    for (int k = 0; k < valid; k++) {
        most = fmax(most, LOAD(x, (long)k * inner));
    }
    float sum = 0.0f;
    for (int k = 0; k < valid; k++) {
        sum += exp(LOAD(x, (long)k * inner) - most);
    }
    for (int k = 0; k < valid; k++) {
        STORE(y, (long)k * inner, exp(LOAD(x, (long)k * inner) - most) / sum);
    }
}
