package dev.kerf.image;

import dev.kerf.tensor.HostTensor;

/**
 * Which numbers occur in a page of a TIFF file that says nothing of their range.
 *
 * @param whole whether all are
 */
record TiffRange(double low, double high, boolean whole) {
    static TiffRange of(TiffPage page, HostTensor numbers) {
        double low = Double.POSITIVE_INFINITY;
        double high = Double.NEGATIVE_INFINITY;
        boolean whole = true;
        for (long i = 0; i < numbers.elements(); i++) {
            double v = numbers.getDouble(i);
            if (!Double.isFinite(v)) {
                int bands = numbers.shape().size(2);
                throw page.bad("pixel (" + i / bands % page.width() + ", " + i / bands / page.width() + ") is "
                        + v + "; finite numbers can be read");
            }
            low = Math.min(low, v);
            high = Math.max(high, v);
            whole &= v == Math.rint(v);
        }
        if (page.tags().first(262, 1) == TiffDecoder.WHITE_IS_ZERO) {
            throw page.bad("its white is zero in " + page.type() + ", which can't be read");
        }
        return new TiffRange(low, high, whole);
    }

    /** Refuses what are no labels. */
    void labels(TiffPage page, int most) {
        if (!whole || low < 0 || high > most) {
            throw page.bad("its numbers go from " + low + " to " + high + (whole ? "" : " and aren't whole")
                    + "; labels are whole numbers of 0 to " + most);
        }
    }
}
