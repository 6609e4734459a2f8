// Mean of bilinear samples in each cell of a grid over each box, from the level of a pyramid that suits the box's size
// (He et al. 2017, section 3; Lin et al. 2017, equation 1; torchvision's roi_align and LevelMapper).
//
//   level = clamp(floor(canonical + log2(sqrt(w · h) / side + inner) + outer) − first_level, 0, levels − 1)
//   y[r, c, p, q] = mean over s, t of sample(x_level[c], top + p · ch + (s + ½) · ch / n,
//                                            left + q · cw + (t + ½) · cw / m)
//
// A sample more than a pixel outside the map is 0, others are clamped to it. `aligned` shifts coordinates by half a
// pixel; otherwise a box is at least a pixel wide and high. `samples` along each axis of a cell, or ⌈cell side⌉ if 0,
// and then none of a cell longer than LONGEST_CELL. SAMPLES is their number where kernels are made for it, else 0.
//
// Shapes  boxes (B, R, 4); x0 … x4 (B, C, H, W), `levels` of them; y (B, R, C, ROWS, COLUMNS). HAS_COUNT: the first
//         count[b] boxes are valid. `sizes` has H and W, `scales` the scale of each level.
// Launch  a work-item for each cell of y.
// Parameters: GROUP work-items of a group.
// FLOPs   B · R · C · ROWS · COLUMNS · samples² · 10
// Bytes   y once; the maps from a cache

#ifndef SAMPLES
#define SAMPLES 0
#define HAS_COUNT 0
#endif
#ifndef GROUP
#define GROUP 64
#endif

#define LONGEST_CELL 16384.0f

KERNEL roi_align(
        GLOBAL const float *RESTRICT boxes, long boxes_off, GLOBAL const real *RESTRICT x0, long x0_off,
        GLOBAL const real *RESTRICT x1, long x1_off, GLOBAL const real *RESTRICT x2, long x2_off,
        GLOBAL const real *RESTRICT x3, long x3_off, GLOBAL const real *RESTRICT x4, long x4_off,
        GLOBAL real *RESTRICT y, long y_off, GLOBAL const int *RESTRICT count, long count_off,
        GLOBAL const int *RESTRICT sizes, GLOBAL const float *RESTRICT scales, int R, int C, int rows, int columns,
        float side, float canonical, float inner, float outer, int first_level,
        int levels, int aligned, int samples) {
    const int e = GLOBAL_ID(0);
    const int r = GROUP_ID(1);
    const int b = GROUP_ID(2);
    if (e >= C * rows * columns) {
        return;
    }
    if (HAS_COUNT) {
        if (r >= count[count_off + b]) {
            return;
        }
    }
    const long box = boxes_off + 4L * (b * R + r);
    const float bx0 = boxes[box];
    const float by0 = boxes[box + 1];
    const float bx1 = boxes[box + 2];
    const float by1 = boxes[box + 3];
    const float wanted = floor(canonical + log2(sqrt((bx1 - bx0) * (by1 - by0)) / side + inner) + outer)
            - (float)first_level;
    int level = 0;
    if (wanted > 0.0f) {
        level = wanted < (float)(levels - 1) ? (int)wanted : levels - 1;
    }
    const int H = sizes[2 * level];
    const int W = sizes[2 * level + 1];
    const float scale = scales[level];
    const int q = e % columns;
    const int p = e / columns % rows;
    const int c = e / columns / rows;
    GLOBAL const real *map = level == 0 ? x0 + x0_off : level == 1 ? x1 + x1_off : level == 2 ? x2 + x2_off
            : level == 3 ? x3 + x3_off : x4 + x4_off;
    map += ((long)b * C + c) * H * W;
    const float shift = aligned ? 0.5f : 0.0f;
    const float left = bx0 * scale - shift;
    const float top = by0 * scale - shift;
    float w = bx1 * scale - shift - left;
    float h = by1 * scale - shift - top;
    if (!aligned) {
        w = w < 1.0f ? 1.0f : w; // NaN stays, so that no sample lies within the map
        h = h < 1.0f ? 1.0f : h;
    }
    w /= (float)columns;
    h /= (float)rows;
    const int fixed = SAMPLES > 0 ? SAMPLES : samples;
    const int down = fixed > 0 ? fixed : h > 0.0f && h <= LONGEST_CELL ? (int)ceil(h) : 0;
    const int across = fixed > 0 ? fixed : w > 0.0f && w <= LONGEST_CELL ? (int)ceil(w) : 0;
    float sum = 0.0f;
    for (int s = 0; s < down; s++) {
        const float row = top + (float)p * h + ((float)s + 0.5f) * h / (float)down;
        if (!(row >= -1.0f && row <= (float)H)) {
            continue;
        }
        const float a = row < 0.0f ? 0.0f : row > (float)(H - 1) ? (float)(H - 1) : row;
        const int i = (int)a;
        const float below = a - (float)i;
        GLOBAL const real *upper = map + (long)i * W;
        GLOBAL const real *lower = map + (long)(i + 1 < H ? i + 1 : H - 1) * W;
        for (int t = 0; t < across; t++) {
            const float column = left + (float)q * w + ((float)t + 0.5f) * w / (float)across;
            if (!(column >= -1.0f && column <= (float)W)) {
                continue;
            }
            const float d = column < 0.0f ? 0.0f : column > (float)(W - 1) ? (float)(W - 1) : column;
            const int j = (int)d;
            const int k = j + 1 < W ? j + 1 : W - 1;
            const float beside = d - (float)j;
            sum += (1.0f - below) * ((1.0f - beside) * LOAD(upper, j) + beside * LOAD(upper, k))
                    + below * ((1.0f - beside) * LOAD(lower, j) + beside * LOAD(lower, k));
        }
    }
    const int taken = down * across;
    STORE(y, y_off + ((long)(b * R + r) * C * rows + (long)c * rows + p) * columns + q,
            sum / (float)(taken > 1 ? taken : 1));
}
