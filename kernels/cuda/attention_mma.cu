// Scaled dot-product attention on tensor cores, block by block (Dao et al. 2022, algorithm 1; Dao 2023, section 3.3): a warp keeps its
// queries, their scores and their sums in registers; the softmax is float.
//
//   y[b, h, i] = Σ_j softmax_j(scale · q[b, h, i] · k[b, h, j] + bias[b, h, i, j]) · v[b, h, j]
//
// Shapes  as attention.cl says; D and DV are multiples of 8, at most DEPTH. Weights are rounded as factors are, and their sum is that
//         of the rounded ones.
// Launch  a group for TILE_Q queries of each of ITEMS heads, and a part of the keys; a warp for QUERIES queries. With one item a group,
//         heads and parts are along the second axis, b along the third; with more, all items are along the first.
// Parameters: DEPTH that rows are padded to; TILE_K keys at once, two tiles of which are in LOCAL memory; KEYS of a part at least, 0 if
//   all are one.
// FLOPs   2 · B · heads · LQ · LK · (D + DV)
// Bytes   at least q, k, v and y once; k and v are read for each TILE_Q queries

#include "mma.h"
#include "rows.h"
#include "values.h"

#ifndef TILE_Q
#define TILE_Q 32
#endif
#ifndef TILE_K
#define TILE_K 16
#endif
#ifndef QUERIES
#define QUERIES 16
#endif
#ifndef DEPTH
#define DEPTH 256
#endif
#ifndef ITEMS
#define ITEMS 1
#endif
#ifndef KEYS
#define KEYS 0
#endif
#ifndef HAS_BIAS
#define HAS_BIAS 0
#endif

#define WARPS (TILE_Q / QUERIES)         // of an item
#define ITEM_LANES (32 * WARPS)
// Groups on a processor of 65536 registers, which a warp's sums and queries are to fit in.
#if KERF_STORAGE == STORAGE_F32
#define BOUNDS __launch_bounds__(ITEM_LANES * ITEMS, (DEPTH * QUERIES > (HAS_BIAS ? 1024 : 1536) || EXACT ? 256 : 384) / (ITEM_LANES * ITEMS))
#else
#define BOUNDS __launch_bounds__(ITEM_LANES * ITEMS, DEPTH * QUERIES > 2048 ? 2 : 3)
#endif
#define BLOCKS (QUERIES / 16)            // of 16 queries
#define CHUNKS (DEPTH / PER_CHUNK)
#define ROW_SIZE (DEPTH * (int)sizeof(real))
#define TILE_BYTES (TILE_K * ROW_SIZE)
#define KEPT (DEPTH <= 128)           // queries in registers; others are loaded for each tile of keys
#define PASSING (KEPT && TILE_Q <= 2 * TILE_K) // through the second pair of tiles
#define ITEM_BYTES (4 * TILE_BYTES + (PASSING ? 0 : TILE_Q * ROW_SIZE))
#define VALUES_PAIRED (KERF_STORAGE == STORAGE_F32)
#define LOG2E 1.44269504089f

