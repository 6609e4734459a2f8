// What arithmetic a device can do: each work-item makes 16 sums, none of which waits for another.
//
//   a_k ← a_k · factor + term, rounds times, k = 0 … 15;   y[i] = Σ_k a_k
//
// Shapes      y: items floats
// Launch      one work-item for each element of y
// Parameters  GROUP: work-items of a group; WIDE: whether each a_k is a vector of 16, for OpenCL's CPU-type devices
// FLOPs       32 · items · rounds, 16 times that if WIDE
// Bytes       4 · items
#ifndef GROUP
#define GROUP 256
#endif
#ifndef WIDE
#define WIDE 0
#endif

#if WIDE
#define LANES float16

DEVICE float total(float16 v) {
    float8 a = v.lo + v.hi;
    float4 b = a.lo + a.hi;
    return b.x + b.y + b.z + b.w;
}
#else
#define LANES float
#define total(v) (v)
#endif
#define EACH(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) DO(10) DO(11) DO(12) DO(13) DO(14) DO(15)
#define START(k) LANES a##k = x + (float)k;
#define ROUND(k) a##k = FMA(a##k, by, plus);
#define SUM(k) sum += a##k;

KERNEL multiply_add(GLOBAL float *RESTRICT y, int items, int rounds, float factor, float term) {
    int i = GLOBAL_ID(0);
    LANES x = (float)i;
    LANES by = factor;
    LANES plus = term;
    LANES sum = 0.0f;
    EACH(START)
    for (int r = 0; r < rounds; r++) {
        EACH(ROUND)
    }
    EACH(SUM)
    if (i < items) {
        y[i] = total(sum);
    }
}
