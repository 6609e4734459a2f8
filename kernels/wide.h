// What a kernel's result is stored as, and what is added to it: as its operands, or float where WIDE says so.
#ifndef WIDE
#define WIDE 0
#endif
#if WIDE
typedef float wide;
#define LOAD_WIDE(p, i) ((p)[i])
#define STORE_WIDE(p, i, v) ((p)[i] = (v))
#define LOAD16_WIDE(p, i) vload16(0, (p) + (i))
#define STORE16_WIDE(p, i, v) vstore16((v), 0, (p) + (i))
#else
typedef real wide;
#define LOAD_WIDE(p, i) LOAD(p, i)
#define STORE_WIDE(p, i, v) STORE(p, i, v)
#define LOAD16_WIDE(p, i) LOAD16(p, i)
#define STORE16_WIDE(p, i, v) STORE16(p, i, v)
#endif
