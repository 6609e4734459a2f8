// y = f(x) for each element. x, y: N items of inner elements, items x_sn and y_sn elements apart.
//
// FUNCTION: as dev.kerf.graph.PointwiseOp.Function numbers them, 17 more for min(max(x, low), high); NaN stays NaN.
// GROUP: work-items of a group. ITEMS: elements of a work-item.
#include "items.h"
#ifndef FUNCTION
#define FUNCTION 0
#endif
#ifndef GROUP
#define GROUP 64
#endif

DEVICE float function(float x, float low, float high) {
    switch (FUNCTION) {
        case 0: return activate(ACT_RELU, x); // RELU
        case 1: return activate(ACT_GELU_ERF, x); // GELU_ERF
        case 2: return activate(ACT_GELU_TANH, x); // GELU_TANH
        case 3: return activate(ACT_SIGMOID, x); // SIGMOID
        case 4: return activate(ACT_SILU, x); // SILU
        case 5: return tanh(x); // TANH
        case 6: return exp(x); // EXP
        case 7: return log(x); // LOG
        case 8: return sqrt(x); // SQRT
        case 9: return 1.0f / x; // RECIPROCAL
        case 10: return fabs(x); // ABS
        case 11: return -x; // NEGATE
        case 12: return sin(x); // SIN
        case 13: return cos(x); // COS
        case 14: return floor(x); // FLOOR
        case 15: return ceil(x); // CEIL
        case 16: return rint(x); // ROUND_HALF_EVEN
        default: return x < low ? low : x > high ? high : x; // clamp
    }
}

KERNEL unary(
        GLOBAL const real *x, long x_off, long x_sn, GLOBAL real *y, long y_off, long y_sn, int N, int inner, float low,
        float high) {
    const long n = GLOBAL_ID(1);
    const long from = x_off + n * x_sn;
    const long to = y_off + n * y_sn;
    float v[ITEMS];
    EACH(k) {
        const int i = ELEMENT(k);
        if (WITHIN(i)) {
            v[k] = LOAD(x, from + i);
        }
    }
    EACH(k) {
        const int i = ELEMENT(k);
        if (WITHIN(i)) {
            STORE(y, to + i, function(v[k], low, high));
        }
    }
}
