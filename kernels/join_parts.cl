// Sums of parts of the terms, as conv2d_parts and matmul_parts leave them, added up in the order of the parts.
//
//   y[n, m, e] = ACT(Σ_p partial[p, n, m, e] + b[m · b_row + e · b_column] + r[n, m, e])
//
// Shapes  partial (parts, N, rows, columns); y and r (N, rows, y_plane), where e lies at
//         (e / Q · y_row_step + y_row_first) · y_width + e % Q · y_col_step + y_col_first of its plane.
// Launch  a work-item for each number of y, a row of groups for each n.
// Parameters: GROUP work-items of a group.
// FLOPs   N · rows · columns · parts
// Bytes   each once

#ifndef GROUP
#define GROUP 128
#endif

KERNEL join_parts(
        GLOBAL const float *RESTRICT partial, long partial_off, GLOBAL const real *RESTRICT b, long b_off,
        GLOBAL const real *RESTRICT r, long r_off, long r_sn, GLOBAL real *RESTRICT y, long y_off, long y_sn, int N,
        int rows, int columns, int parts, int b_row, int b_column, int Q, int y_plane, int y_width, int y_row_first,
        int y_col_first, int y_row_step, int y_col_step, int act, int has_bias, int has_residual) {
    const int element = GLOBAL_ID(0);
    const int n = GROUP_ID(1);
    if (element >= rows * columns) {
        return;
    }
    const int m = element / columns;
    const int e = element % columns;
    GLOBAL const float *mine = partial + partial_off + (long)n * rows * columns + element;
    const long step = (long)N * rows * columns;
    float sum = mine[0];
    #pragma unroll 4
    for (int p = 1; p < parts; p++) {
        sum += mine[p * step];
    }
    const long at = (long)m * y_plane + (e / Q * y_row_step + y_row_first) * y_width + e % Q * y_col_step + y_col_first;
    if (has_bias) {
        sum += LOAD(b, b_off + m * b_row + e * b_column);
    }
    if (has_residual) {
        sum += LOAD(r, r_off + n * r_sn + at);
    }
    STORE(y, y_off + n * y_sn + at, activate(act, sum));
}
