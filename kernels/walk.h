// How elementwise kernels and copies walk over tensors. Axis 0 of a batched walk is GLOBAL_ID(1), its distance given
// for each operand as NAME_sn; the other axes are RANK (1 to 5) extents d1 ... dRANK, the last one fastest, with a
// stride for each operand. GLOBAL_ID(0) counts their d1 * ... * dRANK = inner elements.
//
//   WALK(i)            coordinates c1 ... c5 of element i
//   AT(x)              x's offset at these coordinates, without its batch
#define WALK(i) \
    int rest = (i); \
    int c5 = 0, c4 = 0, c3 = 0, c2 = 0; \
    if (RANK > 4) { c5 = rest % d5; rest /= d5; } \
    if (RANK > 3) { c4 = rest % d4; rest /= d4; } \
    if (RANK > 2) { c3 = rest % d3; rest /= d3; } \
    if (RANK > 1) { c2 = rest % d2; rest /= d2; } \
    int c1 = rest;
#define AT(x) \
    (c1 * x##_s1 + (RANK > 1 ? c2 * x##_s2 : 0L) + (RANK > 2 ? c3 * x##_s3 : 0L) + (RANK > 3 ? c4 * x##_s4 : 0L) \
            + (RANK > 4 ? c5 * x##_s5 : 0L))
