package dev.kerf.backend.cpu.dense;

/**
 * How a {@link Correlation} is cut so that a thread's patch, sums and coefficients stay in the second-level cache, or nearly where
 * a kernel has a single tap.
 *
 * @param rows     output rows of a block
 * @param cols     output columns of a block
 * @param panels   panels of coefficients that go over a block together
 * @param passes   how many such go over it one after the other, while its patch is there
 * @param copied   input channels of a patch
 * @param channels input channels that are summed at a time
 */
record Blocking(int rows, int cols, int panels, int passes, int copied, int channels) {
    /** Sums of a block: 256 KiB, twice that where a kernel has a single tap. */
    private static final int SUMS = 1 << 16;
    /** Floats of a patch: 256 KiB. */
    private static final int PATCH = 1 << 16;
    /** Floats of a patch with all channels: 1 MiB. */
    private static final int WHOLE_PATCH = 1 << 18;
    /** Terms that are summed at a time: a panel of 12 rows is then 14 KiB, half of the first-level cache. */
    private static final int TERMS = 288;
    private static final int MAX_ROWS_OF_SUMS = 256;
    private static final int MIN_PIXELS = 64;
    private static final int MAX_PIXELS = 512;
    private static final double FLOPS_WORTH_A_UNIT = 2e6;

    /** The blocks for some threads. */
    static Blocking of(Correlation work, Panels panels, int workers) {
        int high = panels.first[panels.count];
        int parts = (high + MAX_ROWS_OF_SUMS - 1) / MAX_ROWS_OF_SUMS;
        int most = (panels.count + parts - 1) / parts;
        int pixels = Math.clamp(SUMS / Math.min(high, most * Tiles.MAX_ROWS), MIN_PIXELS, MAX_PIXELS);
        int channels = channels(work);
        if (work.taps().count() == 1 && !work.together()) {
            // Nothing is read twice at a block's edge, and memory gives long lines of pixels quicker than short ones.
            pixels *= 2;
        }
        // Many output channels of single pixels: the patch with all channels is copied once for all of them.
        boolean whole = parts > 1 && work.taps().count() == 1 && work.depth() <= WHOLE_PATCH / 2 / MIN_PIXELS;
        pixels = whole ? Math.clamp(WHOLE_PATCH / work.depth(), MIN_PIXELS, pixels) : pixels;
        int width = work.cols();
        int wide = Math.max(4 * Tiles.LANES, pixels / Math.max(1, work.rows()) / Tiles.LANES * Tiles.LANES);
        int cols = width <= wide + wide / 2 ? width : even(width, wide);
        int rows = even(work.rows(), Math.clamp(pixels / cols, 1, work.rows()));
        Blocking b = new Blocking(rows, cols, most, whole ? parts : 1, whole ? work.depth() : channels, channels);
        while (b.units(work, panels) < 3L * workers && work.flops() / b.units(work, panels) > FLOPS_WORTH_A_UNIT) {
            if (b.rows > 1 && b.rows * b.cols >= 8 * Tiles.LANES) {
                b = b.with(even(work.rows(), b.rows / 2), b.panels, b.passes);
            } else if (work.together()) {
                break;
            } else if (b.passes > 1) {
                b = b.with(b.rows, b.panels, (b.passes + 1) / 2);
            } else if (b.panels > 1) {
                b = b.with(b.rows, (b.panels + 1) / 2, 1);
            } else if (b.rows > 1) {
                b = b.with(even(work.rows(), b.rows / 2), b.panels, 1);
            } else {
                break;
            }
        }
        return b;
    }

    /** Whether all rows of sums fit into a block. */
    static boolean together(Panels panels) {
        return panels.first[panels.count] <= MAX_ROWS_OF_SUMS;
    }

    private Blocking with(int rows, int panels, int passes) {
        return new Blocking(rows, cols, panels, passes, copied, channels);
    }

    /**
     * Channels that are summed at a time. The sums' rounding depends on it, and so on the kernel alone: neither on the number
     * of threads nor on the width of vectors. A patch of the largest block is counted without the pixels at its edge.
     */
    private static int channels(Correlation work) {
        int rows = Math.clamp((long) work.channels() * work.phases(), 1, MAX_ROWS_OF_SUMS);
        int planes = Math.max(1, new Patch(work.taps(), 1, 1).planes());
        int patch = planes * Math.clamp(SUMS / rows, MIN_PIXELS, MAX_PIXELS);
        int terms = TERMS / Math.max(1, work.taps().count());
        return even(work.depth(), Math.clamp(Math.min(terms, PATCH / patch), 1, work.depth()));
    }

    /** Pieces of work that can be done at once. */
    long units(Correlation work, Panels p) {
        return (long) work.batch() * work.groups() * ceil(p.count, panels * passes) * ceil(work.rows(), rows)
                * ceil(work.cols(), cols);
    }

    static int ceil(int n, int part) {
        return (n + part - 1) / part;
    }

    /** The size near {@code part} that cuts {@code n} into parts most alike. */
    static int even(int n, int part) {
        return ceil(n, ceil(n, part));
    }
}
