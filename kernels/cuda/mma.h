// Tensor cores of NVIDIA GPUs from sm_80 on: products of 16 × K and K × 8 numbers by a warp, with K · size = 32 bytes, in what
// KERF_STORAGE and KERF_ARITHMETIC say; sums are float. PTX ISA, "Matrix fragments for mma.m16n8k16" and "… m16n8k8".
//
// Operands lie in LOCAL memory as rows of 128 bytes, ROW_CHUNKS chunks of 16 bytes each; chunk c of row r stands at c ^ (r % 8), so
// that eight rows' chunks of one number, which is what ldmatrix reads at a time, lie in different banks.
//
//   uint a[4], b[4];
//   load_matrix4<0>(a, chunk_of(tile, row0 + lane % 16, 2 * k + lane / 16));       // 16 rows of the left operand
//   load_matrix4<0>(b, chunk_of(other, column0 + lane % 8 + lane / 16 * 8, 2 * k + lane / 8 % 2)); // 16 columns of the right one
//   multiply(sums, a, b[0], b[1]);                                              // columns 0 … 7; b[2], b[3] are for 8 … 15

#include "chunk.h"

// How factors stored as float are multiplied, numbered as kernels see dev.kerf.backend.Precision.Arithmetic.
#define ARITHMETIC_TF32 1
#define ARITHMETIC_TF32X3 3
#ifndef KERF_ARITHMETIC
#define KERF_ARITHMETIC ARITHMETIC_TF32
#endif

#define ROW_CHUNKS 8                      // of a row of 128 bytes
#define ROW_BYTES (CHUNK * ROW_CHUNKS)
#define ROW_NUMBERS (ROW_CHUNKS * PER_CHUNK)
#define ROW_PRODUCTS (ROW_CHUNKS / 2)     // steps of 32 bytes that a row holds

DEVICE uint local_address(const void *p) { return (uint)__cvta_generic_to_shared(p); }

// f(Constant<0>()) … f(Constant<TIMES - 1>()): an unrolled loop whose number is a constant to the compiler, as an address's offset
// in an instruction has to be.
template <int I> struct Constant { static constexpr int value = I; };
template <int TIMES, int I = 0, typename F> DEVICE void repeat(const F &f) {
    if constexpr (I < TIMES) {
        f(Constant<I>());
        repeat<TIMES, I + 1>(f);
    }
}

// The first `bytes` (0 … 16) of a chunk of global memory, zeros behind them; both addresses at multiples of 16.
template <int TO_OFFSET> DEVICE void copy_chunk(uint to, const void *from, int bytes) {
    asm volatile("cp.async.cg.shared.global [%0 + %3], [%1], 16, %2;"
        : : "r"(to), "l"(from), "r"(bytes), "n"(TO_OFFSET) : "memory");
}
template <int TO_OFFSET, int FROM_OFFSET> DEVICE void copy_chunk(uint to, const void *from) {
    asm volatile("cp.async.cg.shared.global [%0 + %2], [%1 + %3], 16;"
        : : "r"(to), "l"(from), "n"(TO_OFFSET), "n"(FROM_OFFSET) : "memory");
}
template <int TO_OFFSET, int FROM_OFFSET> DEVICE void copy_chunk(uint to, const void *from, int bytes) {
    asm volatile("cp.async.cg.shared.global [%0 + %3], [%1 + %4], 16, %2;"
        : : "r"(to), "l"(from), "r"(bytes), "n"(TO_OFFSET), "n"(FROM_OFFSET) : "memory");
}
// Keeps a number in a register: without it, compilers work out again in each round of a loop what takes them an addition.
DEVICE void kept(uint &v) { asm volatile("" : "+r"(v)); }
// Four numbers of LOCAL memory, at an address that is a multiple of 16.
template <int OFFSET> DEVICE int4 local_load4(uint at) {
    int4 v;
    asm volatile("ld.shared.v4.b32 {%0, %1, %2, %3}, [%4 + %5];"
        : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w) : "r"(at), "n"(OFFSET) : "memory");
    return v;
}
DEVICE uint local_load(uint at) {
    uint v;
    asm volatile("ld.shared.b32 %0, [%1];" : "=r"(v) : "r"(at) : "memory");
    return v;
}
// base + a · b, in one instruction.
DEVICE const char *wide_address(const char *base, int a, int b) {
    const char *at;
    asm("mad.wide.s32 %0, %1, %2, %3;" : "=l"(at) : "r"(a), "r"(b), "l"(base));
    return at;
}
DEVICE void copies_commit() { asm volatile("cp.async.commit_group;" : : : "memory"); }
// Waits until at most LATEST of the groups committed are under way.
template <int LATEST> DEVICE void copies_wait() { asm volatile("cp.async.wait_group %0;" : : "n"(LATEST) : "memory"); }

