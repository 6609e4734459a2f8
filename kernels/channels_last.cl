// An image laid out channel by channel, its channels filled up with zeros to a multiple of 8.
//
//   y[n, p, c] = x[n, c, p], c < C; 0 beyond
//
// Shapes   x (N, C, pixels), y (N, pixels, C padded to 8)
// Launch   a group for each 32 pixels × 32 channels of each n: read pixel by pixel, written channel by channel.
// Parameters: none
// FLOPs    0
// Bytes    x and y once

#define TILE 32
#define GROUP 256

KERNEL channels_last(
        GLOBAL const real *RESTRICT x, long x_off, long x_sn, GLOBAL real *RESTRICT y, long y_off, long y_sn, int C,
        int pixels) {
    LOCAL float tile[TILE][TILE + 1];
    const int item = LOCAL_ID(0);
    const int pixel0 = GROUP_ID(0) * TILE;
    const int channel0 = GROUP_ID(1) * TILE;
    const int padded = (C + 7) / 8 * 8;
    const int channels = min(TILE, padded - channel0);
    GLOBAL const real *from = x + x_off + GROUP_ID(2) * x_sn;
    for (int c = item / TILE; c < channels; c += GROUP / TILE) {
        const int pixel = pixel0 + item % TILE;
        tile[c][item % TILE] = pixel < pixels && channel0 + c < C ? LOAD(from, (long)(channel0 + c) * pixels + pixel) : 0.0f;
    }
    BARRIER();
    const int c = item % TILE;
    for (int p = item / TILE; p < TILE; p += GROUP / TILE) {
        if (pixel0 + p < pixels && c < channels) {
            STORE(y, y_off + GROUP_ID(2) * y_sn + (long)(pixel0 + p) * padded + channel0 + c, tile[c][p]);
        }
    }
}
