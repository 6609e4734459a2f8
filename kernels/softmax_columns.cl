// Softmax along an axis that isn't the last: neighbours read neighbours.
//
// Arguments and meaning are those of softmax.cl.
//
// Parameters: GROUP work-items of a group, SLICES of them for each row where rows are too few to keep a device busy.
// FLOPs and bytes: as softmax.

#ifndef GROUP
#define GROUP 128
#endif
#ifndef HAS_COUNT
#define HAS_COUNT 0
#endif
#ifndef SLICES
#define SLICES 1
#endif

#define ROWS (GROUP / SLICES)
// v becomes the sum or maximum over a row's slices.
#if SLICES > 1
#define OVER_SLICES(v, combined) { \
    part[LOCAL_ID(0)] = v; \
    BARRIER(); \
    v = part[LOCAL_ID(0) % ROWS]; \
    for (int s = 1; s < SLICES; s++) { \
        const float other = part[s * ROWS + LOCAL_ID(0) % ROWS]; \
        v = combined; \
    } \
    BARRIER(); \
}
#else
#define OVER_SLICES(v, combined)
#endif

KERNEL softmax_columns(
        GLOBAL const real *RESTRICT x, long x_off, GLOBAL real *RESTRICT y, long y_off,
        GLOBAL const int *RESTRICT count, long count_off, int outer, int n, int inner) {
#if SLICES > 1
    LOCAL float part[GROUP];
    const int slice = LOCAL_ID(0) / ROWS;
    const int own_row = GROUP_ID(0) * ROWS + LOCAL_ID(0) % ROWS;
    // Past the last row the last one is worked out again: all come to the barriers.
    const int row = min(own_row, outer * inner - 1);
#else
    const int slice = 0;
    const int own_row = GLOBAL_ID(0);
    const int row = own_row;
    if (row >= outer * inner) {
        return;
    }
#endif
    const int valid = HAS_COUNT ? count[count_off + row / inner] : n;
    const long first = (long)(row / inner) * n * inner + row % inner;
    x += x_off + first;
    y += y_off + first;
    float most = AS_FLOAT(0xff800000);
    for (int k = slice; k < valid; k += SLICES) {
        most = fmax(most, LOAD(x, (long)k * inner));
    }
    OVER_SLICES(most, fmax(most, other))
    float sum = 0.0f;
    for (int k = slice; k < valid; k += SLICES) {
        sum += exp(LOAD(x, (long)k * inner) - most);
    }
    OVER_SLICES(sum, sum + other)
    for (int k = slice; k < valid && own_row == row; k += SLICES) {
        STORE(y, (long)k * inner, exp(LOAD(x, (long)k * inner) - most) / sum);
    }
}
