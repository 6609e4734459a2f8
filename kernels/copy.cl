// y[n, c1 ... c5] = x[n, c1 ... c5], each with strides of its own: concat, slice, permute, expand, and whatever is to
// be laid out anew. x_start and y_start are added to the offsets.
//
// TYPE: an integer type as wide as the elements, which are moved as they are. RANK: extents in use.
#include "walk.h"
#include "items.h"
#ifndef TYPE
#define TYPE int
#define RANK 1
#endif
#ifndef GROUP
#define GROUP 64
#endif

KERNEL copy(
        GLOBAL const TYPE *x, long x_off, long x_sn, GLOBAL TYPE *y, long y_off, long y_sn, long x_start, long y_start,
        int N, int inner, int d1, int d2, int d3, int d4, int d5, long x_s1, long x_s2, long x_s3, long x_s4, long x_s5,
        long y_s1, long y_s2, long y_s3, long y_s4, long y_s5) {
    const long n = GLOBAL_ID(1);
    TYPE v[ITEMS];
    long to[ITEMS];
    EACH(k) {
        const int i = ELEMENT(k);
        if (WITHIN(i)) {
            WALK(i)
            v[k] = x[x_off + x_start + n * x_sn + AT(x)];
            to[k] = y_off + y_start + n * y_sn + AT(y);
        }
    }
    EACH(k) {
        if (WITHIN(ELEMENT(k))) {
            y[to[k]] = v[k];
        }
    }
}
