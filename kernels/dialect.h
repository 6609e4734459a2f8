// One kernel source for OpenCL C 1.2 and CUDA C++: the few words in which they differ.
//
//   KERNEL name(GLOBAL const real *RESTRICT x, long x_off, GLOBAL real *RESTRICT y, long y_off, int n) {
//       LOCAL float tile[TILE];
//       int i = GLOBAL_ID(0);
//       if (i < n) STORE(y, y_off + i, activate(ACT, LOAD(x, x_off + i)));
//   }
//
// real is how activations are stored, as KERF_STORAGE says: float, half, or the upper half of a float (bfloat16). Only LOAD and
// STORE touch it; sums are float.
// BARRIER orders a group's LOCAL memory, BARRIER_ALL its GLOBAL memory too.
// Pointers to scalars of other types (int, uchar, ushort, long) are used as they are. LOCAL_POINTER is for pointers
// into LOCAL memory.

// Storages, numbered as dev.kerf.backend.Precision.Storage.
#define STORAGE_F32 0
#define STORAGE_F16 1
#define STORAGE_BF16 2
#ifndef KERF_STORAGE
#define KERF_STORAGE STORAGE_F32
#endif

#ifdef __OPENCL_VERSION__

#define KERNEL __kernel void
#define GLOBAL __global
#define LOCAL __local
#define LOCAL_POINTER __local
#define RESTRICT restrict
#define DEVICE static inline
#define BARRIER() barrier(CLK_LOCAL_MEM_FENCE)
#define BARRIER_ALL() barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE)
#define ATOMIC_INC(p) atomic_inc(p)
#define POPCOUNT(i) ((int)popcount((uint)(i)))
#define GLOBAL_ID(i) ((int)get_global_id(i))
#define LOCAL_ID(i) ((int)get_local_id(i))
#define GROUP_ID(i) ((int)get_group_id(i))
#define FMA(a, b, c) fma(a, b, c)
#define AS_FLOAT(i) as_float(i)
#define AS_INT(f) as_int(f)
#define INF INFINITY
#define LOCAL4(p, i) (*(__local const float4 *)((p) + (i)))

#if KERF_STORAGE == STORAGE_F16
typedef half real;
#define LOAD(p, i) vload_half((size_t)(i), (p))
#define STORE(p, i, v) vstore_half_rte((v), (size_t)(i), (p))
// Sixteen neighbours from element i on, at any alignment: for OpenCL's CPU-type devices.
#define LOAD16(p, i) vload_half16(0, (p) + (i))
#define STORE16(p, i, v) vstore_half16_rte((v), 0, (p) + (i))
#elif KERF_STORAGE == STORAGE_BF16
typedef ushort real; // the upper half of a float
#define LOAD(p, i) as_float((uint)(p)[i] << 16)
#define STORE(p, i, v) ((p)[i] = kerf_upper(v))
#define LOAD16(p, i) as_float16(convert_uint16(vload16(0, (p) + (i))) << 16)
#define STORE16(p, i, v) vstore16(kerf_upper16(v), 0, (p) + (i))
// To the nearest, ties to even; NaN stays NaN.
DEVICE ushort kerf_upper(float v) {
    const uint u = as_uint(v);
    return (ushort)(v != v ? u >> 16 | 0x40u : (u + 0x7fffu + (u >> 16 & 1u)) >> 16);
}
DEVICE ushort16 kerf_upper16(float16 v) {
    const uint16 u = as_uint16(v);
    const uint16 rounded = (u + (uint16)(0x7fffu) + (u >> 16 & (uint16)(1u))) >> 16;
    return convert_ushort16(select(rounded, u >> 16 | (uint16)(0x40u), as_uint16(v != v)));
}
#else
typedef float real;
#define LOAD(p, i) ((p)[i])
#define STORE(p, i, v) ((p)[i] = (v))
#define LOAD16(p, i) vload16(0, (p) + (i))
#define STORE16(p, i, v) vstore16((v), 0, (p) + (i))
#endif

