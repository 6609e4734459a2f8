// Resampling of images by tables of neighbours, one for rows and one for columns: nearest, bilinear, bicubic,
// antialiased.
//
//   y[n, c, i, j] = Σ_s Σ_t row_weight[i, s] · col_weight[j, t] · x[n, c, row_index[i, s], col_index[j, t]]
//
// The tables are made on the host (ResizeTable): positions and weights are those of torch.nn.functional.interpolate. A
// neighbour of weight 0 isn't read.
//
// Shapes  x (N, C, H, W), y (N, C, OH, OW), NCHW; row tables (OH, row_taps), column tables (OW, col_taps).
// TAPS    row_taps and col_taps where both are 1, 2 or 4, so that the loops are unrolled; 0 for any others.
// Launch  a work-item for each pixel of a plane, a row of groups for each c and n.
// Parameters: GROUP work-items of a group.
// FLOPs   3 · N · C · OH · OW · row_taps · col_taps
// Bytes   x and y once

#ifndef GROUP
#define GROUP 128
#endif
#ifndef TAPS
#define TAPS 0
#endif
#if TAPS
#define ROW_TAPS TAPS
#define COL_TAPS TAPS
#else
#define ROW_TAPS row_taps
#define COL_TAPS col_taps
#endif

KERNEL resize(
        GLOBAL const real *RESTRICT x, long x_off, long x_sn, GLOBAL const int *RESTRICT row_index,
        GLOBAL const float *RESTRICT row_weight, GLOBAL const int *RESTRICT col_index,
        GLOBAL const float *RESTRICT col_weight, GLOBAL real *RESTRICT y, long y_off, long y_sn, int H, int W, int OH,
        int OW, int row_taps, int col_taps) {
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
