// Sums in pairs of floats, hi + lo, of about 48 bits: as good as float64 where a device may have none. The error of each
// float sum is exact (Knuth, The Art of Computer Programming 2, section 4.2.2) and is added up beside it.

// hi + lo += v
#define PAIR_ADD(hi, lo, v) { \
    const float pair_v = (v); \
    const float pair_sum = (hi) + pair_v; \
    const float pair_part = pair_sum - (hi); \
    (lo) += ((hi) - (pair_sum - pair_part)) + (pair_v - pair_part); \
    (hi) = pair_sum; \
}

// The same number with hi the nearest float.
#define PAIR_ROUND(hi, lo) { \
    const float pair_sum = (hi) + (lo); \
    const float pair_part = pair_sum - (hi); \
    (lo) = ((hi) - (pair_sum - pair_part)) + ((lo) - pair_part); \
    (hi) = pair_sum; \
}
