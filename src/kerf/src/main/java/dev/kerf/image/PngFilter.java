package dev.kerf.image;

/** What PNG stores of a row of samples: its bytes, or what each is more than a guess by the pixels before it and above. */
enum PngFilter {
    /** The bytes themselves. */
    NONE,
    /** More than the pixel to the left. */
    SUB,
    /** More than the pixel above. */
    UP,
    /** More than whichever of left, above and upper left is nearest to left + above − upper left. */
    PAETH;

    private static final int SAMPLED_ROWS = 8;
    /** The slowest by far has to be better by that part. */
    private static final int PART = 20;

    /** Rows of pixels in the order of the file. */
    @FunctionalInterface
    interface Rows {
        /** Puts a row's bytes there. */
        void get(int y, byte[] into);
    }

    /** PNG's number of it. */
    private byte number() {
        return (byte) (this == PAETH ? 4 : ordinal());
    }

    /** The one that makes the smallest file of a few rows, taken from all over the picture. */
    static PngFilter best(PixelDeflater by, Rows rows, int height, int rowBytes, int unit) {
        int few = Math.clamp(PixelDeflater.BLOCK / (rowBytes + 1), 1, Math.min(height, SAMPLED_ROWS));
        byte[][] pairs = new byte[2 * few][rowBytes];
        for (int i = 0; i < few; i++) {
            int y = (int) ((2L * i + 1) * height / (2 * few));
            rows.get(y, pairs[2 * i + 1]);
            if (y > 0) {
                rows.get(y - 1, pairs[2 * i]);
            }
        }
        int stored = Math.min(rowBytes + 1, PixelDeflater.BLOCK);
        byte[] sample = new byte[few * (rowBytes + 1) + PixelDeflater.SLACK];
        PngFilter best = NONE;
        long least = Long.MAX_VALUE;
        for (PngFilter f : values()) {
            for (int i = 0; i < few; i++) {
                f.apply(pairs[2 * i + 1], pairs[2 * i], unit, sample, i * (rowBytes + 1));
            }
            long cost = by.cost(sample, stored, few * stored);
            if (f == PAETH ? cost < least - least / PART : cost < least) {
                least = cost;
                best = f;
            }
        }
        return best;
    }

    /**
     * Puts the filter's number and the row as it is stored to {@code at}.
     *
     * @param above the row above, zeros for the first one
     * @param unit  bytes of a pixel
     */
    void apply(byte[] row, byte[] above, int unit, byte[] out, int at) {
        out[at] = number();
        int to = at + 1;
        int n = row.length;
        switch (this) {
            case NONE -> System.arraycopy(row, 0, out, to, n);
            case SUB -> {
                System.arraycopy(row, 0, out, to, unit);
                for (int i = unit; i < n; i++) {
                    out[to + i] = (byte) (row[i] - row[i - unit]);
                }
            }
            case UP -> {
                for (int i = 0; i < n; i++) {
                    out[to + i] = (byte) (row[i] - above[i]);
                }
            }
            case PAETH -> {
                for (int i = 0; i < unit; i++) {
                    out[to + i] = (byte) (row[i] - above[i]);
                }
                for (int i = unit; i < n; i++) {
                    out[to + i] = (byte) (row[i] - paeth(row[i - unit] & 0xFF, above[i] & 0xFF, above[i - unit] & 0xFF));
                }
            }
        }
    }

    /**
     * Whichever of left, up and upper left is nearest to left + up − upper left, in that order. That is the lesser of left and up where the
     * upper left is far above both, the greater where it is far below, and the upper left itself between; by masks, since
     * nobody can predict which it is.
     */
    static int paeth(int left, int up, int corner) {
        int less = Math.min(left, up);
        int more = Math.max(left, up);
        int balance = 3 * corner - left - up;
        int notLess = balance - more >> 31;
        int notMore = less - balance >> 31;
        int other = less ^ (less ^ corner) & notLess;
        return more ^ (more ^ other) & notMore;
    }
}
