// Greedy suppression of boxes that overlap a better one of their group; boxes come in descending order of score.
//
// A group takes GROUP boxes at a time: each is compared with all that are kept already; then, in order, each that is
// left drops those after it in the tile; then the first work-item adds what is left to the kept ones, until `most` are.
// A box with a side below min_side or a NaN edge takes no part.
//
// Shapes  boxes (B, M, 4); groups (B, M), or (M) with groups_step 0; kept (B, most), ascending; found (B).
//         HAS_COUNT: the first count[b] boxes are valid.
// Launch  a work-group for each b.
// Parameters: GROUP work-items of a group.
// FLOPs   B · M · most · 16 at most
// Bytes   boxes and groups once, kept boxes from a cache

#ifndef HAS_COUNT
#define HAS_COUNT 0
#endif
#ifndef GROUP
#define GROUP 64
#endif

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
        for (int k = 0; ok && k < so_far; k++) {
            const int j = kept[to + k];
            if (groups[first_group + j] == kind[t]) {
                const float x0 = LOAD(boxes, first + 4L * j);
                const float y0 = LOAD(boxes, first + 4L * j + 1);
                const float x1 = LOAD(boxes, first + 4L * j + 2);
                const float y1 = LOAD(boxes, first + 4L * j + 3);
                const float w = fmax(0.0f, fmin(right[t], x1) - fmax(left[t], x0));
                const float h = fmax(0.0f, fmin(bottom[t], y1) - fmax(top[t], y0));
                const float both = w * h;
                const float all = (right[t] - left[t]) * (bottom[t] - top[t]) + (x1 - x0) * (y1 - y0) - both;
                ok = !(both / all > threshold);
            }
        }
        stays[t] = ok;
        BARRIER();
        for (int s = 0; s < GROUP - 1; s++) {
            if (t > s && stays[s] && stays[t] && kind[s] == kind[t]) {
                const float w = fmax(0.0f, fmin(right[t], right[s]) - fmax(left[t], left[s]));
                const float h = fmax(0.0f, fmin(bottom[t], bottom[s]) - fmax(top[t], top[s]));
                const float both = w * h;
                const float all = (right[t] - left[t]) * (bottom[t] - top[t])
                        + (right[s] - left[s]) * (bottom[s] - top[s]) - both;
                if (both / all > threshold) {
                    stays[t] = 0;
                }
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
