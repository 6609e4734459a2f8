// Matrix products over a batch on tensor cores, as the kernel ENTRY, by wgmma where WGMMA is 1: STAGES tiles of 128 bytes
// of terms in flight to local memory (cp.async), fragments by ldmatrix, sums in float.
//
//   y[i, m, n] = ACT(alpha · Σ_k a[i, m, k] · b[i, k, n] + bias[n] + r[i, m, n])
//
// Shapes  as matmul.cl says. With WIDE y and r are float, whatever a, b and bias are stored as.
// Launch  `splits` groups for TILE_M × TILE_N elements of y; a warp of each for WARP_M × WARP_N. Where splits > 1, each takes a part of
//         the terms, leaves its sums in partial (tiles, splits, TILE_M · TILE_N), and the last to arrive adds them in order.
// Where has_a_rows, row m of a is row a_rows[m] of the a that is given, zeros where that is -1; where has_r_rows, row m of r is row
// r_rows[m] of the r that is given. There is one item then, and with TURNED there is neither. narrow_r: r is stored as a is.
// TURNED > 0: each 2 · TURNED of a row's columns are turned by the angles of their row (rotary.cl), of which there are R: row
// m · N / (2 · TURNED) + n / (2 · TURNED) of y as rows of 2 · TURNED. There is no activation and no residual, and
// a tile has as many columns of one half as of the other.
// Rows whose starts and lengths are multiples of 16 bytes are copied 16 bytes at a time, others number by number.
// Parameters: TILE_M, TILE_N of a group, WARP_M, WARP_N of a warp, STAGES.
// FLOPs   2 · batch · M · N · K
// Bytes   at least a, b and y once; a group reads TILE_M + TILE_N rows for TILE_M · TILE_N products of each term.

#include "mma.h"
#include "operand.h"
#if WGMMA
#include "wgmma.h"
#endif
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
#ifndef TURNED
#define TURNED 0
#endif

#define THREADS (TILE_M / WARP_M * (TILE_N / WARP_N) * 32)
#define BOUNDS __launch_bounds__(THREADS, THREADS * WARP_M * WARP_N > 262144 ? 2 : 3) // groups on a processor of 65536 registers
#define STAGE_BYTES ((TILE_M + TILE_N) * ROW_BYTES)
#ifndef WGMMA
#define WGMMA 0
#endif
#define A_ROWS (WARP_M / 16)
#define B_COLUMNS (WARP_N / 16)
// Blocks of 16 rows and of 8 columns of a warp's sums. With WGMMA four warps have every column of a tile, and 16 of each 64 rows.
#define ROW_BLOCKS (WGMMA ? TILE_M / 64 : A_ROWS)
#define COLUMN_BLOCKS (WGMMA ? TILE_N / 8 : 2 * B_COLUMNS)

// What is stored, and four neighbours of a row, which a lane reads and writes at once.
DEVICE float one_load(const float *p) { return *p; }
DEVICE void four_load(const float *p, float (&v)[4]) {
    const float4 f = *(const float4 *)p;
    v[0] = f.x, v[1] = f.y, v[2] = f.z, v[3] = f.w;
}
#if KERF_STORAGE != STORAGE_F32
DEVICE float one_load(const real *p) { return LOAD(p, 0); }
DEVICE void four_load(const real *p, float (&v)[4]) {
    const uint2 f = *(const uint2 *)p;
    const uint both[4] = {f.x & 0xffff, f.x >> 16, f.y & 0xffff, f.y >> 16};
    #pragma unroll
    for (int e = 0; e < 4; e++) {
        const real one = (real)both[e];
        v[e] = LOAD(&one, 0);
    }
}
#endif
#if WIDE || KERF_STORAGE == STORAGE_F32
typedef float result;
typedef float4 Four;
DEVICE void result_store(float *p, float v) { *p = v; }
DEVICE void four_store(float *p, const float (&v)[4]) { *(float4 *)p = make_float4(v[0], v[1], v[2], v[3]); }
#else
typedef real result;
typedef uint2 Four;
DEVICE void result_store(real *p, float v) { STORE(p, 0, v); }
DEVICE void four_store(real *p, const float (&v)[4]) { *(uint2 *)p = make_uint2(packed(v[0], v[1]), packed(v[2], v[3])); }
#endif
// Adds `there` of four neighbours, all of them at once where they are `aligned`.
template <typename T> DEVICE void four_add(float (&v)[4], const T *p, int aligned, int there) {
    float old[4];
    if (aligned) {
        four_load(p, old);
    } else {
        #pragma unroll
        for (int e = 0; e < 4; e++) {
            old[e] = one_load(p + min(e, there - 1));
        }
    }
    #pragma unroll
    for (int e = 0; e < 4; e++) {
        v[e] += old[e];
    }
}