// x · Φ(x) = max(x, 0) − |x| · Φ(−|x|), Φ(−a) = e^(−a²/2) · p(1 / (1 + 0.35 a)), p a minimax fit in the form of Hastings'
// (Abramowitz and Stegun 7.1.26), e^c by multiples of ln 2 in two parts (Cody and Waite 1980): to within 5 units in the last
// place. No branch and no call, so that compilers for CPUs make vectors of neighbouring work-items.
DEVICE float kerf_gelu_erf(float x) {
    float a = fabs(x);
    a = a > 14.5f ? 14.5f : a; // from there on it is 0; NaN stays NaN
    const float t = 1.0f / fma(a, 0.35f, 1.0f);
    float q = fma(t, -0.0291580297f, 0.144031614f);
    q = fma(q, t, -0.255840391f);
    q = fma(q, t, 0.159321249f);
    q = fma(q, t, -0.0232133940f);
    q = fma(q, t, 0.105552927f);
    q = fma(q, t, 0.119821183f);
    q = fma(q, t, 0.139863536f);
    q = fma(q, t, 0.139621302f) * t;
    const float square = a * a;
    const float c = -0.5f * square;
    const float biased = 12583039.0f; // 1.5 · 2^23 + 127: added, it rounds to a whole number and leaves it as an exponent
    const float n = fma(c, 1.442695f, biased) - biased;
    float r = fma(n, 2.12194440e-4f, fma(n, -0.693359375f, c));
    r = fma(-0.5f, fma(a, a, -square), r); // what the square lost
    float p = fma(r, 1.9789266e-4f, 1.3945753e-3f);
    p = fma(p, r, 8.3335042e-3f);
    p = fma(p, r, 4.1666280e-2f);
    p = fma(p, r, 0.16666666f);
    p = fma(p, r, 0.5f);
    p = fma(p * r, r, r) + 1.0f;
    // Half of the exponent at a time: a denormal result is rounded once.
    const float first_n = fma(n, 0.5f, biased);
    const float rest_n = n - (first_n - biased) + biased;
    p *= as_float(as_int(first_n) << 23) * q * a;
    return (x < 0.0f ? 0.0f : x) - p * as_float(as_int(rest_n) << 23);
}
#define GELU_ERF(x) kerf_gelu_erf(x)

#else // CUDA

#define KERNEL extern "C" __global__ void
#define GLOBAL
#define LOCAL __shared__
#define LOCAL_POINTER
#define RESTRICT __restrict__
#define DEVICE static __device__ __forceinline__
#define BARRIER() __syncthreads()
#define BARRIER_ALL() __syncthreads()
#define ATOMIC_INC(p) atomicAdd(p, 1)
#define POPCOUNT(i) __popc(i)
#define GLOBAL_ID(i) kerf_global_id<i>()
#define LOCAL_ID(i) kerf_local_id<i>()
#define GROUP_ID(i) kerf_group_id<i>()
#define FMA(a, b, c) fmaf(a, b, c)
#define AS_FLOAT(i) __int_as_float(i)
#define AS_INT(f) __float_as_int(f)
#define INF __int_as_float(0x7f800000)
#define GELU_ERF(x) ((x) < -1e30f ? 0.0f : 0.5f * (x) * erfc((x) * -0.70710678118654752440f))
#define LOCAL4(p, i) (*(const float4 *)((p) + (i)))

typedef unsigned char uchar;
typedef unsigned short ushort;
typedef unsigned int uint;
typedef unsigned long ulong;

template <int I> DEVICE int kerf_local_id() { return I == 0 ? threadIdx.x : I == 1 ? threadIdx.y : threadIdx.z; }
template <int I> DEVICE int kerf_group_id() { return I == 0 ? blockIdx.x : I == 1 ? blockIdx.y : blockIdx.z; }
template <int I> DEVICE int kerf_local_size() { return I == 0 ? blockDim.x : I == 1 ? blockDim.y : blockDim.z; }
template <int I> DEVICE int kerf_global_id() {
    return kerf_group_id<I>() * kerf_local_size<I>() + kerf_local_id<I>();
}

