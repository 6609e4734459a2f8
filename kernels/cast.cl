// y = (Y_T) x for each element. From float to an integer: towards zero, saturating, NaN to 0; between integers: the
// low bits.
//
// X_T, Y_T: real, float, int, uchar, ushort or long; others where both are the same.
#include "items.h"
#ifndef X_T
#define X_T real
#define Y_T real
#endif
#ifndef GROUP
#define GROUP 64
#endif

#if IS(REAL, X_T)
#define HELD float
#define GET(i) LOAD(x, i)
#else
#define HELD X_T
#define GET(i) (x[i])
#endif
#if IS(REAL, Y_T)
#define PUT(i, v) STORE(y, i, v)
#else
#define PUT(i, v) (y[i] = (Y_T)(v))
#endif

// The ends of the integer types' ranges as floats, and the values there.
#if BYTES(Y_T) == 1
#define LOW 0.0f
#define HIGH 255.0f
#define LOWEST 0
#define HIGHEST 255
#elif BYTES(Y_T) == 2
#define LOW 0.0f
#define HIGH 65535.0f
#define LOWEST 0
#define HIGHEST 65535
#elif BYTES(Y_T) == 4
#define LOW -2147483648.0f
#define HIGH 2147483648.0f
#define LOWEST (-2147483647 - 1)
#define HIGHEST 2147483647
#else
#define LOW -9223372036854775808.0f
#define HIGH 9223372036854775808.0f
#define LOWEST (-9223372036854775807L - 1)
#define HIGHEST 9223372036854775807L
#endif

KERNEL cast(
        GLOBAL const X_T *x, long x_off, long x_sn, GLOBAL Y_T *y, long y_off, long y_sn, int N, int inner) {
    const long n = GLOBAL_ID(1);
    const long from = x_off + n * x_sn;
    const long to = y_off + n * y_sn;
    HELD held[ITEMS];
    EACH(k) {
        const int i = ELEMENT(k);
        if (WITHIN(i)) {
            held[k] = GET(from + i);
        }
    }
    EACH(k) {
        const int i = ELEMENT(k);
        if (WITHIN(i)) {
            const HELD v = held[k];
#if IS(FLOAT, Y_T)
            PUT(to + i, (float)v);
#elif IS(FLOAT, X_T)
            PUT(to + i, v != v ? (Y_T)0 : v <= LOW ? (Y_T)LOWEST : v >= HIGH ? (Y_T)HIGHEST : (Y_T)v);
#else
            PUT(to + i, v);
#endif
        }
    }
}
