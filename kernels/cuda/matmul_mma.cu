// Matrix products over a batch on tensor cores: STAGES tiles of 128 bytes of terms in flight to local memory (cp.async), fragments by
// ldmatrix, sums in float.
//
//   y[i, m, n] = ACT(alpha · Σ_k a[i, m, k] · b[i, k, n] + bias[n] + r[i, m, n])
//
// Shapes  as matmul.cl says. With WIDE y and r are float, whatever a, b and bias are stored as.
// Launch  `splits` groups for TILE_M × TILE_N elements of y; a warp of each for WARP_M × WARP_N. Where splits > 1, each takes a part of
//         the terms, leaves its sums in partial (tiles, splits, TILE_M · TILE_N), and the last to arrive adds them in order.
// Rows whose starts and lengths are multiples of 16 bytes are copied 16 bytes at a time, others number by number.
// Parameters: TILE_M, TILE_N of a group, WARP_M, WARP_N of a warp, STAGES.
// FLOPs   2 · batch · M · N · K
// Bytes   at least a, b and y once; a group reads TILE_M + TILE_N rows for TILE_M · TILE_N products of each term.

#include "mma.h"
#include "operand.h"
#include "activation.h"

#ifndef TILE_M
#define TILE_M 128
#endif
#ifndef TILE_N
#define TILE_N 128
#endif
#ifndef WARP_M
#define WARP_M 64
#endif
#ifndef WARP_N
#define WARP_N 64
#endif
#ifndef STAGES
#define STAGES 3
#endif
#ifndef TRANSPOSE_A
#define TRANSPOSE_A 0
#endif
#ifndef TRANSPOSE_B
#define TRANSPOSE_B 0
#endif
#ifndef WIDE
#define WIDE 0
#endif

#define THREADS (TILE_M / WARP_M * (TILE_N / WARP_N) * 32)
#define BOUNDS __launch_bounds__(THREADS, THREADS * WARP_M * WARP_N > 262144 ? 2 : 3) // groups on a processor of 65536 registers
#define STAGE_BYTES ((TILE_M + TILE_N) * ROW_BYTES)
#define A_ROWS (WARP_M / 16)
#define B_COLUMNS (WARP_N / 16)

// What is stored, and four neighbours of a row, which a lane reads and writes at once.
#if WIDE || KERF_STORAGE == STORAGE_F32
typedef float result;
typedef float4 Four;
DEVICE float result_load(const float *p) { return *p; }
DEVICE void result_store(float *p, float v) { *p = v; }
DEVICE void four_load(const float *p, float (&v)[4]) {
    const float4 f = *(const float4 *)p;
    v[0] = f.x, v[1] = f.y, v[2] = f.z, v[3] = f.w;
}
DEVICE void four_store(float *p, const float (&v)[4]) { *(float4 *)p = make_float4(v[0], v[1], v[2], v[3]); }
#else
typedef real result;
typedef uint2 Four;
DEVICE float result_load(const real *p) { return LOAD(p, 0); }
DEVICE void result_store(real *p, float v) { STORE(p, 0, v); }
DEVICE void four_load(const real *p, float (&v)[4]) {
    const uint2 f = *(const uint2 *)p;
    const uint both[4] = {f.x & 0xffff, f.x >> 16, f.y & 0xffff, f.y >> 16};
    #pragma unroll
    for (int e = 0; e < 4; e++) {
        const real one = (real)both[e];
        v[e] = LOAD(&one, 0);
    }
}
DEVICE void four_store(real *p, const float (&v)[4]) { *(uint2 *)p = make_uint2(packed(v[0], v[1]), packed(v[2], v[3])); }
#endif

typedef float Sums[A_ROWS][2 * B_COLUMNS][4];

