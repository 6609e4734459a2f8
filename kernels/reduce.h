// What kinds of reductions there are, and how two numbers become one.
// Reductions, numbered as dev.kerf.graph.ReduceOp.Reduction.
#define REDUCTION_SUM 0
#define REDUCTION_MEAN 1
#define REDUCTION_MAX 2
#define REDUCTION_MIN 3

#ifndef REDUCTION
#define REDUCTION REDUCTION_SUM
#define HAS_COUNT 0
#endif

DEVICE float combine(float a, float b) {
    switch (REDUCTION) {
        case REDUCTION_MAX: return a != a ? a : b != b ? b : a > b ? a : b;
        case REDUCTION_MIN: return a != a ? a : b != b ? b : a < b ? a : b;
        default: return a + b;
    }
}
