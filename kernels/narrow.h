// What a kernel reads is stored as: as its result, or float where NARROW says so.
#ifndef NARROW
#define NARROW 0
#endif
#if NARROW
typedef float source;
#define LOAD_SOURCE(p, i) ((p)[i])
#else
typedef real source;
#define LOAD_SOURCE(p, i) LOAD(p, i)
#endif
