// y[i] = 3 · x[i], through LOCAL memory that a group gets at launch.
KERNEL triple_sm80(const real *x, long x_off, real *y, long y_off, int n, int stages) {
    extern __shared__ float held[];
    int i = GLOBAL_ID(0);
    if (i < n) {
        held[LOCAL_ID(0)] = LOAD(x, x_off + i);
        STORE(y, y_off + i, 3.0f * held[LOCAL_ID(0)]);
    }
}
