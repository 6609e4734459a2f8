// Largest value of each window; the padding is -inf and a NaN wins (torch.nn.functional.max_pool2d).
//
//   y[n, c, i, j] = max over u < KH, v < KW of x[n, c, i·row_step + row_first + u·row_tap,
//                                                     j·col_step + col_first + v·col_tap]
//
// Shapes  x (N, C, H, W), y (N, C, OH, OW), NCHW; row_first and col_first are −padding.
// Launch  a work-item for each pixel of a plane, a row of groups for each c and n.
// Parameters: GROUP work-items of a group.
// FLOPs   N · C · OH · OW · KH · KW comparisons
// Bytes   x and y once

#ifndef GROUP
#define GROUP 128
#endif

KERNEL max_pool2d(
        GLOBAL const real *RESTRICT x, long x_off, long x_sn, GLOBAL real *RESTRICT y, long y_off, long y_sn, int H,
        int W, int OH, int OW, int KH, int KW, int row_first, int col_first, int row_step, int col_step, int row_tap,
        int col_tap) {
    const int p = GLOBAL_ID(0);
    if (p >= OH * OW) {
        return;
    }
    GLOBAL const real *plane = x + x_off + GROUP_ID(2) * x_sn + (long)GROUP_ID(1) * H * W;
    const int row = p / OW * row_step + row_first;
    const int col = p % OW * col_step + col_first;
    float best = AS_FLOAT(0xff800000);
    for (int u = 0; u < KH; u++) {
        const int i = row + u * row_tap;
        for (int v = 0; v < KW; v++) {
            const int j = col + v * col_tap;
            if (i >= 0 && i < H && j >= 0 && j < W) {
                const float f = LOAD(plane, i * W + j);
                best = f > best || f != f ? f : best;
            }
        }
    }
    STORE(y, y_off + GROUP_ID(2) * y_sn + (long)GROUP_ID(1) * OH * OW + p, best);
}
