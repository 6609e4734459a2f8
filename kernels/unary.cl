// y = f(x) for each element. x, y: N items of inner elements, items x_sn and y_sn elements apart.
//
// FUNCTION: as dev.kerf.graph.PointwiseOp.Function numbers them, 17 for min(max(x, low), high); NaN stays NaN.
// GROUP: work-items of a group. ITEMS: elements of a work-item.
#include "items.h"
// Functions, numbered as dev.kerf.graph.PointwiseOp.Function, and Clamp.
#define FUNCTION_RELU 0
#define FUNCTION_GELU_ERF 1
#define FUNCTION_GELU_TANH 2
#define FUNCTION_SIGMOID 3
#define FUNCTION_SILU 4
#define FUNCTION_TANH 5
#define FUNCTION_EXP 6
#define FUNCTION_LOG 7
#define FUNCTION_SQRT 8
#define FUNCTION_RECIPROCAL 9
#define FUNCTION_ABS 10
#define FUNCTION_NEGATE 11
#define FUNCTION_SIN 12
#define FUNCTION_COS 13
#define FUNCTION_FLOOR 14
#define FUNCTION_CEIL 15
#define FUNCTION_ROUND_HALF_EVEN 16
#define FUNCTION_CLAMP 17
#define FUNCTION_HARD_SWISH 18
#define FUNCTION_RELU6 19

#ifndef FUNCTION
#define FUNCTION FUNCTION_RELU
#endif
#ifndef GROUP
#define GROUP 64
#endif

DEVICE float function(float x, float low, float high) {
    switch (FUNCTION) {
        case FUNCTION_RELU: return activate(ACT_RELU, x); // RELU
        case FUNCTION_GELU_ERF: return activate(ACT_GELU_ERF, x); // GELU_ERF
        case FUNCTION_GELU_TANH: return activate(ACT_GELU_TANH, x); // GELU_TANH
        case FUNCTION_SIGMOID: return activate(ACT_SIGMOID, x); // SIGMOID
        case FUNCTION_SILU: return activate(ACT_SILU, x); // SILU
        case FUNCTION_TANH: return tanh(x); // TANH
        case FUNCTION_EXP: return exp(x); // EXP
        case FUNCTION_LOG: return log(x); // LOG
        case FUNCTION_SQRT: return sqrt(x); // SQRT
        case FUNCTION_RECIPROCAL: return 1.0f / x; // RECIPROCAL
        case FUNCTION_ABS: return fabs(x); // ABS
        case FUNCTION_NEGATE: return -x; // NEGATE
        case FUNCTION_SIN: return sin(x); // SIN
        case FUNCTION_COS: return cos(x); // COS
        case FUNCTION_FLOOR: return floor(x); // FLOOR
        case FUNCTION_CEIL: return ceil(x); // CEIL
        case FUNCTION_ROUND_HALF_EVEN: return rint(x); // ROUND_HALF_EVEN
        case FUNCTION_HARD_SWISH: return activate(ACT_HARD_SWISH, x); // HARD_SWISH
        case FUNCTION_RELU6: return activate(ACT_RELU6, x); // RELU6
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
