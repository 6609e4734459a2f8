// Activations of four numbers at a time, for kernels that apply them to sums in registers.

// x · Φ(x) = max(x, 0) − |x| · Φ(−|x|), Φ(−a) = φ(a) · (b1 t + … + b5 t⁵), t = 1 / (1 + 0.2316419 a): to within 2^-23 of |x| (Abramowitz
// and Stegun 26.2.17, whose b are divided by √2π here), with CUDA's approximate reciprocal and power of two.
DEVICE float gelu(float x) {
    const float a = fminf(fabsf(x), 14.5f); // from there on it is 0; NaN stays NaN by x
    float t;
    asm("rcp.approx.f32 %0, %1;" : "=f"(t) : "f"(fmaf(a, 0.2316419f, 1.0f)));
    float q = fmaf(t, 0.530702714f, -0.726576013f);
    q = fmaf(q, t, 0.710706870f);
    q = fmaf(q, t, -0.142248368f);
    q = fmaf(q, t, 0.127414796f) * t;
    float e;
    asm("ex2.approx.f32 %0, %1;" : "=f"(e) : "f"(a * a * -0.72134752044f));
    return fmaf(-(e * q), a, x < 0.0f ? 0.0f : x);
}

DEVICE float activate_rarely(int act, float x) {
    switch (act) {
        case ACT_GELU_TANH: return activate(ACT_GELU_TANH, x);
        case ACT_SIGMOID: return activate(ACT_SIGMOID, x);
        case ACT_SILU: return activate(ACT_SILU, x);
        case ACT_HARD_SWISH: return activate(ACT_HARD_SWISH, x);
        case ACT_RELU6: return activate(ACT_RELU6, x);
        default: return activate(ACT_TANH, x);
    }
}

DEVICE void activate_four(int act, float (&v)[4]) {
    if (act == ACT_NONE) {
        return;
    }
    if (act == ACT_RELU || act == ACT_GELU_ERF) {
        #pragma unroll
        for (int e = 0; e < 4; e++) {
            v[e] = act == ACT_RELU ? (v[e] < 0.0f ? 0.0f : v[e]) : gelu(v[e]);
        }
        return;
    }
    #pragma unroll 1
    for (int e = 0; e < 4; e++) {
        const float now = activate_rarely(act, v[0]);
        v[0] = v[1];
        v[1] = v[2];
        v[2] = v[3];
        v[3] = now;
    }
}
