// Softmax along one axis, a work-group for each row.
//
//   y[o, k, i] = e^(x[o, k, i] − max) / Σ_k e^(x[o, k, i] − max),  k < n, or k < count[o] with HAS_COUNT: the rest
//   isn't touched
//
// Shapes  x and y (outer, n, inner), dense; the axis is the middle one.
// Launch  a group for each of outer · inner rows. Three sweeps over the row; sums and the maximum by a tree in local
//         memory.
// Parameters: GROUP work-items of a group, a power of two.
// FLOPs   5 · outer · n · inner, an exponential counted as one
// Bytes   x and y once (a row is read three times, twice from cache)

#ifndef GROUP
#define GROUP 128
#endif
#ifndef HAS_COUNT
#define HAS_COUNT 0
#endif

KERNEL softmax(
        GLOBAL const real *RESTRICT x, long x_off, GLOBAL real *RESTRICT y, long y_off,
        GLOBAL const int *RESTRICT count, long count_off, int outer, int n, int inner) {
    LOCAL float part[GROUP];
    const int item = LOCAL_ID(0);
    const int row = GROUP_ID(0);
    const int valid = HAS_COUNT ? count[count_off + row / inner] : n;
    const long first = (long)(row / inner) * n * inner + row % inner;
    x += x_off + first;
    y += y_off + first;

    float most = AS_FLOAT(0xff800000);
    for (int k = item; k < valid; k += GROUP) {
        most = fmax(most, LOAD(x, (long)k * inner));
    }
    part[item] = most;
    BARRIER();
    for (int half_of = GROUP / 2; half_of > 0; half_of /= 2) {
        if (item < half_of) {
            part[item] = fmax(part[item], part[item + half_of]);
        }
        BARRIER();
    }
    most = part[0];
    BARRIER();

    float sum = 0.0f;
    for (int k = item; k < valid; k += GROUP) {
        sum += exp(LOAD(x, (long)k * inner) - most);
    }
    part[item] = sum;
    BARRIER();
    for (int half_of = GROUP / 2; half_of > 0; half_of /= 2) {
        if (item < half_of) {
            part[item] += part[item + half_of];
        }
        BARRIER();
    }
    sum = part[0];

    for (int k = item; k < valid; k += GROUP) {
        STORE(y, (long)k * inner, exp(LOAD(x, (long)k * inner) - most) / sum);
    }
}
