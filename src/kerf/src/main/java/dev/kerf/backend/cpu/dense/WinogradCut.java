package dev.kerf.backend.cpu.dense;

/**
 * How Winograd's tiles are cut into blocks. A block's tiles fill vectors one after the other: row by row where
 * a row fills its vectors, else with the end of a row beside the beginning of the next, and a lane between them that is
 * nobody's; none where the end of a row has a pixel of its own to spare, which then is the zero that both need. Small images
 * fill vectors one after the other, too.
 *
 * @param form    what a tile is
 * @param depth   input channels
 * @param down    tiles along the height
 * @param across  tiles along the width
 * @param images  images of a block, which has all rows of each if there are several
 * @param rows    tiles of a block along the height, of each image
 * @param cols    tiles of a block along the width
 * @param gap     lanes between rows that don't fill their vectors
 * @param panels  panels of output channels that go over a block
 * @param outputs rows of those panels at most
 */
record WinogradCut(
        WinogradForm form, int depth, int down, int across, int images, int rows, int cols, int gap, int panels,
        int outputs) {
    private static final int L = Tiles.LANES;
    /** Tiles of F(2×2) in a row that are read at once, where there are more: memory is slow to start a line of pixels. */
    private static final int WIDE = 4 * L;
    /** The same of F(4×4), whose tiles read lines that follow each other: with 16 lanes as many as are a line of 512 pixels. */
    private static final int WIDE_OF_F4 = 8 * L;
    private static final int MIN_TILES = 64;
    /** Tiles of small images that are taken together: of 256 channels 32 are faster than 64 by a fifth. */
    private static final int SMALL_TILES = 32;
    private static final int MAX_TILES = 256;

    static WinogradCut of(Correlation work, int workers) {
        WinogradForm form = WinogradForm.of(work);
        int down = Blocking.ceil(work.outH(), form.tile);
        int across = Blocking.ceil(work.outW(), form.tile);
        Panels all = CorrelationKernel.panels(work);
        // Few channels: points and products of a block stay in the second-level cache. Many: coefficients, which don't, come
        // in for more tiles.
        int most = Math.clamp((work.depth() + work.channels()) / 8, MIN_TILES, MAX_TILES);
        boolean spare = work.outW() % form.tile != 0 && work.inW() == work.outW() && work.taps().left() == -1;
        int gap = spare ? 0 : 1;
        WinogradCut best = null;
        int wide = form == WinogradForm.F4 ? WIDE_OF_F4 : WIDE;
        for (int cols : across <= wide
                ? new int[] {across}
                : across <= wide + wide / 2 ? new int[] {across, wide} : new int[] {wide}) {
            for (int rows = 1; rows <= down && (rows == 1 || rows * cols <= 3 * most); rows++) {
                WinogradCut c = new WinogradCut(form, work.depth(), down, across, 1, rows, cols,
                        cols == across ? gap : 1, 0, 0);
                if (best == null || c.used() > best.used() + 0.02 || best.rows * best.cols < most / 2) {
                    best = c;
                }
            }
        }
        int rows = Blocking.even(down, best.rows);
        int images = form == WinogradForm.F4 && rows == down && best.cols == across
                ? Math.clamp(SMALL_TILES / (down * across), 1, Math.max(1, work.batch()))
                : 1;
        int blocks = Blocking.ceil(down, rows) * Blocking.ceil(across, best.cols) * Blocking.ceil(work.batch(), images);
        int parts = 1;
        while (parts < all.count && parts * blocks < 3 * workers) {
            parts++;
        }
        int panels = Blocking.ceil(all.count, parts);
        int outputs = 0;
        for (int p = 0; p < all.count; p += panels) {
            outputs = Math.max(outputs, all.first[Math.min(p + panels, all.count)] - all.first[p]);
        }
        return new WinogradCut(form, work.depth(), down, across, images, rows, best.cols, best.gap, panels, outputs);
    }

    /** The share of lanes that tiles of the image are in. */
    private double used() {
        double lanes = 0;
        for (int i = 0; i < down; i += rows) {
            for (int j = 0; j < across; j += cols) {
                lanes += lanes(Math.min(rows, down - i), Math.min(cols, across - j));
            }
        }
        return down * across / lanes;
    }

    /** Whether each row of tiles fills its vectors. */
    boolean whole() {
        return cols % L == 0;
    }

    /** Tiles from a row's first to the next row's. */
    int pitch() {
        return whole() ? cols : cols + gap;
    }

    /** Rows of tiles of all images of a block. */
    int allRows() {
        return images * rows;
    }

    /** Vectors that hold some rows of tiles, the last of them up to a column. */
    int vectors(int rows, int cols) {
        return Blocking.ceil((rows - 1) * pitch() + cols, L);
    }

    /** Lanes of a block: its vectors, in pairs as the product takes them. */
    int lanes() {
        return lanes(allRows(), cols);
    }

    private int lanes(int rows, int cols) {
        return Blocking.ceil(vectors(rows, cols), 2) * 2 * L;
    }

    /** Pixels from a line of a row of tiles to that line of the next row; the two that a row reads past its own are there. */
    int linePitch() {
        return form.tile * (cols + gap);
    }

    /** Where a vector's first tile is in a line, in tiles. */
    int place(int vector) {
        int perRow = Math.max(1, cols / L);
        return whole() ? vector / perRow * (cols + gap) + vector % perRow * L : vector * L;
    }

    /** Pixels of one of the lines that tiles read, of all rows and one more; what vectors read behind them is there, too. */
    int lineFloats() {
        return form.tile * (Blocking.ceil((allRows() + 1) * (cols + 1) + 2 * L, 16) * 16);
    }

    /** Floats of all lines: F(2×2)'s even and odd ones; F(4×4)'s six transformed ones and those of a row as they are. */
    int allLines() {
        return (form == WinogradForm.F2 ? 2 : 2 * form.lines()) * lineFloats();
    }

    /** Floats from point to point: an odd number of cache lines, so that the points of a tile don't share a set. */
    int pointStep() {
        return odd(depth * lanes());
    }

    /** The same of products. */
    int sumStep() {
        return odd(outputs * lanes());
    }

    private static int odd(int floats) {
        return (Blocking.ceil(floats, 16) | 1) * 16;
    }

    /** Floats of scratch for each thread: points, products, lines that are read, lines of results. */
    int floats() {
        return form.points() * (pointStep() + sumStep()) + allLines()
                + form.tile * form.tile * lanes() + Winograd4.ROOM;
    }
}
