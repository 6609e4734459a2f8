package dev.kerf.backend.cpu.dense;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

/**
 * Gets the tiles compiled beside the first runs. Before the JVM's optimising compiler has seen a Vector API loop,
 * each of its operations is a call and an object, 500 times slower; a plain loop is ten times slower at most. So
 * {@link Tiles} starts out with plain loops, which give the same bits, while a thread that soon ends calls the vector
 * ones on a few numbers until they are fast. In a JVM without that compiler they stay slow and unused: the thread then
 * tries more and more seldom.
 */
final class WarmTiles {
    /** Whether a tile of so many rows is compiled, by {@link #kind}. Read without a fence: a late view costs time alone. */
    private static final boolean[][] READY = new boolean[4][Tiles.MAX_ROWS + 1];
    private static final AtomicBoolean STARTED = new AtomicBoolean();
    private static final int CALLS = 64;
    /** A compiled call takes 0.1 µs, one that isn't 10 µs and more. */
    private static final long FAST_NANOS = CALLS * 1_000L;
    /** So many calls ask for the compiler where it knows the tile from a profile; what it has to run on is then left to it. */
    private static final long CALLS_BEFORE_WAITING = 1_000;
    private static final long WAIT_NANOS = 1_000_000;
    /** The compiler is asked for by the number of calls, which a machine that is busy elsewhere takes long to make. */
    private static final long PATIENCE_CALLS = 20_000;
    private static final long PATIENCE_NANOS = 3_000_000_000L;
    private static final long CALLS_BETWEEN_PAUSES = 16 * CALLS;
    private static final long LONGEST_PAUSE_NANOS = 60_000_000_000L;

    private WarmTiles() {}

    static boolean ready(int rows, boolean add, boolean pairs) {
        return READY[kind(add, pairs && Tiles.distinguishesPairs(rows))][rows];
    }

    /** For sums that are put down or added, of vectors that lie anywhere or in pairs. */
    private static int kind(boolean add, boolean pairs) {
        return (add ? 1 : 0) + (pairs ? 2 : 0);
    }

    /** Starts the thread, once in the life of the JVM. */
    static void start() {
        if (STARTED.compareAndSet(false, true)) {
            Thread.ofPlatform().daemon().name("kerf-tiles").start(WarmTiles::run);
        }
    }

    private static void run() {
        int lanes = Tiles.LANES;
        float[] a = new float[2 * Tiles.MAX_ROWS];
        float[] b = new float[4 * lanes];
        float[] c = new float[Tiles.MAX_ROWS * 4 * lanes];
        int[] starts = new int[4];
        for (boolean add : new boolean[] {false, true}) {
            for (int rows : Tiles.HEIGHTS) {
                for (boolean pairs : Tiles.distinguishesPairs(rows) ? new boolean[] {false, true} : new boolean[1]) {
                    Offsets off = pairs ? Offsets.pairs(2) : Offsets.of(0, 0);
                    until(() -> Tiles.vectors(rows, a, 0, 2 * Tiles.group(rows), b, 0, starts, 0, 2, off, 2, c, 0, 4 * lanes,
                            add));
                    READY[kind(add, pairs)][rows] = true;
                }
            }
        }
    }

    /** Calls a tile until it is fast. */
    private static void until(Runnable tile) {
        long begin = System.nanoTime();
        long took = Long.MAX_VALUE;
        for (long calls = 0; took > FAST_NANOS; calls += CALLS) {
            long t = System.nanoTime();
            if (t - begin > PATIENCE_NANOS && calls > PATIENCE_CALLS && calls % CALLS_BETWEEN_PAUSES == 0) {
                LockSupport.parkNanos(Math.min(t - begin, LONGEST_PAUSE_NANOS));
                t = System.nanoTime();
            } else if (calls > CALLS_BEFORE_WAITING) {
                LockSupport.parkNanos(WAIT_NANOS);
                t = System.nanoTime();
            }
            for (int i = 0; i < CALLS; i++) {
                tile.run();
            }
            took = System.nanoTime() - t;
        }
    }
}
