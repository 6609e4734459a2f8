// y = 1 where a o b holds, else 0, with NumPy's broadcasting. y is dense within an item.
//
// TYPE: real, int or uchar. RELATION: as dev.kerf.graph.PointwiseOp.Relation numbers them.
// a_batch, b_batch: 1 if the operand has an axis 0 of N items, 0 if all items share it. RANK: extents in use.
#include "walk.h"
#include "items.h"
// Relations, numbered as dev.kerf.graph.PointwiseOp.Relation.
#define RELATION_GREATER 0
#define RELATION_GREATER_OR_EQUAL 1
#define RELATION_LESS 2
#define RELATION_LESS_OR_EQUAL 3
#define RELATION_EQUAL 4
#define RELATION_NOT_EQUAL 5

#ifndef TYPE
#define TYPE real
#define RELATION RELATION_GREATER
#define RANK 1
#endif
#ifndef GROUP
#define GROUP 64
#endif

#if IS(REAL, TYPE)
#define HELD float
#define GET(p, i) LOAD(p, i)
#else
#define HELD int
#define GET(p, i) ((p)[i])
#endif

DEVICE int relation(HELD a, HELD b) {
    switch (RELATION) {
        case RELATION_GREATER: return a > b;
        case RELATION_GREATER_OR_EQUAL: return a >= b;
        case RELATION_LESS: return a < b;
        case RELATION_LESS_OR_EQUAL: return a <= b;
        case RELATION_EQUAL: return a == b;
        default: return a != b;
    }
}

KERNEL compare(
        GLOBAL const TYPE *a, long a_off, long a_sn, GLOBAL const TYPE *b, long b_off, long b_sn, GLOBAL uchar *y,
        long y_off, long y_sn, int N, int inner, int d1, int d2, int d3, int d4, int d5, long a_s1, long a_s2,
        long a_s3, long a_s4, long a_s5, long b_s1, long b_s2, long b_s3, long b_s4, long b_s5, int a_batch,
        int b_batch) {
    const long n = GLOBAL_ID(1);
    HELD left[ITEMS];
    HELD right[ITEMS];
    EACH(k) {
        const int i = ELEMENT(k);
        if (WITHIN(i)) {
            WALK(i)
            left[k] = GET(a, a_off + n * a_batch * a_sn + AT(a));
            right[k] = GET(b, b_off + n * b_batch * b_sn + AT(b));
        }
    }
    EACH(k) {
        const int i = ELEMENT(k);
        if (WITHIN(i)) {
            y[y_off + n * y_sn + i] = (uchar)(relation(left[k], right[k]) ? 1 : 0);
        }
    }
}
