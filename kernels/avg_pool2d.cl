// Mean of each window (torch.nn.functional.avg_pool2d).
//
//   y[n, c, i, j] = Σ x[n, c, rows, columns] / count,  rows i·row_step + row_first … + KH − 1 within the image, columns
//   alike. count is the window's pixels within the image, or within image and padding if INCLUDE_PAD; a window without
//   any gives 0.
//
// Shapes  x (N, C, H, W), y (N, C, OH, OW), NCHW; row_first and col_first are −padding, row_pad and col_pad that at the
//         end.
// Launch  a work-item for each pixel of a plane, a row of groups for each c and n.
// Parameters: GROUP work-items of a group.
// FLOPs   N · C · OH · OW · KH · KW
// Bytes   x and y once

#ifndef GROUP
#define GROUP 128
#endif
#ifndef INCLUDE_PAD
#define INCLUDE_PAD 1
#endif

KERNEL avg_pool2d(
        GLOBAL const real *RESTRICT x, long x_off, long x_sn, GLOBAL real *RESTRICT y, long y_off, long y_sn, int H,
        int W, int OH, int OW, int KH, int KW, int row_first, int col_first, int row_step, int col_step, int row_pad,
        int col_pad) {
    const int p = GLOBAL_ID(0);
    if (p >= OH * OW) {
        return;
    }
    GLOBAL const real *plane = x + x_off + GROUP_ID(2) * x_sn + (long)GROUP_ID(1) * H * W;
    int top = p / OW * row_step + row_first;
    int left = p % OW * col_step + col_first;
    int bottom = min(top + KH, H + row_pad);
    int right = min(left + KW, W + col_pad);
    const int padded = (bottom - top) * (right - left);
    top = max(top, 0);
    left = max(left, 0);
    bottom = min(bottom, H);
    right = min(right, W);
    float sum = 0.0f;
    for (int i = top; i < bottom; i++) {
        for (int j = left; j < right; j++) {
            sum += LOAD(plane, i * W + j);
        }
    }
    const int count = INCLUDE_PAD ? padded : (bottom - top) * (right - left);
    STORE(y, y_off + GROUP_ID(2) * y_sn + (long)GROUP_ID(1) * OH * OW + p,
            top >= bottom || left >= right ? 0.0f : sum / (float)count);
}