#if KERF_STORAGE == STORAGE_F16
typedef ushort real; // the bits of a half
DEVICE float kerf_load(const real *p) {
    float f;
    asm("cvt.f32.f16 %0, %1;" : "=f"(f) : "h"(*p));
    return f;
}
DEVICE void kerf_store(real *p, float v) {
    real h;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(h) : "f"(v));
    *p = h;
}
#define LOAD(p, i) kerf_load((p) + (i))
#define STORE(p, i, v) kerf_store((p) + (i), (v))
#elif KERF_STORAGE == STORAGE_BF16
typedef ushort real; // the upper half of a float
DEVICE float kerf_load(const real *p) { return __uint_as_float((uint)*p << 16); }
// To the nearest, ties to even; NaN stays NaN. By integers: architectures before sm_80 have no instruction for it.
DEVICE void kerf_store(real *p, float v) {
    const uint u = __float_as_uint(v);
    *p = (real)(v != v ? u >> 16 | 0x40u : (u + 0x7fffu + (u >> 16 & 1u)) >> 16);
}
#define LOAD(p, i) kerf_load((p) + (i))
#define STORE(p, i, v) kerf_store((p) + (i), (v))
#else
typedef float real;
#define LOAD(p, i) ((p)[i])
#define STORE(p, i, v) ((p)[i] = (v))
#endif

#endif

// What a type's name says, for #if: IS(REAL, TYPE) is 1 if TYPE is real, IS(FLOAT, TYPE) if it is real or float, and
// BYTES(TYPE) is the size of an integer type.
#define KERF_JOIN_(a, b) a##b
#define KERF_JOIN(a, b) KERF_JOIN_(a, b)
#define IS(what, type) KERF_JOIN(KERF_##what##_, type)
#define BYTES(type) KERF_JOIN(KERF_BYTES_, type)
#define KERF_REAL_real 1
#define KERF_FLOAT_real 1
#define KERF_FLOAT_float 1
#define KERF_BYTES_char 1
#define KERF_BYTES_uchar 1
#define KERF_BYTES_short 2
#define KERF_BYTES_ushort 2
#define KERF_BYTES_int 4
#define KERF_BYTES_uint 4
#define KERF_BYTES_long 8

// A LOCAL float array marked LOCAL_ALIGN can be read four at a time: LOCAL4(p, i), i a multiple of 4.
#define LOCAL_ALIGN __attribute__((aligned(16)))

// Activations, numbered as dev.kerf.graph.Op.Activation. The kind is a definition, so that the choice costs nothing.
#define ACT_NONE 0
#define ACT_RELU 1
#define ACT_GELU_ERF 2
#define ACT_GELU_TANH 3
#define ACT_SIGMOID 4
#define ACT_SILU 5
#define ACT_TANH 6
#define ACT_HARD_SWISH 7
#define ACT_RELU6 8

DEVICE float activate(int kind, float x) {
    switch (kind) {
        case ACT_RELU: return x < 0.0f ? 0.0f : x; // NaN stays NaN
        // By erfc and the logistic function, which keep their digits where 1 + erf x and 1 + tanh x near 0.
        case ACT_GELU_ERF: return GELU_ERF(x);
        case ACT_GELU_TANH:
            return x < -1e12f ? 0.0f : x / (1.0f + exp(-1.59576912160573071176f * (x + 0.044715f * x * x * x)));
        case ACT_SIGMOID: return 1.0f / (1.0f + exp(-x));
        case ACT_SILU: return x < -1e30f ? 0.0f : x / (1.0f + exp(-x));
        case ACT_TANH: return tanh(x);
        case ACT_HARD_SWISH: return x < -3.0f ? 0.0f : x * ((x > 3.0f ? 6.0f : x + 3.0f) * (1.0f / 6.0f));
        case ACT_RELU6: return x < 0.0f ? 0.0f : x > 6.0f ? 6.0f : x;
        default: return x;
    }
}

// Errors that a run finds on the device. The cell is four ints: code, node, what was found, 0. The first node to
// raise one keeps the cell; work-items of one node may overwrite one another, each with a finding that holds.
#define ERROR_CAPACITY 1
#define ERROR_INDEX 2
#define RAISE(cell, code, node, found) \
    if ((cell)[0] == 0 || (cell)[1] == (node)) { (cell)[1] = (node); (cell)[2] = (found); (cell)[0] = (code); }
