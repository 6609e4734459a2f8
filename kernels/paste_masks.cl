// Small masks laid over their boxes in the image, eight pixels a byte, the first in the highest bit.
//
//   EXACT 0: the mask with a border of zeros, resized bilinearly to the grown box in whole pixels; above the threshold
//            (torchvision's paste_masks_in_image)
//   EXACT 1: the mask sampled bilinearly at the pixel's centre, zeros around it; at least the threshold (Detectron2's)
//
// Shapes  masks (B, D, P, P), boxes (B, D, 4), y (B, D, bytes) of H · W bits. HAS_COUNT: the first count[b] are valid.
// Launch  a work-item for each byte.
// Parameters: GROUP work-items of a group.
// FLOPs   B · D · bytes · 8 · 20
// Bytes   y once

#ifndef EXACT
#define EXACT 0
#define HAS_COUNT 0
#endif
#ifndef GROUP
#define GROUP 128
#endif

DEVICE float paste_at(GLOBAL const real *m, int P, int i, int j) {
    return i < 0 || i >= P || j < 0 || j >= P ? 0.0f : LOAD(m, i * P + j);
}

KERNEL paste_masks(
        GLOBAL const real *RESTRICT masks, long masks_off, GLOBAL const real *RESTRICT boxes, long boxes_off,
        GLOBAL uchar *RESTRICT y, long y_off, GLOBAL const int *RESTRICT count, long count_off, int D, int P, int H,
        int W, int row_bytes, float threshold) {
    const int e = GLOBAL_ID(0);
    const int d = GROUP_ID(1);
    const int b = GROUP_ID(2);
    if (e >= row_bytes) {
        return;
    }
    if (HAS_COUNT) {
        if (d >= count[count_off + b]) {
            return;
        }
    }
    const long box = boxes_off + 4L * (b * D + d);
    float x0 = LOAD(boxes, box);
    float y0 = LOAD(boxes, box + 1);
    float x1 = LOAD(boxes, box + 2);
    float y1 = LOAD(boxes, box + 3);
    GLOBAL const real *m = masks + masks_off + (long)(b * D + d) * P * P;
    const float grown = ((float)P + 2.0f) / (float)P;
    const float cx = (x1 + x0) * 0.5f;
    const float cy = (y1 + y0) * 0.5f;
    const float half_w = (x1 - x0) * 0.5f * grown;
    const float half_h = (y1 - y0) * 0.5f * grown;
    const int left = (int)(cx - half_w);
    const int top = (int)(cy - half_h);
    const int right = (int)(cx + half_w);
    const int bottom = (int)(cy + half_h);
    const float step_x = ((float)P + 2.0f) / (float)(right - left + 1 > 1 ? right - left + 1 : 1);
    const float step_y = ((float)P + 2.0f) / (float)(bottom - top + 1 > 1 ? bottom - top + 1 : 1);
    const float most = (float)(P + 1);
    int bits = 0;
    for (int k = 0; k < 8; k++) {
        const long pixel = 8L * e + k;
        const int i = (int)(pixel / W);
        const int j = (int)(pixel % W);
        if (i >= H || !(x0 + y0 + x1 + y1 == x0 + y0 + x1 + y1)) {
            break;
        }
        float row;
        float column;
        if (EXACT) {
            row = ((float)i + 0.5f - y0) / (y1 - y0) * (float)P - 0.5f;
            column = ((float)j + 0.5f - x0) / (x1 - x0) * (float)P - 0.5f;
            if (!(row > -1.0f && row < (float)P && column > -1.0f && column < (float)P)) {
                continue;
            }
        } else {
            if (j < left || j > right || i < top || i > bottom) {
                continue;
            }
            row = ((float)(i - top) + 0.5f) * step_y - 0.5f;
            column = ((float)(j - left) + 0.5f) * step_x - 0.5f;
            // The border of zeros puts the mask's first cell at 1.
            row = (row < 0.0f ? 0.0f : row > most ? most : row) - 1.0f;
            column = (column < 0.0f ? 0.0f : column > most ? most : column) - 1.0f;
        }
        const int a = (int)floor(row);
        const int c = (int)floor(column);
        const float below = row - (float)a;
        const float beside = column - (float)c;
        const float v = (1.0f - below) * ((1.0f - beside) * paste_at(m, P, a, c) + beside * paste_at(m, P, a, c + 1))
                + below * ((1.0f - beside) * paste_at(m, P, a + 1, c) + beside * paste_at(m, P, a + 1, c + 1));
        if (EXACT ? v >= threshold : v > threshold) {
            bits |= 0x80 >> k;
        }
    }
    y[y_off + (long)(b * D + d) * row_bytes + e] = (uchar)bits;
}
