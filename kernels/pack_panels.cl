// Lays a computed convolution weight out as conv2d reads it. Weights of a file are laid out by the host when they are
// loaded.
//
//   y[g, panel, u, v, c, m] = w[g·w_group + (panel·tile + m)·w_o + c·w_c + tap_first + u·tap_row + v·tap_col],
//   0 past O
//
// Shapes  y (groups, ceil(O / tile), KH, KW, C, tile), dense; (groups, ceil(O / tile), C, KH, KW, tile) with
//         taps_inner.
// Launch  a work-item for each element.
// FLOPs   none
// Bytes   w and y once

KERNEL pack_panels(
        GLOBAL const real *RESTRICT w, long w_off, GLOBAL real *RESTRICT y, long y_off, int groups, int O, int C,
        int KH, int KW, int w_group, int w_o, int w_c, int tap_first, int tap_row, int tap_col, int tile,
        int taps_inner) {
    const int i = GLOBAL_ID(0);
    const int panels = (O + tile - 1) / tile;
    if (i >= groups * panels * KH * KW * C * tile) {
        return;
    }
    const int taps = KH * KW;
    const int term = i / tile % (taps * C);
    const int c = taps_inner ? term / taps : term % C;
    const int tap = taps_inner ? term % taps : term / C;
    const int panel = i / tile / (taps * C) % panels;
    const int group = i / tile / (taps * C) / panels;
    const int o = panel * tile + i % tile;
    const long from = (long)group * w_group + (long)o * w_o + (long)c * w_c + tap_first + tap / KW * tap_row
            + tap % KW * tap_col;
    STORE(y, y_off + i, o < O ? LOAD(w, w_off + from) : 0.0f);
}
