// Confusion matrices from the parts that confusion has counted.
//
// Shapes  x (B, parts, bins), y (B, bins) of 64 bits; bins = K · K.
// Launch  a work-item for each bin, a row of groups for each image.
// FLOPs   B · parts · bins
// Bytes   x and y once

#ifndef GROUP
#define GROUP 64
#endif

KERNEL confusion_total(
        GLOBAL const int *RESTRICT x, long x_off, GLOBAL long *RESTRICT y, long y_off, int parts, int bins) {
    const int i = GLOBAL_ID(0);
    const long image = GROUP_ID(1);
    if (i >= bins) {
        return;
    }
    long sum = 0;
    for (int p = 0; p < parts; p++) {
        sum += x[x_off + (image * parts + p) * bins + i];
    }
    y[y_off + image * bins + i] = sum;
}
