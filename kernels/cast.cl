// y = (Y_T) x for each element. From float to an integer: towards zero, saturating, NaN to 0; between integers: the
// low bits.
//
// X_T, Y_T: real, float, int, uchar, ushort or long. X_REAL, Y_REAL: 1 if they are stored as real.
// FROM_FLOAT, TO_FLOAT: 1 if they hold floating-point numbers. Y_BYTES: size of Y_T.
#ifndef X_T
#define X_T real
#define Y_T real
#define X_REAL 1
#define Y_REAL 1
#define FROM_FLOAT 1
#define TO_FLOAT 1
#define Y_BYTES 4
#endif
#ifndef GROUP
#define GROUP 64
#endif

#if X_REAL
#define GET(i) LOAD(x, i)
#else
#define GET(i) (x[i])
#endif
#if Y_REAL
#define PUT(i, v) STORE(y, i, v)
#else
#define PUT(i, v) (y[i] = (Y_T)(v))
#endif

// Y_BYTES tells the integer types apart: the ends of their ranges as floats, and the values there.
#if Y_BYTES == 1
#define LOW 0.0f
#define HIGH 255.0f
#define LOWEST 0
#define HIGHEST 255
#elif Y_BYTES == 2
#define LOW 0.0f
#define HIGH 65535.0f
#define LOWEST 0
#define HIGHEST 65535
#elif Y_BYTES == 4
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
    int i = GLOBAL_ID(0);
    long n = GLOBAL_ID(1);
    if (i < inner) {
        long p = x_off + n * x_sn + i;
        long q = y_off + n * y_sn + i;
#if TO_FLOAT
        PUT(q, (float)GET(p));
#elif FROM_FLOAT
        float v = GET(p);
        PUT(q, v != v ? (Y_T)0 : v <= LOW ? (Y_T)LOWEST : v >= HIGH ? (Y_T)HIGHEST : (Y_T)v);
#else
        PUT(q, GET(p));
#endif
    }
}
