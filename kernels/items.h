// Elementwise kernels: each work-item does ITEMS elements, GROUP apart, so that a group's reads lie side by side; it
// reads all before it writes the first, so that the reads are under way at once.
//
//   ELEMENT(k)  the k-th element of this work-item
//   WITHIN(i)   whether that is one of `inner`
#ifndef ITEMS
#define ITEMS 1
#endif
#if ITEMS == 1
#define ELEMENT(k) GLOBAL_ID(0)
#define WITHIN(i) ((i) < inner)
#else
#define ELEMENT(k) ((int)(((uint)GROUP_ID(0) * ITEMS + (k)) * GROUP + (uint)LOCAL_ID(0)))
#define WITHIN(i) ((uint)(i) < (uint)inner)
#endif
#define EACH(k) \
    _Pragma("unroll") \
    for (int k = 0; k < ITEMS; k++)