typedef float Sums[ROW_BLOCKS][COLUMN_BLOCKS][4];

// A warp's sums through its LOCAL memory, so that lanes next to each other have neighbours of a row: four each, AT_ONCE rows at once. With
// WGMMA those of a warp come from all four.
#define PITCH (WARP_N * 4)
#define AT_ONCE (128 / WARP_N)
DEVICE void leave_sums(const Sums &sums, char *memory, int warp) {
    const int lane = threadIdx.x % 32;
    char *mine = memory + (WGMMA ? warp * 16 * PITCH : warp * WARP_M * PITCH) + lane / 4 * PITCH + lane % 4 * 8;
    #pragma unroll
    for (int j = 0; j < COLUMN_BLOCKS; j++) {
        // Four rows' pairs of chunks in different banks.
        char *at = mine + ((2 * j % (WARP_N / 4)) ^ (lane / 4 & 3) << 1) * CHUNK + j * 8 / WARP_N * (WARP_M * PITCH);
        #pragma unroll
        for (int i = 0; i < 2 * ROW_BLOCKS; i++) {
            char *row = at + (WGMMA ? i / 2 * (TILE_N / WARP_N * WARP_M) + i % 2 * 8 : i * 8) * PITCH;
            *(float2 *)row = make_float2(sums[i / 2][j][i % 2 * 2], sums[i / 2][j][i % 2 * 2 + 1]);
        }
    }
}
DEVICE float4 four_sums(const char *memory, int row, int chunk) {
    return *(const float4 *)(memory + row * PITCH + (chunk ^ (row & 3) << 1) * CHUNK);
}

KERNEL BOUNDS ENTRY(
        const real *RESTRICT a, long a_off, const real *RESTRICT b, long b_off, const real *RESTRICT bias,
        long bias_off, const real *RESTRICT r, long r_off, real *RESTRICT y, long y_off,
        const long *RESTRICT batches, const int *RESTRICT a_count, long a_count_off,
        const int *RESTRICT b_count, long b_count_off, int M, int N, int K, float alpha, int act, int has_bias,
        int has_residual, int has_a_count, int has_b_count, const float *RESTRICT cosines, long cosines_off,
        const float *RESTRICT sines, long sines_off, int R, const int *RESTRICT a_rows, int has_a_rows,
        const int *RESTRICT r_rows, int has_r_rows, int narrow_r, float *partial, long partial_off, int *arrived, int splits) {
    extern __shared__ __align__(1024) char memory[];
    const int lane = threadIdx.x % 32;
    const int warp = threadIdx.x / 32;
    const int across = (N + TILE_N - 1) / TILE_N;
    const int part = blockIdx.x % splits;
    const int tile = blockIdx.x / splits;
    const int m_first = tile / across * TILE_M;
    const int n_tile = tile % across * TILE_N;
    const int n_first = TURNED ? n_tile / (2 * TURNED + !TURNED) * (2 * TURNED) + n_tile % (2 * TURNED + !TURNED) / 2 : n_tile;
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
    Operand<TRANSPOSE_A, TILE_M, THREADS, 0, !TRANSPOSE_A> left(
            a + a_off + a_item, 0, M, K, m_first, start, terms, has_a_rows ? a_rows : 0);
    Operand<!TRANSPOSE_B, TILE_N, THREADS, TURNED> right(b + b_off + b_item, TILE_M * ROW_BYTES, N, K, n_first, start, terms);
    const Fragments<TRANSPOSE_A, 0, (WGMMA ? 16 : WARP_M)> lefts(0, WGMMA ? warp * 16 : m_warp, lane);
#if !WGMMA
    const Fragments<!TRANSPOSE_B, 1, WARP_N> rights(TILE_M * ROW_BYTES, n_warp, lane);
#endif
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
#if WGMMA
        columns_seen();
#endif
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
#if WGMMA
        multiply_rows<ROW_BLOCKS, !TRANSPOSE_B>(sums,
                [&](auto k, auto i, uint (&f)[4]) { lefts.template load<k.value, i.value * 4>(f, from); },
                columns_at(from + TILE_M * ROW_BYTES, TRANSPOSE_B ? CHUNK : PANEL_BYTES));
        products_end(sums);
#else
        repeat<ROW_PRODUCTS>([&](auto k) {
            multiply_step<A_ROWS, B_COLUMNS>(sums,
                    [&](auto i, uint (&f)[4]) { lefts.template load<k.value, i.value>(f, from); },
                    [&](auto j, uint (&f)[4]) { rights.template load<k.value, j.value>(f, from); });
        });
#endif
        to = from;
        from = from == last_stage ? tiles : from + STAGE_BYTES;
    }
    copies_wait<0>();
    BARRIER();

    char *mine = memory + warp * (WARP_M * PITCH);
    leave_sums(sums, memory, warp);
    if (WGMMA || TURNED) {
        static_assert(!TURNED || TILE_N == 2 * WARP_N && 2 * TURNED % TILE_N == 0 && !TRANSPOSE_B, "a warp beside another has the other half");
        BARRIER();
    } else {
        __syncwarp();
    }
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
    const int r_bytes = narrow_r ? sizeof(real) : sizeof(result);
    const char *r_item = (const char *)r + (r_off + item) * r_bytes;
    result *y_item = (result *)y + y_off + item;
    const int column = n_first + n_warp + 4 * chunk;
    const int four = (((ulong)y_item | (has_residual ? (ulong)r_item : 0)) % sizeof(Four) | (N % 4)) == 0;
