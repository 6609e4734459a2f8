// Which later boxes each box suppresses if it is kept: the bits that `nms_bits` goes over.
//
//   bit j of row i: j > i, of i's group, with an IoU above the threshold; bit i: box i takes no part, as nms.cl says.
//
// Shapes  boxes (B, M, 4); groups (B, M), or (M) with groups_step 0; bits (B, M, ⌈M / 32⌉) words, the first box in the
//         highest bit. HAS_COUNT: the first count[b] boxes are valid, and rows and words of no valid box aren't written;
//         nor are tiles of TILE × TILE boxes below the diagonal.
// Launch  a group for TILE boxes × TILE others of each b, a work-item for each box and word.
// Parameters: TILE.
// FLOPs   B · M² / 2 · 16
// Bytes   boxes and groups once for each TILE boxes, the bits above the diagonal once

#ifndef HAS_COUNT
#define HAS_COUNT 0
#endif
#ifndef TILE
#define TILE 64
#endif
#include "bit_rows.h"

KERNEL suppressions(
        GLOBAL const real *RESTRICT boxes, long boxes_off, GLOBAL const int *RESTRICT groups, long groups_off,
        GLOBAL int *RESTRICT bits, long bits_off, GLOBAL const int *RESTRICT count, long count_off, int M, int groups_step,
        float threshold, float min_side) {
    LOCAL float left[TILE];
    LOCAL float top[TILE];
    LOCAL float right[TILE];
    LOCAL float bottom[TILE];
    LOCAL int kind[TILE];
    const int t = LOCAL_ID(0);
    const int b = GROUP_ID(2);
    const int i = GROUP_ID(1) * TILE + t % TILE;
    const int others = GROUP_ID(0) * TILE;
    const long first = boxes_off + 4L * b * M;
    const long first_group = groups_off + (long)b * groups_step;
    int n = M;
    if (HAS_COUNT) {
        n = count[count_off + b];
    }
    const int counts = GROUP_ID(0) >= GROUP_ID(1);
    if (counts && t < TILE && others + t < n) {
        left[t] = LOAD(boxes, first + 4L * (others + t));
        top[t] = LOAD(boxes, first + 4L * (others + t) + 1);
        right[t] = LOAD(boxes, first + 4L * (others + t) + 2);
        bottom[t] = LOAD(boxes, first + 4L * (others + t) + 3);
        kind[t] = groups[first_group + others + t];
    }
    BARRIER();
    const int from = t / TILE * WORD;
    if (!counts || i >= n || others + from >= n) {
        return;
    }
    const float x0 = LOAD(boxes, first + 4L * i);
    const float y0 = LOAD(boxes, first + 4L * i + 1);
    const float x1 = LOAD(boxes, first + 4L * i + 2);
    const float y1 = LOAD(boxes, first + 4L * i + 3);
    const float area = (x1 - x0) * (y1 - y0);
    const int group = groups[first_group + i];
    const int takes_part = x1 - x0 >= min_side && y1 - y0 >= min_side;
    const int end = min(from + WORD, n - others);
    uint word = 0;
    for (int s = max(from, i + 1 - others); takes_part && s < end; s++) {
        if (kind[s] == group) {
            const float w = fmax(0.0f, fmin(right[s], x1) - fmax(left[s], x0));
            const float h = fmax(0.0f, fmin(bottom[s], y1) - fmax(top[s], y0));
            const float both = w * h;
            const float all = (right[s] - left[s]) * (bottom[s] - top[s]) + area - both;
            word |= both / all > threshold ? BIT_OF(s) : 0u;
        }
    }
    if (!takes_part && i >= others + from && i < others + end) {
        word = BIT_OF(i);
    }
    const int words = (M + WORD - 1) / WORD;
    bits[bits_off + ((long)b * M + i) * words + (others + from) / WORD] = (int)word;
}
