// y[i] = x[index[i]]: I rows of `row` elements picked from R.
//
// HAS_ROWS: x has a count, *rows, of its valid rows. HAS_COUNT: index has counts: element i is valid if
// i / spread % extent < count[i / spread / extent]. An index out of range raises an error; its row isn't written.
// TYPE: an integer type as wide as the elements, which are moved as they are.
#ifndef TYPE
#define TYPE int
#define HAS_ROWS 0
#define HAS_COUNT 0
#endif
#ifndef GROUP
#define GROUP 64
#endif

KERNEL gather(
        GLOBAL const TYPE *x, long x_off, GLOBAL const int *index, long index_off, GLOBAL TYPE *y, long y_off,
        GLOBAL const int *rows, long rows_off, GLOBAL const int *count, long count_off, GLOBAL int *errors, int node,
        int R, int row, int I, int extent, int spread) {
    int e = GLOBAL_ID(0) % row;
    int i = GLOBAL_ID(0) / row;
    if (i >= I) {
        return;
    }
    if (HAS_COUNT && i / spread % extent >= count[count_off + i / spread / extent]) {
        return;
    }
    int k = index[index_off + i];
    if (k < 0 || k >= (HAS_ROWS ? rows[rows_off] : R)) {
        RAISE(errors, ERROR_INDEX, node, k)
        return;
    }
    y[y_off + (long)i * row + e] = x[x_off + (long)k * row + e];
}
