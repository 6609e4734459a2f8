// NV12 frames to RGB planes in 0 ... 1, clamped; each pair of chroma samples serves four pixels.
//
//   L = luma_scale · (Y − luma_zero), B = chroma_scale · (Cb − 128), R = chroma_scale · (Cr − 128)
//   red = L + red_cr · R, green = L + green_cb · B + green_cr · R, blue = L + blue_cb · B
//
// Shapes x: N frames, x_sn apart, of H rows of luma and H / 2 of chroma, W bytes each; y: N images, y_sn apart, of
//        (3, H, W).
// Launch a work-item for each pixel, a row of groups for each frame.
// FLOPs  12 · N · H · W
// Bytes  x and y once

#ifndef GROUP
#define GROUP 128
#endif

DEVICE float unit(float v) {
    return v < 0.0f ? 0.0f : v > 1.0f ? 1.0f : v;
}

KERNEL from_nv12(
        GLOBAL const uchar *RESTRICT x, long x_off, long x_sn, GLOBAL real *RESTRICT y, long y_off, long y_sn, int H,
        int W, float luma_zero, float luma_scale, float chroma_scale, float red_cr, float green_cb, float green_cr,
        float blue_cb) {
    const int p = GLOBAL_ID(0);
    if (p >= H * W) {
        return;
    }
    GLOBAL const uchar *frame = x + x_off + GROUP_ID(1) * x_sn;
    GLOBAL const uchar *chroma = frame + (long)(H + p / W / 2) * W + p % W / 2 * 2;
    const float luma = luma_scale * ((float)frame[p] - luma_zero);
    const float cb = chroma_scale * ((float)chroma[0] - 128.0f);
    const float cr = chroma_scale * ((float)chroma[1] - 128.0f);
    const long at = y_off + GROUP_ID(1) * y_sn + p;
    STORE(y, at, unit(FMA(red_cr, cr, luma)));
    STORE(y, at + (long)H * W, unit(FMA(green_cb, cb, FMA(green_cr, cr, luma))));
    STORE(y, at + 2 * (long)H * W, unit(FMA(blue_cb, cb, luma)));
}
