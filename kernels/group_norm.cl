// Group normalisation, a work-group for each group of channels of each item (Wu and He 2018, equations 1 and 7).
//
//   y[n, c, i] = (x[n, c, i] − mean) / sqrt(var + eps) · w[c] + b[c],  mean and var over the C / groups channels of c's
//   group and all positions i, var = Σ (x − mean)² / count
//
// Shapes  x and y (N, C, inner), w and b (C).
// Launch  a work-group for each of N · groups. The mean first, then the squares around it: no cancellation.
// Parameters: GROUP work-items of a work-group, a power of two.
// FLOPs   7 · N · C · inner
// Bytes   x twice at least where a group of channels outgrows the cache, y once

#ifndef GROUP
#define GROUP 256
#endif

KERNEL group_norm(
        GLOBAL const real *RESTRICT x, long x_off, long x_sn, GLOBAL const float *RESTRICT w, long w_off,
        GLOBAL const float *RESTRICT b, long b_off, GLOBAL real *RESTRICT y, long y_off, long y_sn, int C, int groups,
        int inner, float eps) {
    LOCAL float part[GROUP];
    const int item = LOCAL_ID(0);
    const int channels = C / groups;
    const int c_first = GROUP_ID(0) * channels;
    const long n = (long)channels * inner;
    x += x_off + GROUP_ID(1) * x_sn + (long)c_first * inner;
    y += y_off + GROUP_ID(1) * y_sn + (long)c_first * inner;

    float sum = 0.0f;
    for (long i = item; i < n; i += GROUP) {
        sum += LOAD(x, i);
    }
    part[item] = sum;
    BARRIER();
    for (int half_of = GROUP / 2; half_of > 0; half_of /= 2) {
        if (item < half_of) {
            part[item] += part[item + half_of];
        }
        BARRIER();
    }
    const float mean = part[0] / (float)n;
    BARRIER();

    float squares = 0.0f;
    for (long i = item; i < n; i += GROUP) {
        const float d = LOAD(x, i) - mean;
        squares += d * d;
    }
    part[item] = squares;
    BARRIER();
    for (int half_of = GROUP / 2; half_of > 0; half_of /= 2) {
        if (item < half_of) {
            part[item] += part[item + half_of];
        }
        BARRIER();
    }
    const float scale = part[0] < INF ? 1.0f / sqrt(part[0] / (float)n + eps) : AS_FLOAT(0x7fc00000);

    for (int c = 0; c < channels; c++) {
        const float weight = w[w_off + c_first + c] * scale;
        const float bias = b[b_off + c_first + c];
        for (int i = item; i < inner; i += GROUP) {
            const long at = (long)c * inner + i;
            STORE(y, at, (LOAD(x, at) - mean) * weight + bias);
        }
    }
}
