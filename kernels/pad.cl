// y = x with elements added around it. Axis 0 isn't padded; of the others, y has extents d1 ... d5, x has e1 ... e5,
// and p1 ... p5 of y's lie before x's first.
//
// TYPE: real, float or uchar. RANK: extents in use.
// MODE: as dev.kerf.graph.MoveOp.PadMode numbers them (a constant, reflected, replicated).
#include "walk.h"
// Modes, numbered as dev.kerf.graph.MoveOp.PadMode.
#define MODE_CONSTANT 0
#define MODE_REFLECT 1
#define MODE_REPLICATE 2

#ifndef TYPE
#define TYPE real
#define RANK 1
#define MODE MODE_CONSTANT
#endif
#ifndef GROUP
#define GROUP 64
#endif

#if IS(REAL, TYPE)
#define GET(i) LOAD(x, i)
#define PUT(i, v) STORE(y, i, v)
#else
#define GET(i) (x[i])
#define PUT(i, v) (y[i] = (TYPE)(v))
#endif

// The operand's index for the result's; -1 for none.
DEVICE int source(int c, int before, int extent) {
    int k = c - before;
    switch (MODE) {
        case MODE_CONSTANT: return k < extent ? k : -1;
        case MODE_REFLECT: return k < 0 ? -k : k >= extent ? 2 * (extent - 1) - k : k;
        default: return k < 0 ? 0 : k >= extent ? extent - 1 : k;
    }
}

KERNEL pad(
        GLOBAL const TYPE *x, long x_off, long x_sn, GLOBAL TYPE *y, long y_off, long y_sn, int N, int inner, int d1,
        int d2, int d3, int d4, int d5, int e1, int e2, int e3, int e4, int e5, int p1, int p2, int p3, int p4, int p5,
        float value) {
    int i = GLOBAL_ID(0);
    long n = GLOBAL_ID(1);
    if (i < inner) {
        WALK(i)
        int k1 = source(c1, p1, e1);
        int k2 = RANK > 1 ? source(c2, p2, e2) : 0;
        int k3 = RANK > 2 ? source(c3, p3, e3) : 0;
        int k4 = RANK > 3 ? source(c4, p4, e4) : 0;
        int k5 = RANK > 4 ? source(c5, p5, e5) : 0;
        long q = y_off + n * y_sn + i;
        if (k1 < 0 || k2 < 0 || k3 < 0 || k4 < 0 || k5 < 0) {
            PUT(q, value);
        } else {
            long k = k1;
            k = RANK > 1 ? k * e2 + k2 : k;
            k = RANK > 2 ? k * e3 + k3 : k;
            k = RANK > 3 ? k * e4 + k4 : k;
            k = RANK > 4 ? k * e5 + k5 : k;
            PUT(q, GET(x_off + n * x_sn + k));
        }
    }
}
