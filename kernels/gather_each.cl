// y_k[i] = x_k[index[i]] for up to three tensors: `gather` of words of four bytes, with the same indices and counts.
//
// Shapes  x_k: R_k rows of row_k words; index: I; y_k: I rows. HAS_ROWS, HAS_COUNT and errors as gather.cl has them.
// Launch  a work-item for each word of the longest rows, a row of groups for each tensor.
// FLOPs   none
// Bytes   each row that is picked twice, the indices once for each tensor

#ifndef HAS_ROWS
#define HAS_ROWS 0
#define HAS_COUNT 0
#endif
#ifndef GROUP
#define GROUP 64
#endif

KERNEL gather_each(
        GLOBAL const int *x0, long x0_off, GLOBAL const int *x1, long x1_off, GLOBAL const int *x2, long x2_off,
        GLOBAL const int *index, long index_off, GLOBAL int *y0, long y0_off, GLOBAL int *y1, long y1_off, GLOBAL int *y2,
        long y2_off, GLOBAL const int *rows, long rows_off, GLOBAL const int *count, long count_off, GLOBAL int *errors,
        int node, int R0, int R1, int R2, int row0, int row1, int row2, int I, int extent, int spread) {
    const int t = GROUP_ID(1);
    const int row = t == 0 ? row0 : t == 1 ? row1 : row2;
    const int e = GLOBAL_ID(0) % row;
    const int i = GLOBAL_ID(0) / row;
    if (i >= I) {
        return;
    }
    if (HAS_COUNT && i / spread % extent >= count[count_off + i / spread / extent]) {
        return;
    }
    const int R = t == 0 ? R0 : t == 1 ? R1 : R2;
    const int k = index[index_off + i];
    if (k < 0 || k >= (HAS_ROWS ? rows[rows_off] : R)) {
        RAISE(errors, ERROR_INDEX, node, k)
        return;
    }
    GLOBAL const int *x = t == 0 ? x0 + x0_off : t == 1 ? x1 + x1_off : x2 + x2_off;
    GLOBAL int *y = t == 0 ? y0 + y0_off : t == 1 ? y1 + y1_off : y2 + y2_off;
    y[(long)i * row + e] = x[(long)k * row + e];
}
