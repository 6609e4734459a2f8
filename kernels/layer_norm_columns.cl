// Layer normalisation along an axis that isn't the last: a work-item for each row, so that neighbours read neighbours.
//
// Arguments and meaning are those of layer_norm.cl.
//
// Parameters: GROUP work-items of a group.
// FLOPs and bytes: as layer_norm.

#ifndef GROUP
#define GROUP 128
#endif

KERNEL layer_norm_columns(
        GLOBAL const real *RESTRICT x, long x_off, GLOBAL const real *RESTRICT w, long w_off,
        GLOBAL const real *RESTRICT b, long b_off, GLOBAL real *RESTRICT y, long y_off, int outer, int n, int inner,
        float eps) {
    const int row = GLOBAL_ID(0);
    if (row >= outer * inner) {
        return;
    }
    const long first = (long)(row / inner) * n * inner + row % inner;
    x += x_off + first;
    y += y_off + first;
    float mean = 0.0f;
    for (int c = 0; c < n; c++) {
        mean += LOAD(x, (long)c * inner);
    }
    mean /= (float)n;
    float squares = 0.0f;
    for (int c = 0; c < n; c++) {
        const float d = LOAD(x, (long)c * inner) - mean;
        squares += d * d;
    }
    const float scale = 1.0f / sqrt(squares / (float)n + eps);
    for (int c = 0; c < n; c++) {
        STORE(y, (long)c * inner,
                (LOAD(x, (long)c * inner) - mean) * scale * LOAD(w, w_off + c) + LOAD(b, b_off + c));
    }
}
