// y = a where c is not 0, else b, with NumPy's broadcasting. y is dense within an item.
//
// TYPE: an integer type as wide as the elements, which are moved as they are. c_batch, a_batch, b_batch: 1 if the
// operand has an axis 0 of N items, 0 if all items share it.
// RANK: extents in use.
#include "walk.h"
#include "items.h"
#ifndef TYPE
#define TYPE int
#define RANK 1
#endif
#ifndef GROUP
#define GROUP 64
#endif

KERNEL where(
        GLOBAL const uchar *c, long c_off, long c_sn, GLOBAL const TYPE *a, long a_off, long a_sn, GLOBAL const TYPE *b,
        long b_off, long b_sn, GLOBAL TYPE *y, long y_off, long y_sn, int N, int inner, int d1, int d2, int d3, int d4,
        int d5, long c_s1, long c_s2, long c_s3, long c_s4, long c_s5, long a_s1, long a_s2, long a_s3, long a_s4,
        long a_s5, long b_s1, long b_s2, long b_s3, long b_s4, long b_s5, int c_batch, int a_batch,
        int b_batch) {
    const long n = GLOBAL_ID(1);
    TYPE v[ITEMS];
    EACH(k) {
        const int i = ELEMENT(k);
        if (WITHIN(i)) {
            WALK(i)
            const long m = c_off + n * c_batch * c_sn + AT(c);
            const long p = a_off + n * a_batch * a_sn + AT(a);
            const long q = b_off + n * b_batch * b_sn + AT(b);
            v[k] = c[m] ? a[p] : b[q];
        }
    }
    EACH(k) {
        const int i = ELEMENT(k);
        if (WITHIN(i)) {
            y[y_off + n * y_sn + i] = v[k];
        }
    }
}