DEVICE float power_of_two(float x) {
    float y;
    asm("ex2.approx.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

KERNEL BOUNDS attention_mma(
        const real *RESTRICT q, long q_off, long q_sn, const real *RESTRICT k, long k_off, long k_sn,
        const real *RESTRICT v, long v_off, long v_sn, const real *RESTRICT bias, long bias_off,
        real *RESTRICT y, long y_off, long y_sn, const int *RESTRICT k_count,
        long k_count_off, const int *RESTRICT v_count, long v_count_off, const long *RESTRICT places,
        int has_places, int B, int heads, int KB, int LQ, int LK, int D, int DV, long bias_b, long bias_h, long bias_q,
        long bias_k, float scale, float *RESTRICT partial, long partial_off, int parts, int has_k_count,
        int has_v_count) {
    extern __shared__ __align__(128) char memory[];
    const int lane = threadIdx.x % 32;
    const int warp = threadIdx.x / 32 % WARPS;
    const int slot = threadIdx.x / ITEM_LANES;
    const int q_tiles = (LQ + TILE_Q - 1) / TILE_Q;
    const int q_first = blockIdx.x % q_tiles * TILE_Q;
    const int item = ITEMS == 1 ? blockIdx.z * heads + blockIdx.y % heads : blockIdx.x / q_tiles * ITEMS + slot;
    const int there = ITEMS == 1 || item < B * heads;
    const int b = there ? item / heads : 0;
    const int head = there ? item % heads : 0;
    const int part = ITEMS == 1 ? blockIdx.y / heads : 0;
    const int kb = KB == 1 ? 0 : b;
    const int q_item = b * heads + head;
    const int k_item = kb * heads + head;
    int keys = LK;
    if (has_k_count) {
        keys = min(keys, k_count[k_count_off + k_item]);
    }
    if (has_v_count) {
        keys = min(keys, v_count[v_count_off + k_item]);
    }
    // Parts of whole tiles, as long as there are keys.
    const int span = (keys + parts * TILE_K - 1) / (parts * TILE_K) * TILE_K;
    const int key_first = part * span;
    keys = there ? min(keys, key_first + span) : 0;
    const int last = ITEMS == 1 ? keys : LK; // items of a group go on together
    const long *starts = places + 2 * (LQ + LK);
    q += q_off + (has_places ? starts[q_item] : b * q_sn + (long)head * LQ * D);
    y += y_off + (has_places ? starts[B * heads + q_item] : b * y_sn + (long)head * LQ * DV);
    k += k_off + (has_places ? starts[2 * B * heads + k_item] : kb * k_sn + (long)head * LK * D);
    v += v_off + (has_places ? starts[(2 * B + KB) * heads + k_item] : kb * v_sn + (long)head * LK * DV);
    const long *q_rows = has_places ? places : 0;
    const long *k_rows = has_places ? places + 2 * LQ : 0;
    const long *v_rows = has_places ? places + 2 * LQ + LK : 0;

    // Two tiles of keys and of what belongs to them; queries pass through the second pair, or lie behind it.
    const uint tiles = local_address(memory) + slot * ITEM_BYTES;
    const uint queries_at = tiles + (PASSING ? 2 : 4) * TILE_BYTES;
    const int t = threadIdx.x % ITEM_LANES;
    copy_rows<CHUNKS, TILE_Q, ITEM_LANES>(queries_at, q, q_rows, D, q_first, there ? LQ : 0, t);
    copy_rows<CHUNKS, TILE_K, ITEM_LANES>(tiles, k, k_rows, D, key_first, keys, t);
    copy_rows<CHUNKS, TILE_K, ITEM_LANES, VALUES_PAIRED>(tiles + TILE_BYTES, v, v_rows, DV, key_first, keys, t);
    copies_commit();
    copies_wait<0>();
    BARRIER();
    const MixedRows<CHUNKS> query_at(queries_at, warp * QUERIES + lane % 16, lane / 16);
    uint queries[BLOCKS][KEPT ? CHUNKS / 2 : 1][4];
    repeat<BLOCKS>([&](auto i) {
        repeat<(KEPT ? CHUNKS / 2 : 0)>([&](auto c) {
            query_at.template load<c.value, i.value * 16>(queries[i.value][c.value], 0);
        });
    });
    const MixedRows<CHUNKS> key_at(tiles, lane % 8 + lane / 16 * 8, lane / 8 % 2);
    Values<BLOCKS, DEPTH, TILE_K> values(tiles + TILE_BYTES, lane);

    const float none = __int_as_float(0xff800000);
    const float unit = scale * LOG2E;
    float most[2 * BLOCKS];
    #pragma unroll
    for (int i = 0; i < 2 * BLOCKS; i++) {
        most[i] = none;
    }
    uint stage = 0;
    #pragma unroll 1
    for (int first = key_first; first < last; first += TILE_K) {
        copies_wait<0>();
        BARRIER();
        const int next = first + TILE_K;
        if (next < last) {
            copy_rows<CHUNKS, TILE_K, ITEM_LANES>(tiles + (stage ^ 1) * (2 * TILE_BYTES), k, k_rows, D, next, keys, t);
            copy_rows<CHUNKS, TILE_K, ITEM_LANES, VALUES_PAIRED>(
                    tiles + (stage ^ 1) * (2 * TILE_BYTES) + TILE_BYTES, v, v_rows, DV, next, keys, t);
        }
        copies_commit();
        const uint here = stage * (2 * TILE_BYTES);
        float scores[BLOCKS][TILE_K / 8][4] = {};
        repeat<CHUNKS / 2>([&](auto c) {
            constexpr int kept = KEPT ? c.value : 0;
            if (!KEPT) {
                repeat<BLOCKS>([&](auto i) { query_at.template load<c.value, i.value * 16>(queries[i.value][0], 0); });
            }
#if KERF_STORAGE == STORAGE_F32
            // Split where they are used: the compiler would do so before the loop, for which there aren't registers, if it knew that
            // a stage never lies so far on that this is other than nothing.
            const uint nothing = EXACT ? here >> 28 : 0;
            uint numbers[BLOCKS][4];
            #pragma unroll
            for (int i = 0; i < BLOCKS; i++) {
                #pragma unroll
                for (int e = 0; e < 4; e++) numbers[i][e] = queries[i][kept][e] ^ nothing;
            }
            const Factors<BLOCKS> left(numbers);
#endif
            repeat<TILE_K / 16>([&](auto j) {
                uint f[4];
                key_at.template load<c.value, j.value * 16>(f, here);
#if KERF_STORAGE == STORAGE_F32
                left.multiply_column(scores, 2 * j.value, f[0], f[1]);
                left.multiply_column(scores, 2 * j.value + 1, f[2], f[3]);
#else
                #pragma unroll
                for (int i = 0; i < BLOCKS; i++) {
                    multiply(scores[i][2 * j.value], queries[i][kept], f[0], f[1]);
                    multiply(scores[i][2 * j.value + 1], queries[i][kept], f[2], f[3]);
                }
#endif
            });
        });
        // In units of log2, so that weights are powers of two.
        #pragma unroll
        for (int i = 0; i < BLOCKS; i++) {
            #pragma unroll
            for (int j = 0; j < TILE_K / 8; j++) {
                #pragma unroll
                for (int e = 0; e < 4; e++) {
                    scores[i][j][e] *= unit;
                    if (HAS_BIAS) {
                        const int row = min(q_first + warp * QUERIES + i * 16 + lane / 4 + e / 2 * 8, LQ - 1);
                        const int key = first + j * 8 + lane % 4 * 2 + e % 2;
                        if (key < keys) {
                            scores[i][j][e] = fmaf(LOG2E,
                                    LOAD(bias, bias_off + b * bias_b + head * bias_h + row * bias_q + key * bias_k), scores[i][j][e]);
                        }
                    }
                }
            }
        }
        if (next > keys) {
            #pragma unroll
            for (int j = 0; j < TILE_K / 8; j++) {
                #pragma unroll
                for (int e = 0; e < 2; e++) {
                    const int beyond = first + j * 8 + lane % 4 * 2 + e >= keys;
                    #pragma unroll
                    for (int i = 0; i < BLOCKS; i++) {
                        scores[i][j][e] = beyond ? none : scores[i][j][e];
                        scores[i][j][e + 2] = beyond ? none : scores[i][j][e + 2];
                    }
                }
            }
        }
        float shrink[2 * BLOCKS];
        int changed = 0;
        #pragma unroll
        for (int r = 0; r < 2 * BLOCKS; r++) {
            float row_most = most[r];
            #pragma unroll
            for (int j = 0; j < TILE_K / 8; j++) {
                row_most = fmaxf(row_most, fmaxf(scores[r / 2][j][r % 2 * 2], scores[r / 2][j][r % 2 * 2 + 1]));
            }
            row_most = fmaxf(row_most, __shfl_xor_sync(0xffffffff, row_most, 1));
            row_most = fmaxf(row_most, __shfl_xor_sync(0xffffffff, row_most, 2));
            // Before the first key with a score above −inf there is nothing to rescale, and −inf − −inf would be NaN.
            const float base = row_most == none ? 0.0f : row_most;
            changed |= row_most != most[r];
            shrink[r] = power_of_two(most[r] - base);
            most[r] = row_most;
            #pragma unroll
            for (int j = 0; j < TILE_K / 8; j++) {
                #pragma unroll
                for (int e = 0; e < 2; e++) {
                    float &s = scores[r / 2][j][r % 2 * 2 + e];
                    s = power_of_two(s - base);
                }
            }
        }
        if (__any_sync(0xffffffff, changed)) {
            #pragma unroll
            for (int i = 0; i < BLOCKS; i++) {
                #pragma unroll
                for (int e = 0; e < 4; e++) {
                    values.totals[i][e] *= shrink[2 * i + e / 2];
                    #pragma unroll
                    for (int j = 0; j < DEPTH / 8; j++) {
                        values.sums[i][j][e] *= shrink[2 * i + e / 2];
                    }
                }
            }
        }
        values.add(scores, here);
        stage ^= 1;
    }
    copies_wait<0>();
    BARRIER();

    // Through the warp's own part of LOCAL memory, so that neighbouring lanes store what are neighbours.
    const int q_warp = q_first + warp * QUERIES;
    if (parts > 1) {
        char *mine = memory + slot * ITEM_BYTES + warp * (QUERIES * DEPTH * 4);
        float *to = partial + partial_off + (((long)(part * B + b) * heads + head) * LQ + q_warp) * (DV + 2);
        values.leave_floats(mine, lane);
        #pragma unroll
        for (int r = 0; r < 2 * BLOCKS; r++) {
            const int row = r * 8 + lane / 4;
            if (lane % 4 == 0 && q_warp + row < LQ) {
                *(float2 *)(to + (long)row * (DV + 2) + DV) = make_float2(most[r] / LOG2E, values.totals[r / 2][r % 2 * 2]);
            }
        }
        __syncwarp();
        #pragma unroll 1
        for (int row = 0; row < QUERIES && q_warp + row < LQ; row++) {
            #pragma unroll 1
            for (int c = lane; c < DV; c += 32) {
                to[(long)row * (DV + 2) + c] = values.left(mine, row, c);
            }
        }
        return;
    }
    char *mine = memory + slot * ITEM_BYTES + warp * (QUERIES * ROW_SIZE);
    float whole[2 * BLOCKS];
    #pragma unroll
    for (int r = 0; r < 2 * BLOCKS; r++) {
        const float total = values.totals[r / 2][r % 2 * 2];
        whole[r] = total == 0.0f ? 0.0f : 1.0f / total;
    }
    values.leave(mine, whole, lane);
    __syncwarp();
    #pragma unroll 1
    for (int e = lane; e < QUERIES * CHUNKS; e += 32) {
        const int row = q_warp + e / CHUNKS;
        const int chunk = e % CHUNKS;
        if (there && row < LQ && chunk * PER_CHUNK < DV) {
            const uint4 numbers = *(const uint4 *)(mine + mixed_chunk<CHUNKS>(e / CHUNKS, chunk));
            real *to = y + (has_places ? places[LQ + row] : (long)row * DV) + chunk * PER_CHUNK;
            if (((ulong)to & (CHUNK - 1)) == 0) {
                store_chunk(to, numbers);
            } else {
                const uint words[4] = {numbers.x, numbers.y, numbers.z, numbers.w};
                #pragma unroll
                for (int i = 0; i < PER_CHUNK; i++) {
#if KERF_STORAGE == STORAGE_F32
                    to[i] = __uint_as_float(words[i]);
#else
                    to[i] = (real)(words[i / 2] >> i % 2 * 16);
#endif
                }
            }
        }
    }
}