#if TURNED
    // A warp and the one beside it, which has the other half, take half of the rows each, and both halves of these.
    const char *sums_at = memory + (warp & ~1) * (WARP_M * PITCH);
    const int low = n_first + 4 * chunk;
    const float *cosine = cosines + cosines_off + low % (2 * TURNED);
    const float *sine = sines + sines_off + low % (2 * TURNED);
    const int angles_aligned = (((ulong)cosine | (ulong)sine) & (CHUNK - 1)) == 0;
    float adds[2][4];
    #pragma unroll
    for (int e = 0; e < 8; e++) {
        adds[e / 4][e % 4] = has_bias ? LOAD(bias, bias_off + low + e / 4 * TURNED + e % 4) : 0.0f;
    }
    const int first_row = warp % 2 * (WARP_M / 2) + first;
    #pragma unroll 1
    for (int row = first_row; row < first_row + WARP_M / 2; row += AT_ONCE) {
        const int m = m_first + m_warp + row;
        if (m >= M) {
            break;
        }
        const float4 a = four_sums(sums_at, row, chunk);
        const float4 b = four_sums(sums_at + WARP_M * PITCH, row, chunk);
        const long turn = (long)((m * (N / (2 * TURNED)) + n_first / (2 * TURNED)) % R) * TURNED;
        float c[4];
        float s[4];
        if (angles_aligned) {
            chunk_load(cosine + turn, c);
            chunk_load(sine + turn, s);
        } else {
            #pragma unroll
            for (int e = 0; e < 4; e++) {
                c[e] = cosine[turn + e];
                s[e] = sine[turn + e];
            }
        }
        const float lows[4] = {a.x, a.y, a.z, a.w};
        const float highs[4] = {b.x, b.y, b.z, b.w};
        float turned[2][4];
        #pragma unroll
        for (int e = 0; e < 4; e++) {
            const float x = fmaf(alpha, lows[e], adds[0][e]);
            const float z = fmaf(alpha, highs[e], adds[1][e]);
            turned[0][e] = fmaf(x, c[e], -z * s[e]);
            turned[1][e] = fmaf(x, s[e], z * c[e]);
        }
        #pragma unroll
        for (int half = 0; half < 2; half++) {
            result *to = y_item + (long)m * N + low + half * TURNED;
            if (four) {
                four_store(to, turned[half]);
            } else {
                #pragma unroll
                for (int e = 0; e < 4; e++) {
                    result_store(to + e, turned[half][e]);
                }
            }
        }
    }
#else
    float add[4];
    #pragma unroll
    for (int e = 0; e < 4; e++) {
        add[e] = has_bias ? LOAD(bias, bias_off + min(column + e, N - 1)) : 0.0f;
    }
    ulong none = 0; // rows of a that aren't there
    if (has_a_rows) {
        #pragma unroll
        for (int half = 0; half < WARP_M; half += 32) {
            const int a_row = a_rows[min(m_first + m_warp + half + lane, M - 1)];
            none |= (ulong)__ballot_sync(0xffffffff, a_row < 0) << half;
        }
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
        if (none != 0 && (none >> (row + first) & 1)) {
            s = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
        }
        float v[4] = {fmaf(alpha, s.x, add[0]), fmaf(alpha, s.y, add[1]), fmaf(alpha, s.z, add[2]), fmaf(alpha, s.w, add[3])};
        const int m = m_first + m_warp + first + row;
        const int there = m < M ? N - column : 0;
        if (has_residual && there > 0) {
            const long from = has_r_rows ? (long)r_rows[m] * N + column : at;
#if WIDE && KERF_STORAGE != STORAGE_F32
            if (narrow_r) {
                four_add(v, (const real *)r_item + from, four, there);
            } else
#endif
            four_add(v, (const result *)r_item + from, four, there);
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
#endif
}
