// Greedy suppression of boxes that overlap a better one of their group; boxes come in descending order of score.
//
// A group takes GROUP boxes at a time: each is compared with all that are kept already, UNROLL at once; then, in order, each
// that is left drops those after it in the tile; then the first work-item adds what is left to the kept ones, until `most` are.
// A box with a side below min_side or a NaN edge takes no part.
//
// Shapes  boxes (B, M, 4); groups (B, M), or (M) with groups_step 0; kept (B, most), ascending; found (B).
//         HAS_COUNT: the first count[b] boxes are valid.
// Launch  a work-group for each b.
// Parameters: GROUP work-items of a group; STAGE kept boxes copied to local memory at a time, 0: each work-item reads them
//   where they lie; UNROLL kept boxes compared before it is asked whether one of them drops the box.
// FLOPs   B · M · most · 16 at most
// Bytes   boxes and groups once, kept boxes from a cache

#ifndef HAS_COUNT
#define HAS_COUNT 0
#endif
#ifndef GROUP
#define GROUP 64
#endif
#ifndef STAGE
#define STAGE 0
#endif
#ifndef UNROLL
#define UNROLL 1
#endif

#if STAGE > 0
#define OTHERS STAGE
#else
#define OTHERS M
#endif

// Whether the IoU of two boxes is above the threshold.
DEVICE int overlap(
        float left, float top, float right, float bottom, float x0, float y0, float x1, float y1, float threshold) {
    const float w = fmax(0.0f, fmin(right, x1) - fmax(left, x0));
    const float h = fmax(0.0f, fmin(bottom, y1) - fmax(top, y0));
    const float both = w * h;
    const float all = (right - left) * (bottom - top) + (x1 - x0) * (y1 - y0) - both;
    return both / all > threshold;
}

KERNEL nms(
        GLOBAL const real *RESTRICT boxes, long boxes_off, GLOBAL const int *RESTRICT groups, long groups_off,
        GLOBAL int *kept, long kept_off, GLOBAL int *RESTRICT found, long found_off,
        GLOBAL const int *RESTRICT count, long count_off, int M, int groups_step, int most, float threshold,
        float min_side) {
    LOCAL float left[GROUP];
    LOCAL float top[GROUP];
    LOCAL float right[GROUP];
    LOCAL float bottom[GROUP];
    LOCAL int kind[GROUP];
    LOCAL int stays[GROUP];
#if STAGE > 0
    LOCAL float kept_left[STAGE];
    LOCAL float kept_top[STAGE];
    LOCAL float kept_right[STAGE];
    LOCAL float kept_bottom[STAGE];
    LOCAL int kept_kind[STAGE];
#endif
    LOCAL int total;
    const int t = LOCAL_ID(0);
    const int b = GROUP_ID(1);
    const long first = boxes_off + 4L * b * M;
    const long first_group = groups_off + (long)b * groups_step;
    const long to = kept_off + (long)b * most;
    int n = M;
    if (HAS_COUNT) {
        n = count[count_off + b];
    }
    if (t == 0) {
        total = 0;
    }
    BARRIER();
    int so_far = 0;
    for (int base = 0; base < n && so_far < most; base += GROUP) {
        const int i = base + t;
        int ok = 0;
        if (i < n) {
            left[t] = LOAD(boxes, first + 4L * i);
            top[t] = LOAD(boxes, first + 4L * i + 1);
            right[t] = LOAD(boxes, first + 4L * i + 2);
            bottom[t] = LOAD(boxes, first + 4L * i + 3);
            kind[t] = groups[first_group + i];
            ok = right[t] - left[t] >= min_side && bottom[t] - top[t] >= min_side;
        }
        // The first round is with the kept boxes, the others with one box of the tile each.
        for (int from = 0; from < so_far; from += OTHERS) {
            const int others = min(OTHERS, so_far - from);
#if STAGE > 0
            for (int k = t; k < others; k += GROUP) {
                const int j = kept[to + from + k];
                kept_left[k] = LOAD(boxes, first + 4L * j);
                kept_top[k] = LOAD(boxes, first + 4L * j + 1);
                kept_right[k] = LOAD(boxes, first + 4L * j + 2);
                kept_bottom[k] = LOAD(boxes, first + 4L * j + 3);
                kept_kind[k] = groups[first_group + j];
            }
            BARRIER();
#endif
            for (int k = 0; ok && k < others; k += UNROLL) {
                #pragma unroll
                for (int e = 0; e < UNROLL; e++) {
                    const int l = min(k + e, others - 1);
#if STAGE > 0
                    const int same = kept_kind[l] == kind[t];
                    ok &= !(same && overlap(left[t], top[t], right[t], bottom[t], kept_left[l], kept_top[l],
                            kept_right[l], kept_bottom[l], threshold));
#else
                    const int j = kept[to + l];
                    const int same = groups[first_group + j] == kind[t];
                    ok &= !(same && overlap(left[t], top[t], right[t], bottom[t], LOAD(boxes, first + 4L * j),
                            LOAD(boxes, first + 4L * j + 1), LOAD(boxes, first + 4L * j + 2),
                            LOAD(boxes, first + 4L * j + 3), threshold));
#endif
                }
            }
#if STAGE > 0
            BARRIER();
#endif
        }
        stays[t] = ok;
        BARRIER();
        for (int s = 0; s < GROUP - 1; s++) {
            if (t > s && stays[s] && stays[t] && kind[s] == kind[t] && overlap(left[t], top[t], right[t], bottom[t], left[s],
                    top[s], right[s], bottom[s], threshold)) {
                stays[t] = 0;
            }
            BARRIER();
        }
        if (t == 0) {
            int at = total;
            for (int s = 0; s < GROUP && at < most; s++) {
                if (stays[s]) {
                    kept[to + at] = base + s;
                    at++;
                }
            }
            total = at;
        }
        BARRIER_ALL();
        so_far = total;
        BARRIER();
    }
    if (t == 0) {
        found[found_off + b] = total;
    }
}
