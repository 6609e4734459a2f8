// What parts of the keys give, as `attention` leaves it, joined in the order of the parts.
//
//   y[b, h, i] = Σ_p e^(most_p − most) · sums_p / Σ_p e^(most_p − most) · total_p,  most = max_p most_p
//
// Shapes  partial (parts, B, heads, LQ, DV + 2): sums, the largest score, the sum of weights; y (B, heads, LQ, DV), its rows
//         elsewhere with has_places, as attention.cl says.
// Launch  a work-item for each number of y, a row of groups for each h and b.
// Parameters: GROUP work-items of a group.
// FLOPs   B · heads · LQ · DV · parts · 5
// Bytes   each once

#ifndef GROUP
#define GROUP 128
#endif

KERNEL attention_join(
        GLOBAL const float *RESTRICT partial, long partial_off, GLOBAL real *RESTRICT y, long y_off, long y_sn,
        GLOBAL const long *RESTRICT places, int has_places, int B, int heads, int LQ, int LK, int DV, int parts) {
    const int e = GLOBAL_ID(0);
    if (e >= LQ * DV) {
        return;
    }
    const int row = e / DV;
    const int c = e % DV;
    const int head = GROUP_ID(1);
    const int item = GROUP_ID(2) * heads + head;
    const long step = (long)B * heads * LQ * (DV + 2);
    GLOBAL const float *first = partial + partial_off + ((long)item * LQ + row) * (DV + 2);
    const float none = AS_FLOAT(0xff800000);
    float most = none;
    for (int p = 0; p < parts; p++) {
        most = fmax(most, first[p * step + DV]);
    }
    // A query without a score above −inf: −inf − −inf would be NaN.
    const float base = most == none ? 0.0f : most;
    float sum = 0.0f;
    float total = 0.0f;
    for (int p = 0; p < parts; p++) {
        const float shrink = exp(first[p * step + DV] - base);
        sum = FMA(shrink, first[p * step + c], sum);
        total = FMA(shrink, first[p * step + DV + 1], total);
    }
    const long at = has_places ? places[2 * (LQ + LK) + B * heads + item] + places[LQ + row]
                               : GROUP_ID(2) * y_sn + ((long)head * LQ + row) * DV;
    STORE(y, y_off + at + c, total == 0.0f ? 0.0f : sum / total);
}
