package dev.kerf.geo;

import dev.kerf.image.TiffPage;
import dev.kerf.tensor.DType;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;

/**
 * Which numbers of each band become 0 and 1, found where needed by passes over the raster that hold a window and, for percentiles, a
 * histogram.
 */
final class BandLimits {
    /** Numbers of up to 16 bits have a bin each; all others share as many between the least and the greatest. */
    private static final int BINS = 1 << 16;

    private final TiffPage page;
    private final int[] read;
    private final OptionalDouble noData;

    private BandLimits(TiffPage page, Bands bands, OptionalDouble noData) {
        this.page = page;
        this.read = bands.read();
        this.noData = noData;
    }

    /** The same for all bands. */
    static double[][] same(int bands, double low, double high) {
        double[][] out = new double[bands][];
        Arrays.setAll(out, _ -> new double[] {low, high});
        return out;
    }

    /** As {@link Range.Auto} says. */
    static double[][] usual(TiffPage page, Bands bands, OptionalDouble noData) {
        int n = bands.read().length;
        if (page.type() == DType.U8 || page.type() == DType.U16) {
            return same(n, 0, (1 << page.bits()) - 1);
        }
        double[][] each = new BandLimits(page, bands, noData).extremes();
        double low = Double.POSITIVE_INFINITY;
        double high = Double.NEGATIVE_INFINITY;
        for (int b = 0; b < n; b++) {
            // What alpha is says nothing of the others.
            if (bands.alpha() < 0 || b < n - 1) {
                low = Math.min(low, each[b][0]);
                high = Math.max(high, each[b][1]);
            }
        }
        if (low > high) {
            return same(n, 0, 1);
        }
        boolean stays = !page.type().floating() && low >= 0 && high <= 65535;
        boolean unit = page.type().floating() && low >= 0 && high <= 1;
        return unit ? same(n, 0, 1) : stays ? same(n, 0, 65535) : same(n, low, Math.max(high, Math.nextUp(low)));
    }

    /** As {@link Range.Percentiles} says: numbers whose place is between two pixels' count as the nearer one's. */
    static double[][] percentiles(TiffPage page, Bands bands, OptionalDouble noData, double low, double high) {
        BandLimits all = new BandLimits(page, bands, noData);
        boolean own = List.of(DType.U8, DType.I8, DType.U16, DType.I16).contains(page.type());
        double[][] between = own
                ? same(all.read.length, page.type() == DType.I8 || page.type() == DType.I16 ? -32768 : 0,
                        page.type() == DType.I8 || page.type() == DType.I16 ? 32767 : 65535)
                : all.extremes();
        long[][] counts = new long[all.read.length][BINS];
        all.each((band, v) -> {
            double[] b = between[band];
            int bin = b[1] > b[0] ? (int) Math.rint((v - b[0]) / (b[1] - b[0]) * (BINS - 1)) : 0;
            counts[band][bin]++;
        });
        double[][] out = new double[counts.length][];
        for (int b = 0; b < out.length; b++) {
            double step = (between[b][1] - between[b][0]) / (BINS - 1);
            double from = between[b][0] + step * bin(counts[b], low);
            double to = between[b][0] + step * bin(counts[b], high);
            out[b] = Double.isFinite(from) ? new double[] {from, Math.max(to, Math.nextUp(from))} : new double[] {0, 1};
        }
        return out;
    }

    /** The bin of the pixel at a share of the way from the least to the greatest. */
    private static int bin(long[] counts, double percent) {
        long all = Arrays.stream(counts).sum();
        long wanted = Math.round(percent / 100 * (all - 1));
        long seen = 0;
        for (int i = 0; i < counts.length; i++) {
            seen += counts[i];
            if (seen > wanted) {
                return i;
            }
        }
        return counts.length - 1;
    }

    private double[][] extremes() {
        double[][] out = same(read.length, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY);
        each((band, v) -> {
            out[band][0] = Math.min(out[band][0], v);
            out[band][1] = Math.max(out[band][1], v);
        });
        return out;
    }

    /** Takes a band's number, by its place in what is read. */
    private interface Taker {
        void take(int band, double v);
    }

    private void each(Taker taker) {
        Pass.windows(page.width(), page.height(), page.tileWidth(), page.tileHeight(), (x, y, w, h) -> {
            Samples samples = new Samples(page.window(x, y, w, h, read));
            for (long i = 0; i < (long) w * h * read.length; i++) {
                double v = samples.get(i);
                if (Double.isFinite(v) && (noData.isEmpty() || v != noData.getAsDouble())) {
                    taker.take((int) (i % read.length), v);
                }
            }
        });
    }
}
