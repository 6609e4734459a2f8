// Sixteen bytes of neighbouring numbers at a time: eight halves or four floats, at an address that is a multiple of 16.
#define CHUNK 16
#define PER_CHUNK (CHUNK / (int)sizeof(real))

DEVICE void chunk_load(const float *p, float (&v)[4]) {
    const float4 four = *(const float4 *)p;
    v[0] = four.x;
    v[1] = four.y;
    v[2] = four.z;
    v[3] = four.w;
}
DEVICE void chunk_store(float *p, const float (&v)[4]) { *(float4 *)p = make_float4(v[0], v[1], v[2], v[3]); }

#if KERF_STORAGE != STORAGE_F32
// Two numbers as they are stored, the first in the lower half.
DEVICE uint packed(float low, float high) {
    uint both;
#if KERF_STORAGE == STORAGE_F16
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(both) : "f"(high), "f"(low));
#else
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(both) : "f"(high), "f"(low));
#endif
    return both;
}

DEVICE void chunk_load(const real *p, float (&v)[8]) {
    union { uint4 chunk; real each[8]; } u;
    u.chunk = *(const uint4 *)p;
    #pragma unroll
    for (int e = 0; e < 8; e++) v[e] = LOAD(u.each, e);
}
DEVICE void chunk_store(real *p, const float (&v)[8]) {
    // In one instruction: the compiler makes four of a uint4's assignment.
    asm volatile("st.global.v4.b32 [%0], {%1, %2, %3, %4};"
        : : "l"(p), "r"(packed(v[0], v[1])), "r"(packed(v[2], v[3])), "r"(packed(v[4], v[5])), "r"(packed(v[6], v[7]))
        : "memory");
}
#endif
