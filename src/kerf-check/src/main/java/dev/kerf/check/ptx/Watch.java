package dev.kerf.check.ptx;

/**
 * What the interpreter does besides running kernels. Bounds, alignment and barriers it always watches.
 *
 * @param checks     whether it holds them to its rules of races and of shared and local memory that nobody has written
 * @param strict     whether global memory that nobody has written mustn't be read either. Kernels read, and throw away, rows beyond a
 *                   count; what they read there is NaN, or −1
 * @param counting   whether it counts what accesses to memory cost
 * @param truncating whether sums of tensor cores are rounded towards 0 rather than to the nearest
 */
record Watch(boolean checks, boolean strict, boolean counting, boolean truncating) {
    Watch withCounting() {
        return new Watch(checks, strict, true, truncating);
    }
}
