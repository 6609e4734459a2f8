// Interleaved samples to planes in 0 ... 1: y[n, k, p] = x[n, p, channels[k]] / FULL, correctly rounded.
//
// X_T: uchar or ushort; FULL: 255 or 65535. LUMA: one plane of ITU-R 601 luma from the first three channels,
// (19595 R + 38470 G + 7471 B + 32768) >> 16.
// Shapes x: N images, x_sn apart, of (pixels, C); y: N images, y_sn apart, of (planes, pixels); channels (3 or planes).
// Launch a work-item for each pixel of a plane, a row of groups for each plane and image.
// FLOPs  4 · N · planes · pixels
// Bytes  x and y once

#ifndef X_T
#define X_T uchar
#define FULL 255
#define LUMA 0
#endif
#ifndef GROUP
#define GROUP 128
#endif

KERNEL from_pixels(
        GLOBAL const X_T *RESTRICT x, long x_off, long x_sn, GLOBAL const int *RESTRICT channels,
        GLOBAL real *RESTRICT y, long y_off, long y_sn, int pixels, int C) {
    const int p = GLOBAL_ID(0);
    if (p >= pixels) {
        return;
    }
    GLOBAL const X_T *pixel = x + x_off + GROUP_ID(2) * x_sn + (long)p * C;
#if LUMA
    const uint sum = 19595u * pixel[channels[0]] + 38470u * pixel[channels[1]] + 7471u * pixel[channels[2]];
    const uint sample = (sum + 32768u) >> 16;
#else
    const uint sample = pixel[channels[GROUP_ID(1)]];
#endif
    // The product with the rounded reciprocal, then the rest of the division: right in every bit where / needn't be.
    const float v = (float)sample;
    const float rough = v * (1.0f / FULL);
    const float quotient = FMA(FMA(-rough, (float)FULL, v), 1.0f / FULL, rough);
    STORE(y, y_off + GROUP_ID(2) * y_sn + (long)GROUP_ID(1) * pixels + p, quotient);
}
