package dev.kerf.backend.cpu.dense;

/**
 * The forms of Winograd's convolution with a 3 × 3 kernel, by the side of the square of outputs that are made together.
 * F(2×2) multiplies 2.25 times less than direct convolution at twice its error, F(4×4) 4 times less at six times it.
 */
enum WinogradForm {
    /** 16 products for 4 outputs. */
    F2(2),
    /** 36 products for 16 outputs. */
    F4(4);

    /** Coefficients that F(4×4) may have, four times the kernel's: more take longer to come than products to be made. */
    private static final long MOST_COEFFICIENTS = 20_000_000;
    private static final int MIN_TILES_OF_F4 = 192;
    /** Less work than this isn't worth four more loops to compile before the first result. */
    private static final double MIN_FLOPS_OF_F4 = 1.5e9;
    /** Images this small are taken together if there are {@link #MANY_IMAGES}, which regions of interest are. */
    private static final int TILES_OF_SMALL = 16;
    private static final int MANY_IMAGES = 16;

    /** Outputs along a side. */
    final int tile;
    /** G, row by row. */
    private final double[] weights;

    WinogradForm(int tile) {
        this.tile = tile;
        weights = new double[3 * lines()];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = tile == 2 ? Winograd2.weight(i / 3, i % 3) : Winograd4.weight(i / 3, i % 3);
        }
    }

    /** The form for a convolution that is worth one. */
    static WinogradForm of(Correlation work) {
        boolean large = work.flops() / work.batch() >= MIN_FLOPS_OF_F4 && tilesOfF4(work) >= MIN_TILES_OF_F4;
        return (large || many(work)) && coefficients(work) <= MOST_COEFFICIENTS ? F4 : F2;
    }

    /** Whether it goes over many small images. */
    static boolean many(Correlation work) {
        return work.batch() >= MANY_IMAGES && tilesOfF4(work) <= TILES_OF_SMALL && work.flops() >= MIN_FLOPS_OF_F4
                && coefficients(work) <= MOST_COEFFICIENTS;
    }

    private static long coefficients(Correlation work) {
        return 36L * work.channels() * work.depth();
    }

    private static long tilesOfF4(Correlation work) {
        return (long) Blocking.ceil(work.outH(), 4) * Blocking.ceil(work.outW(), 4);
    }

    /** Lines of pixels that a row of tiles reads. */
    int lines() {
        return tile + 2;
    }

    /** Products of a tile. */
    int points() {
        return lines() * lines();
    }

    /** G g Gᵀ of the kernel at g[at]: point i at to[ti + i · step]. */
    void kernel(float[] g, int at, float[] to, int ti, int step) {
        int i = ti;
        for (int u = 0; u < 3 * lines(); u += 3) {
            double a = weights[u] * g[at] + weights[u + 1] * g[at + 3] + weights[u + 2] * g[at + 6];
            double b = weights[u] * g[at + 1] + weights[u + 1] * g[at + 4] + weights[u + 2] * g[at + 7];
            double c = weights[u] * g[at + 2] + weights[u + 1] * g[at + 5] + weights[u + 2] * g[at + 8];
            for (int v = 0; v < 3 * lines(); v += 3) {
                to[i] = (float) (weights[v] * a + weights[v + 1] * b + weights[v + 2] * c);
                i += step;
            }
        }
    }
}
