package dev.kerf.backend;

import dev.kerf.error.BadInputException;

/**
 * How the CPU back end works.
 *
 * <pre>{@code Device device = Backends.open("cpu", CpuOptions.of().threads(2));}</pre>
 *
 * @param threads that work at once, the calling one included: 1 to {@link #MOST_THREADS}
 */
public record CpuOptions(int threads) {
    /** Most threads of a device. */
    public static final int MOST_THREADS = 1024;

    /** Checks the range. */
    public CpuOptions {
        if (threads < 1 || threads > MOST_THREADS) {
            throw new BadInputException(threads + " threads: expected 1 to " + MOST_THREADS);
        }
    }

    /** One thread for each processor. */
    public static CpuOptions of() {
        return new CpuOptions(Math.min(MOST_THREADS, Runtime.getRuntime().availableProcessors()));
    }

    /** This with another number of threads. */
    public CpuOptions threads(int n) {
        return new CpuOptions(n);
    }
}
