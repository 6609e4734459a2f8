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
    private static final long MOST_COEFFICIENTS = 10_000_000;
    private static final int MIN_CHANNELS_OF_F4 = 32;
    private static final int MIN_TILES_OF_F4 = 256;

    /** Outputs along a side. */
    final int tile;

    WinogradForm(int tile) {
        this.tile = tile;
    }

    /** The form for a convolution that is worth one. */
    static WinogradForm of(Correlation work) {
        long coefficients = 36L * work.channels() * work.depth();
        long tiles = (long) Blocking.ceil(work.outH(), 4) * Blocking.ceil(work.outW(), 4);
        boolean large = tiles >= MIN_TILES_OF_F4 && Math.min(work.channels(), work.depth()) >= MIN_CHANNELS_OF_F4;
        return large && coefficients <= MOST_COEFFICIENTS ? F4 : F2;
    }

    /** Lines of pixels that a row of tiles reads. */
    int lines() {
        return tile + 2;
    }

    /** Products of a tile. */
    int points() {
        return lines() * lines();
    }

    /** G g Gᵀ at one point of the kernel at g[at]. */
    float kernel(float[] g, int at, int point) {
        double sum = 0;
        for (int u = 0; u < 3; u++) {
            for (int v = 0; v < 3; v++) {
                sum += weight(point / lines(), u) * weight(point % lines(), v) * g[at + u * 3 + v];
            }
        }
        return (float) sum;
    }

    private double weight(int row, int col) {
        return this == F2 ? Winograd2.weight(row, col) : Winograd4.weight(row, col);
    }

    /**
     * Aᵀ m A + bias of a vector of tiles, columns interleaved.
     *
     * @param m    products
     * @param mi   index of point 0
     * @param step floats from point to point
     * @param to   where pixels go
     * @param at   index of the tiles' first line
     * @param line floats from line to line
     */
    void output(float[] m, int mi, int step, float bias, float[] to, int at, int line) {
        if (this == F2) {
            Winograd2.output(m, mi, step, bias, to, at, at + line);
        } else {
            Winograd4.output(m, mi, step, bias, to, at, line);
        }
    }
}
