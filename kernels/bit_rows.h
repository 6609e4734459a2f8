// Bits of boxes in words of 32, the first box in the highest bit.
//
//   FIRST_BIT(w)      how many boxes stand before the first of a word that isn't 0
//   ATOMIC_OR(p, w)   adds bits to a LOCAL word
#define WORD 32
#define BIT_OF(i) (0x80000000u >> ((i) % WORD))
#ifdef __OPENCL_VERSION__
#define FIRST_BIT(w) ((int)clz((uint)(w)))
#define ATOMIC_OR(p, w) atomic_or(p, w)
#else
#define FIRST_BIT(w) __clz((int)(w))
#define ATOMIC_OR(p, w) atomicOr(p, w)
#endif
