package dev.kerf.cli.raster;

/**
 * Keeps the Java heap near to what is held. Tiles are large, and the collector that Kerf's command runs with takes all the memory that it may
 * before it looks for large garbage: a long run would show gigabytes where it holds some hundred megabytes.
 */
final class HeapLimit {
    private static final long LEAST = 256 << 20;

    private long most = 2 * LEAST;

    /** Looks for garbage if half as much again as was held after the last time is used, and more. */
    void step() {
        if (used() > most) {
            System.gc();
            most = used() * 3 / 2 + LEAST;
        }
    }

    private static long used() {
        Runtime jvm = Runtime.getRuntime();
        return jvm.totalMemory() - jvm.freeMemory();
    }
}
