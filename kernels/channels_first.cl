// An image that lies channel by channel, laid out plane by plane, without what fills up its channels.
//
//   y[n, c, p] = x[n, p, c]
//
// Shapes   x (N, pixels, C padded to 8), y (N, C, pixels)
// Launch   a group for each 32 pixels × 32 channels of each n: read channel by channel, written pixel by pixel.
// Parameters: none
// FLOPs    0
// Bytes    x and y once

#define TILE 32
#define GROUP 256

KERNEL channels_first(
        GLOBAL const real *RESTRICT x, long x_off, long x_sn, GLOBAL real *RESTRICT y, long y_off, long y_sn, int C,
        int pixels) {
    LOCAL float tile[TILE][TILE + 1];
    const int item = LOCAL_ID(0);
    const int pixel0 = GROUP_ID(0) * TILE;
    const int channel0 = GROUP_ID(1) * TILE;
    const int padded = (C + 7) / 8 * 8;
    const int channels = min(TILE, C - channel0);
    GLOBAL const real *from = x + x_off + GROUP_ID(2) * x_sn;
    const int lane = item % TILE;
    for (int p = item / TILE; p < TILE; p += GROUP / TILE) {
        if (lane < channels) {
            tile[lane][p] = pixel0 + p < pixels ? LOAD(from, (long)(pixel0 + p) * padded + channel0 + lane) : 0.0f;
        }
    }
    BARRIER();
    for (int c = item / TILE; c < channels; c += GROUP / TILE) {
        const int pixel = pixel0 + item % TILE;
        if (pixel < pixels) {
            STORE(y, y_off + GROUP_ID(2) * y_sn + (long)(channel0 + c) * pixels + pixel, tile[c][item % TILE]);
        }
    }
}
