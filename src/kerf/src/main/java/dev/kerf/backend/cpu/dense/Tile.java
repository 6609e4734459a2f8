package dev.kerf.backend.cpu.dense;

/** The loop of {@link Tiles} over one panel, by the Vector API, for some number of rows. Classes are written by the build: {@code TileSources}. */
interface Tile {
    /** As {@link Tiles#sweep}, without {@code rows}. */
    void sweep(
            float[] a, int ai, int step, float[] b, int base, int[] starts, int from, int to, Offsets offsets, int n, float[] c,
            int ci, int pitch, boolean add);
}
