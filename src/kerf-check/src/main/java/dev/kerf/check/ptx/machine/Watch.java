package dev.kerf.check.ptx.machine;

/**
 * What the interpreter does besides running kernels. Bounds, alignment and barriers it always watches.
 *
 * @param checks     whether it holds them to its rules of races and of shared and local memory that nobody has written
 * @param strict     whether global memory that nobody has written mustn't be read either. Kernels read, and throw away, rows beyond a
 *                   count; what they read there is NaN, or −1
 * @param counting   whether it counts what accesses to memory cost
 * @param truncating whether sums of tensor cores are rounded towards 0 rather than to the nearest
 * @param discarding whether what kernels store to global memory is thrown away, so that a launch that runs in part leaves nothing to
 *                   the next one; what they change by atomics stays
 */
public record Watch(boolean checks, boolean strict, boolean counting, boolean truncating, boolean discarding) {
    /** What kernels store stays. */
    public Watch(boolean checks, boolean strict, boolean counting, boolean truncating) {
        this(checks, strict, counting, truncating, false);
    }

    public Watch withCounting() {
        return new Watch(checks, strict, true, truncating, discarding);
    }
}
