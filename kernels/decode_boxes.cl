// Boxes from reference boxes and deltas, clamped to the image (Girshick et al. 2014, appendix C).
//
//   along x, with w = x1 − x0 of the reference:  c = x0 + w / 2 + dx / wx · w,  h = e^min(dw / ww, most) · w / 2
//   y = (clamp(c − h, 0, width), clamp(c + h, 0, width)),  likewise along y; NaN stays NaN
//
// Shapes  boxes, deltas, y: `total` rows of 4. HAS_COUNT: row i is valid if i / per % extent < count[i / per / extent].
//         PICKED: row i is of box[i] among R boxes and of the last four of delta[i] among D rows of `columns`; one out of range
//         raises an error, and its box isn't written.
// Launch  a work-item for each row.
// Parameters: GROUP work-items of a group.
// FLOPs   30 for each row
// Bytes   each once

#ifndef HAS_COUNT
#define HAS_COUNT 0
#endif
#ifndef PICKED
#define PICKED 0
#endif
#ifndef GROUP
#define GROUP 64
#endif

DEVICE float decode_edge(float v, float most) {
    return v < 0.0f ? 0.0f : v > most ? most : v;
}

KERNEL decode_boxes(
        GLOBAL const real *RESTRICT boxes, long boxes_off, GLOBAL const real *RESTRICT deltas, long deltas_off,
        GLOBAL real *RESTRICT y, long y_off, GLOBAL const int *RESTRICT count, long count_off,
        GLOBAL const int *RESTRICT box, long box_off, GLOBAL const int *RESTRICT delta, long delta_off, GLOBAL int *errors,
        int node, int total, int extent, int per, int R, int D, int columns, float wx, float wy, float ww, float wh,
        float most, float height, float width) {
    const int i = GLOBAL_ID(0);
    if (i >= total) {
        return;
    }
    if (HAS_COUNT) {
        if (i / per % extent >= count[count_off + i / per / extent]) {
            return;
        }
    }
    long at = boxes_off + 4L * i;
    long by = deltas_off + 4L * i;
    if (PICKED) {
        const int j = box[box_off + i];
        const int k = delta[delta_off + i];
        if (j < 0 || j >= R || k < 0 || k >= D) {
            RAISE(errors, ERROR_INDEX, node, j < 0 || j >= R ? j : k)
            return;
        }
        at = boxes_off + 4L * j;
        by = deltas_off + (k + 1L) * columns - 4;
    }
    for (int axis = 0; axis < 2; axis++) {
        const float low = LOAD(boxes, at + axis);
        const float side = LOAD(boxes, at + axis + 2) - low;
        const float shift = LOAD(deltas, by + axis) / (axis == 0 ? wx : wy);
        float growth = LOAD(deltas, by + axis + 2) / (axis == 0 ? ww : wh);
        growth = growth > most ? most : growth;
        const float centre = shift * side + (low + 0.5f * side);
        const float half_side = 0.5f * (exp(growth) * side);
        const float largest = axis == 0 ? width : height;
        STORE(y, y_off + 4L * i + axis, decode_edge(centre - half_side, largest));
        STORE(y, y_off + 4L * i + axis + 2, decode_edge(centre + half_side, largest));
    }
}
