// Pixels of masks and of the intersections of each pair of masks, over parts of the pixels.
//
// A group takes TILE_A x TILE_B pairs and `chunk` words of 32 pixels; each word that it reads serves the whole tile.
// 32-bit sums hold a part's pixels, at most 2^31 - 1; overlap_total adds the parts in 64 bits.
//
// Shapes  a (N, words), b (M, words) from mask_pack; both (parts, N, M), area_a (parts, N), area_b (parts, M).
// Launch  a row of groups for the parts, a column for tiles of N, a layer for tiles of M.
// Parameters: GROUP work-items of a group.
// FLOPs   3 · N · M · words (and, population count, sum)
// Bytes   a for each tile of b and the other way round

#ifndef TILE_A
#define TILE_A 4
#define TILE_B 4
#endif
#ifndef GROUP
#define GROUP 128
#endif
#define SUMS (TILE_A * TILE_B + TILE_A + TILE_B)

KERNEL overlap(
        GLOBAL const uint *RESTRICT a, long a_off, GLOBAL const uint *RESTRICT b, long b_off,
        GLOBAL int *RESTRICT both, long both_off, GLOBAL int *RESTRICT area_a, long area_a_off,
        GLOBAL int *RESTRICT area_b, long area_b_off, int N, int M, int words, int chunk) {
    LOCAL int sums[SUMS * GROUP];
    const int t = LOCAL_ID(0);
    const int part = GROUP_ID(0);
    const int n = GROUP_ID(1) * TILE_A;
    const int m = GROUP_ID(2) * TILE_B;
    const int start = part * chunk;
    const int end = words - start < chunk ? words : start + chunk;
    int sum[SUMS];
    for (int k = 0; k < SUMS; k++) {
        sum[k] = 0;
    }
    for (int w = start + t; w < end; w += GROUP) {
        uint right[TILE_B];
        for (int j = 0; j < TILE_B; j++) {
            // Past the last mask the last one is counted again, and what comes of it isn't written.
            right[j] = b[b_off + (long)(m + j < M ? m + j : M - 1) * words + w];
            sum[TILE_A * TILE_B + TILE_A + j] += POPCOUNT(right[j]);
        }
        for (int i = 0; i < TILE_A; i++) {
            const uint left = a[a_off + (long)(n + i < N ? n + i : N - 1) * words + w];
            sum[TILE_A * TILE_B + i] += POPCOUNT(left);
            for (int j = 0; j < TILE_B; j++) {
                sum[i * TILE_B + j] += POPCOUNT(left & right[j]);
            }
        }
    }
    for (int k = 0; k < SUMS; k++) {
        sums[k * GROUP + t] = sum[k];
    }
    BARRIER();
    for (int k = t; k < SUMS; k += GROUP) {
        int total = 0;
        for (int s = 0; s < GROUP; s++) {
            total += sums[k * GROUP + s];
        }
        const int i = k < TILE_A * TILE_B ? k / TILE_B : k - TILE_A * TILE_B;
        const int j = k < TILE_A * TILE_B ? k % TILE_B : k - TILE_A * TILE_B - TILE_A;
        if (k < TILE_A * TILE_B) {
            if (n + i < N && m + j < M) {
                both[both_off + ((long)part * N + n + i) * M + m + j] = total;
            }
        } else if (k < TILE_A * TILE_B + TILE_A) {
            if (n + i < N && m == 0) {
                area_a[area_a_off + (long)part * N + n + i] = total;
            }
        } else if (m + j < M && n == 0) {
            area_b[area_b_off + (long)part * M + m + j] = total;
        }
    }
}
