// Connected components of masks: their labels in raster order of their first pixels, and their areas.
//
// One group labels a mask. A work-item joins the pixels of some rows to trees that lead to the first pixel of each
// (union by the lower index; Tarjan 1975, with halved paths); then, in log2(GROUP) rounds, every other work-item joins
// its trees with those of the rows below. Each round's trees belong to one work-item alone, so that nothing is atomic.
// A root then takes its component's number: roots are first pixels, and rows are in order.
//
//   parent[i] ≥ 0: the pixel that i hangs from, a root hangs from itself; −1: outside; −1 − n: root of component n.
//   CORNERS 1: pixels that share a corner touch; 0: only those that share an edge.
//
// Shapes  x, labels, parent, size (B, H, W); areas (B, most + 1), the first that of label 0, zeros after the last label.
// Launch  a work-group for each mask.
// Parameters: GROUP work-items of a group, a power of 2.
// FLOPs   none; about 8 integer steps a pixel
// Bytes   the mask once, its trees about eight times

#ifndef CORNERS
#define CORNERS 1
#endif
#ifndef GROUP
#define GROUP 128
#endif

DEVICE int components_root(GLOBAL int *parent, int i) {
    int up = parent[i];
    while (up != i) {
        const int next = parent[up];
        parent[i] = next;
        i = next;
        up = parent[i];
    }
    return i;
}

DEVICE void components_join(GLOBAL int *parent, GLOBAL int *size, int i, int j) {
    const int a = components_root(parent, i);
    const int b = components_root(parent, j);
    if (a != b) {
        const int low = a < b ? a : b;
        const int high = a < b ? b : a;
        parent[high] = low;
        size[low] += size[high];
    }
}

// Joins pixel i in column c with those of the row above that touch it. What touches the middle one is joined already.
DEVICE void components_join_above(GLOBAL int *parent, GLOBAL int *size, int i, int c, int W) {
    const int above = i - W;
    if (parent[above] >= 0) {
        components_join(parent, size, i, above);
    } else if (CORNERS) {
        if (c > 0 && parent[above - 1] >= 0) {
            components_join(parent, size, i, above - 1);
        }
        if (c < W - 1 && parent[above + 1] >= 0) {
            components_join(parent, size, i, above + 1);
        }
    }
}

KERNEL components(
        GLOBAL const uchar *RESTRICT x, long x_off, GLOBAL int *RESTRICT labels, long labels_off,
        GLOBAL int *RESTRICT areas, long areas_off, GLOBAL int *RESTRICT parent, long parent_off,
        GLOBAL int *RESTRICT size, long size_off, int H, int W, int most) {
    LOCAL int roots[GROUP];
    LOCAL int inside[GROUP];
    const int t = LOCAL_ID(0);
    const int pixels = H * W;
    const long first = (long)GROUP_ID(1) * pixels;
    const long area = areas_off + (long)GROUP_ID(1) * (most + 1);
    GLOBAL int *p = parent + parent_off + first;
    GLOBAL int *s = size + size_off + first;
    const int rows = (H + GROUP - 1) / GROUP;
    const int top = t * rows < H ? t * rows : H;
    const int bottom = top + rows < H ? top + rows : H;
    for (int y = top; y < bottom; y++) {
        for (int c = 0; c < W; c++) {
            const int i = y * W + c;
            if (x[x_off + first + i] == 0) {
                p[i] = -1;
                continue;
            }
            p[i] = i;
            s[i] = 1;
            if (c > 0 && p[i - 1] >= 0) {
                components_join(p, s, i, i - 1);
            }
            if (y > top) {
                components_join_above(p, s, i, c, W);
            }
        }
    }
    for (int step = 1; step < GROUP; step *= 2) {
        BARRIER_ALL();
        const int y = (t + step) * rows;
        if (t % (2 * step) == 0 && y < H) {
            for (int c = 0; c < W; c++) {
                if (p[y * W + c] >= 0) {
                    components_join_above(p, s, y * W + c, c, W);
                }
            }
        }
    }
    for (int k = t; k <= most; k += GROUP) {
        areas[area + k] = 0;
    }
    BARRIER_ALL();
    int found = 0;
    int sum = 0;
    for (int i = top * W; i < bottom * W; i++) {
        if (p[i] == i) {
            found++;
            sum += s[i];
        }
    }
    roots[t] = found;
    inside[t] = sum;
    BARRIER_ALL();
    int number = 0;
    int others = pixels;
    for (int k = 0; k < GROUP; k++) {
        number += k < t ? roots[k] : 0;
        others -= inside[k];
    }
    if (t == 0) {
        areas[area] = others;
    }
    for (int i = top * W; i < bottom * W; i++) {
        if (p[i] == i) {
            number++;
            areas[area + number] = s[i];
            p[i] = -1 - number;
        }
    }
    BARRIER_ALL();
    for (int k = t; k < pixels; k += GROUP) {
        int up = p[k];
        while (up >= 0) {
            up = p[up];
        }
        labels[labels_off + first + k] = -1 - up;
    }
}
