// Four neighbours at once.
//
//   LOAD4(p, i)                   elements i to i + 3 as a float4; in CUDA they must be aligned to four elements
//   SET_LOCAL4(p, i, a, b, c, d)  writes four floats to a LOCAL array marked LOCAL_ALIGN, i a multiple of 4
#ifdef __OPENCL_VERSION__
#if KERF_STORAGE == STORAGE_F16
#define LOAD4(p, i) vload_half4(0, (p) + (i))
#elif KERF_STORAGE == STORAGE_BF16
#define LOAD4(p, i) as_float4(convert_uint4(vload4(0, (p) + (i))) << 16)
#else
#define LOAD4(p, i) vload4(0, (p) + (i))
#endif
#define SET_LOCAL4(p, i, a, b, c, d) (*(__local float4 *)((p) + (i)) = (float4)((a), (b), (c), (d)))
#else
#if KERF_STORAGE != STORAGE_F32
DEVICE float4 kerf_load4(const real *p) {
    const ushort4 h = *(const ushort4 *)p;
    return make_float4(kerf_load(&h.x), kerf_load(&h.y), kerf_load(&h.z), kerf_load(&h.w));
}
#define LOAD4(p, i) kerf_load4((p) + (i))
#else
#define LOAD4(p, i) (*(const float4 *)((p) + (i)))
#endif
#define SET_LOCAL4(p, i, a, b, c, d) (*(float4 *)((p) + (i)) = make_float4((a), (b), (c), (d)))
#endif
