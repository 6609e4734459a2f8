// Resampling of images by tables of neighbours, one for rows and one for columns: nearest, bilinear, bicubic,
// antialiased.
//
//   y[n, c, i, j] = Σ_s Σ_t row_weight[i, s] · col_weight[j, t] · x[n, c, row_index[i, s], col_index[j, t]]
//
// The tables are made on the host (ResizeTable): positions and weights are those of torch.nn.functional.interpolate. A
// neighbour of weight 0 isn't read.
//
// Shapes  x (N, C, H, W), y (N, C, OH, OW), NCHW; row tables (OH, ROW_TAPS), column tables (OW, COL_TAPS).
// Launch  a work-item for each pixel of a plane, a row of groups for each c and n.
// Parameters: GROUP work-items of a group.
// FLOPs   3 · N · C · OH · OW · ROW_TAPS · COL_TAPS
// Bytes   x and y once

#ifndef GROUP
#define GROUP 128
#endif
#ifndef ROW_TAPS
#define ROW_TAPS 2
#endif
#ifndef COL_TAPS
#define COL_TAPS 2
#endif

KERNEL resize(
        GLOBAL const real *RESTRICT x, long x_off, long x_sn, GLOBAL const int *RESTRICT row_index,
        GLOBAL const float *RESTRICT row_weight, GLOBAL const int *RESTRICT col_index,
        GLOBAL const float *RESTRICT col_weight, GLOBAL real *RESTRICT y, long y_off, long y_sn, int H, int W, int OH,
        int OW) {
    const int p = GLOBAL_ID(0);
    if (p >= OH * OW) {
        return;
    }
    GLOBAL const real *plane = x + x_off + GROUP_ID(2) * x_sn + (long)GROUP_ID(1) * H * W;
    const int row = p / OW * ROW_TAPS;
    const int col = p % OW * COL_TAPS;
    float sum = 0.0f;
    for (int s = 0; s < ROW_TAPS; s++) {
        const float row_part = row_weight[row + s];
        GLOBAL const real *line = plane + (long)row_index[row + s] * W;
        for (int t = 0; t < COL_TAPS; t++) {
            const float weight = row_part * col_weight[col + t];
            if (weight != 0.0f) {
                sum = FMA(weight, LOAD(line, col_index[col + t]), sum);
            }
        }
    }
    STORE(y, y_off + GROUP_ID(2) * y_sn + (long)GROUP_ID(1) * OH * OW + p, sum);
}