// Four words at once, at a multiple of 16 bytes of global memory: the compiler is free to store them one by one.
DEVICE void store_chunk(void *to, uint4 v) {
    asm volatile("st.global.v4.b32 [%0], {%1,%2,%3,%4};" : : "l"(to), "r"(v.x), "r"(v.y), "r"(v.z), "r"(v.w) : "memory");
}

DEVICE uint chunk_of(uint tile, int row, int chunk) { return tile + row * ROW_BYTES + ((chunk ^ row) & 7) * CHUNK; }

template <int OFFSET> DEVICE void load_matrix4(uint (&r)[4], uint at) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4 + %5];"
        : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(at), "n"(OFFSET) : "memory");
}
// Each 8 × 8 matrix of 16-bit numbers transposed: where a right operand lies row by row.
template <int OFFSET> DEVICE void load_matrix4_transposed(uint (&r)[4], uint at) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4 + %5];"
        : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(at), "n"(OFFSET) : "memory");
}

#if KERF_STORAGE == STORAGE_F32
#define MMA_SHAPE "m16n8k8.row.col.f32.tf32.tf32.f32"
#elif KERF_STORAGE == STORAGE_F16
#define MMA_SHAPE "m16n8k16.row.col.f32.f16.f16.f32"
#else
#define MMA_SHAPE "m16n8k16.row.col.f32.bf16.bf16.f32"
#endif
DEVICE void multiply(float (&d)[4], const uint (&a)[4], uint b0, uint b1) {
    asm volatile("mma.sync.aligned." MMA_SHAPE " {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// To the nearest of 11 significant bits, ties away from zero. Without it tensor cores drop the other bits.
DEVICE uint nearest_tf32(float v) {
    uint t;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(t) : "f"(v));
    return t;
}
// A float as the sum of two TF32 numbers, up to 2^-22 of it.
DEVICE void split_tf32(uint v, uint &large, uint &small) {
    large = nearest_tf32(__uint_as_float(v));
    small = nearest_tf32(__uint_as_float(v) - __uint_as_float(large));
}

// The sums of one step of 32 bytes: ROWS · 16 rows by COLUMNS · 16 columns, whose fragments left_at(i, r) and right_at(j, r) load.
template <int ROWS, int COLUMNS, typename L, typename R>
DEVICE void multiply_step(float (&sums)[ROWS][2 * COLUMNS][4], const L &left_at, const R &right_at) {
    uint left[ROWS][4];
    repeat<ROWS>([&](auto i) { left_at(i, left[i.value]); });
#if KERF_STORAGE == STORAGE_F32
    uint rest[ROWS][4];
    #pragma unroll
    for (int i = 0; i < ROWS; i++) {
        #pragma unroll
        for (int e = 0; e < 4; e++) {
            if (KERF_ARITHMETIC == ARITHMETIC_TF32X3) split_tf32(left[i][e], left[i][e], rest[i][e]);
            else left[i][e] = nearest_tf32(__uint_as_float(left[i][e]));
        }
    }
#endif
    repeat<COLUMNS>([&](auto column) {
        constexpr int j = column.value;
        uint right[4];
        right_at(column, right);
#if KERF_STORAGE == STORAGE_F32
        uint other[4];
        #pragma unroll
        for (int e = 0; e < 4; e++) {
            if (KERF_ARITHMETIC == ARITHMETIC_TF32X3) split_tf32(right[e], right[e], other[e]);
            else right[e] = nearest_tf32(__uint_as_float(right[e]));
        }
        // The small ones first, so that they don't get lost.
        #pragma unroll
        for (int half = 0; half < 2 * (KERF_ARITHMETIC == ARITHMETIC_TF32X3); half++) {
            #pragma unroll
            for (int i = 0; i < ROWS; i++) multiply(sums[i][2 * j + half], rest[i], right[2 * half], right[2 * half + 1]);
            #pragma unroll
            for (int i = 0; i < ROWS; i++) multiply(sums[i][2 * j + half], left[i], other[2 * half], other[2 * half + 1]);
        }
#endif
        #pragma unroll
        for (int half = 0; half < 2; half++) {
            #pragma unroll
            for (int i = 0; i < ROWS; i++) multiply(sums[i][2 * j + half], left[i], right[2 * half], right[2 * half + 1]);
        }
    });
}

// The same of rows from address a on, PITCH rows from one sixteen to the next, and columns from b on.
template <int ROWS, int COLUMNS, int PITCH = 16>
DEVICE void multiply_step(float (&sums)[ROWS][2 * COLUMNS][4], uint a, uint b) {
    multiply_step<ROWS, COLUMNS>(sums,
            [&](auto i, uint (&r)[4]) { load_matrix4<i.value * PITCH * ROW_BYTES>(r, a); },
            [&](auto j, uint (&r)[4]) { load_matrix4<j.value * 16 * ROW_BYTES>(r, b); });
}