// A warp's sums through its LOCAL memory, so that lanes next to each other have neighbours of a row: four each, AT_ONCE rows at once.
#define PITCH (WARP_N * 4)
#define AT_ONCE (128 / WARP_N)
DEVICE void leave_sums(const Sums &sums, char *memory) {
    const int lane = threadIdx.x % 32;
    char *mine = memory + lane / 4 * PITCH + lane % 4 * 8;
    #pragma unroll
    for (int j = 0; j < 2 * B_COLUMNS; j++) {
        // Four rows' pairs of chunks in different banks.
        char *at = mine + ((2 * j) ^ (lane / 4 & 3) << 1) * CHUNK;
        #pragma unroll
        for (int i = 0; i < 2 * A_ROWS; i++) {
            *(float2 *)(at + i * 8 * PITCH) = make_float2(sums[i / 2][j][i % 2 * 2], sums[i / 2][j][i % 2 * 2 + 1]);
        }
    }
    __syncwarp();
}
DEVICE float4 four_sums(const char *memory, int row, int chunk) {
    return *(const float4 *)(memory + row * PITCH + (chunk ^ (row & 3) << 1) * CHUNK);
}

KERNEL BOUNDS matmul_mma(
        const real *RESTRICT a, long a_off, const real *RESTRICT b, long b_off, const real *RESTRICT bias,
        long bias_off, const real *RESTRICT r, long r_off, real *RESTRICT y, long y_off,
        const long *RESTRICT batches, const int *RESTRICT a_count, long a_count_off,
        const int *RESTRICT b_count, long b_count_off, int M, int N, int K, float alpha, int act, int has_bias,
        int has_residual, int has_a_count, int has_b_count, float *partial, long partial_off, int *arrived, int splits) {
    extern __shared__ __align__(128) char memory[];
    const int lane = threadIdx.x % 32;
    const int warp = threadIdx.x / 32;
    const int across = (N + TILE_N - 1) / TILE_N;
    const int part = blockIdx.x % splits;
    const int tile = blockIdx.x / splits;
    const int m_first = tile / across * TILE_M;
    const int n_first = tile % across * TILE_N;
    const long a_item = batches[2 * blockIdx.y];
    const long b_item = batches[2 * blockIdx.y + 1];
    int terms = K;
    if (has_a_count) {
        terms = min(terms, a_count[a_count_off + a_item / ((long)M * K)]);
    }
    if (has_b_count) {
        terms = min(terms, b_count[b_count_off + b_item / ((long)N * K)]);
    }
    const int all_steps = (K + ROW_NUMBERS - 1) / ROW_NUMBERS;
    const int start = (int)((long)all_steps * part / splits) * ROW_NUMBERS;
    terms = min(terms, (int)((long)all_steps * (part + 1) / splits) * ROW_NUMBERS);

    const uint tiles = local_address(memory);
    const int m_warp = warp / (TILE_N / WARP_N) * WARP_M;
    const int n_warp = warp % (TILE_N / WARP_N) * WARP_N;
    Operand<TRANSPOSE_A, TILE_M, THREADS> left(a + a_off + a_item, 0, M, K, m_first, start, terms);
    Operand<!TRANSPOSE_B, TILE_N, THREADS> right(b + b_off + b_item, TILE_M * ROW_BYTES, N, K, n_first, start, terms);
    const Fragments<TRANSPOSE_A, 0, WARP_M> lefts(0, m_warp, lane);
    const Fragments<!TRANSPOSE_B, 1, WARP_N> rights(TILE_M * ROW_BYTES, n_warp, lane);
    const int steps = max(0, terms - start + ROW_NUMBERS - 1) / ROW_NUMBERS;
    const int whole = min(left.whole, right.whole);
    uint last_stage = tiles + (STAGES - 1) * STAGE_BYTES;
    asm volatile("" : "+r"(last_stage)); // worked out once, not in each step
    uint from = tiles;
    uint to = tiles;

    Sums sums = {};
    // The first copies are steps before the first: one place for them all, which is half of the code.
    #pragma unroll 1
    for (int step = 1 - STAGES; step < steps; step++) {
        copies_wait<STAGES - 2>();
        BARRIER();
        if (step < whole - (STAGES - 1)) {
            left.copy_whole(to);
            right.copy_whole(to);
        } else if (step < steps - (STAGES - 1)) {
            left.copy(to, step + STAGES - 1);
            right.copy(to, step + STAGES - 1);
        }
        copies_commit();
        if (step < 0) {
            to += STAGE_BYTES;
            continue;
        }
        repeat<ROW_PRODUCTS>([&](auto k) {
            multiply_step<A_ROWS, B_COLUMNS>(sums,
                    [&](auto i, uint (&f)[4]) { lefts.template load<k.value, i.value>(f, from); },
                    [&](auto j, uint (&f)[4]) { rights.template load<k.value, j.value>(f, from); });
        });
        to = from;
        from = from == last_stage ? tiles : from + STAGE_BYTES;
    }
    copies_wait<0>();
    BARRIER();

    char *mine = memory + warp * (WARP_M * PITCH);
    leave_sums(sums, mine);
    const int first = lane / (WARP_N / 4);
    const int chunk = lane % (WARP_N / 4);
    const int index = blockIdx.y * across * ((M + TILE_M - 1) / TILE_M) + tile;
    // This lane's first four of the tile's sums of one part; a row is TILE_N further on.
    float *parts = partial + partial_off + (long)index * splits * (TILE_M * TILE_N) + (m_warp + first) * TILE_N + n_warp + 4 * chunk;
    if (splits > 1) {
        float *here = parts + part * (TILE_M * TILE_N);
        #pragma unroll 1
        for (int row = 0; row < WARP_M; row += AT_ONCE) {
            *(float4 *)(here + row * TILE_N) = four_sums(mine, row + first, chunk);
        }
        __threadfence();
        BARRIER_ALL();
        int *last = (int *)memory;
        if (threadIdx.x == 0) {
            *last = atomicAdd(arrived + index, 1) == splits - 1;
        }
        BARRIER();
        if (!*last) {
            return;
        }
        __threadfence();
        if (threadIdx.x == 0) {
            arrived[index] = 0;
        }
    }
    const long item = (long)blockIdx.y * M * N;
    const result *r_item = (const result *)r + r_off + item;
    result *y_item = (result *)y + y_off + item;
    const int column = n_first + n_warp + 4 * chunk;
    const int four = (((ulong)y_item | (has_residual ? (ulong)r_item : 0)) % sizeof(Four) | (N % 4)) == 0;
    float add[4];
    #pragma unroll
    for (int e = 0; e < 4; e++) {
        add[e] = has_bias ? LOAD(bias, bias_off + min(column + e, N - 1)) : 0.0f;
    }
    long at = (long)(m_first + m_warp + first) * N + column;
    #pragma unroll 1
    for (int row = 0; row < WARP_M; row += AT_ONCE) {
        float4 s = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
        if (splits == 1) {
            s = four_sums(mine, row + first, chunk);
        }
        #pragma unroll 1
        for (int p = 0; p < splits && splits > 1; p++) {
            const float4 more = *(const float4 *)(parts + p * (TILE_M * TILE_N) + row * TILE_N);
            s = make_float4(s.x + more.x, s.y + more.y, s.z + more.z, s.w + more.w);
        }
        float v[4] = {fmaf(alpha, s.x, add[0]), fmaf(alpha, s.y, add[1]), fmaf(alpha, s.z, add[2]), fmaf(alpha, s.w, add[3])};
        const int there = m_first + m_warp + first + row < M ? N - column : 0;
        if (has_residual && there > 0) {
            float old[4];
            if (four) {
                four_load(r_item + at, old);
            } else {
                #pragma unroll
                for (int e = 0; e < 4; e++) {
                    old[e] = result_load(r_item + at + min(e, there - 1));
                }
            }
            #pragma unroll
            for (int e = 0; e < 4; e++) {
                v[e] += old[e];
            }
        }
        activate_four(act, v);
        if (four && there > 0) {
            four_store(y_item + at, v);
        } else {
            #pragma unroll
            for (int e = 0; e < 4; e++) {
                if (e < there) {
                    result_store(y_item + at + e, v[e]);
                }
            }
        }
        at += AT_ONCE * (long)N;
    }
}
