// y = act(a o b) with NumPy's broadcasting: strides of 0 along broadcast axes. y is dense within an item.
//
// TYPE: real or int. FUNCTION: as dev.kerf.graph.PointwiseOp.Arithmetic numbers them. ACT: an activation, of reals.
// a_batch, b_batch: 1 if the operand has an axis 0 of N items, 0 if all items share it. RANK: extents in use.
// Integers wrap around; dividing one by 0 gives 0. MAX and MIN are NaN if either operand is.
#include "walk.h"
#include "items.h"
// Functions, numbered as dev.kerf.graph.PointwiseOp.Arithmetic.
#define FUNCTION_ADD 0
#define FUNCTION_SUBTRACT 1
#define FUNCTION_MULTIPLY 2
#define FUNCTION_DIVIDE 3
#define FUNCTION_MAX 4
#define FUNCTION_MIN 5
#define FUNCTION_POWER 6

#ifndef TYPE
#define TYPE real
#define FUNCTION FUNCTION_ADD
#define ACT ACT_NONE
#define RANK 1
#endif
#ifndef GROUP
#define GROUP 64
#endif

#if IS(REAL, TYPE)
#define HELD float
#define GET(p, i) LOAD(p, i)
#define PUT(p, i, v) STORE(p, i, activate(ACT, v))
DEVICE float function(float a, float b) {
    switch (FUNCTION) {
        case FUNCTION_ADD: return a + b;
        case FUNCTION_SUBTRACT: return a - b;
        case FUNCTION_MULTIPLY: return a * b;
        case FUNCTION_DIVIDE: return a / b;
        case FUNCTION_MAX: return a != a ? a : b != b ? b : a > b ? a : b;
        case FUNCTION_MIN: return a != a ? a : b != b ? b : a < b ? a : b;
        default: return pow(a, b);
    }
}
#else
#define HELD int
#define GET(p, i) ((p)[i])
#define PUT(p, i, v) ((p)[i] = (v))
DEVICE int function(int a, int b) {
    switch (FUNCTION) {
        case FUNCTION_ADD: return (int)((uint)a + (uint)b);
        case FUNCTION_SUBTRACT: return (int)((uint)a - (uint)b);
        case FUNCTION_MULTIPLY: return (int)((uint)a * (uint)b);
        case FUNCTION_DIVIDE: return b == 0 ? 0 : b == -1 ? (int)(0u - (uint)a) : a / b;
        case FUNCTION_MAX: return a > b ? a : b;
        default: return a < b ? a : b;
    }
}
#endif

KERNEL binary(
        GLOBAL const TYPE *a, long a_off, long a_sn, GLOBAL const TYPE *b, long b_off, long b_sn, GLOBAL TYPE *y,
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
            PUT(y, y_off + n * y_sn + i, function(left[k], right[k]));
        }
    }
}
