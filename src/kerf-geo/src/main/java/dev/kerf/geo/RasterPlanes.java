package dev.kerf.geo;

import dev.kerf.image.TiffPage;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Chosen bands of a raster as planes for a network, brought to 0 … 1 by a {@link Range}.
 *
 * <pre>{@code
 * PlaneSource planes = RasterPlanes.of(raster, raster.level(0), new int[] {3, 2, 1}, 3, Range.parse("0,10000"), raster.noData());
 * planes.read(0, 0, 512, 512).values();                            // F32 (3, 512, 512)
 * }</pre>
 */
public final class RasterPlanes implements PlaneSource {
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int WHITE_IS_ZERO = 0;
    /** ITU-R BT.601's shares of red, green and blue in luma, as pictures are mixed. */
    private static final float[] LUMA = {0.299f, 0.587f, 0.114f};

    private final TiffPage page;
    private final Optional<TiffPage> mask;
    private final Bands bands;
    private final int[] read;
    private final OptionalDouble noData;
    private final double[] low;
    private final double[] width;
    private final boolean cut;
    private final boolean invert;

    private RasterPlanes(Raster.Level level, Bands bands, OptionalDouble noData, double[][] limits, boolean invert) {
        this.page = level.page();
        this.mask = level.mask();
        this.bands = bands;
        this.read = bands.read();
        this.noData = noData;
        this.cut = limits != null;
        this.invert = invert;
        this.low = new double[read.length];
        this.width = new double[read.length];
        for (int i = 0; i < read.length; i++) {
            low[i] = cut ? limits[i][0] : 0;
            width[i] = cut && limits[i][1] > limits[i][0] ? limits[i][1] - limits[i][0] : 1;
        }
    }

    /**
     * Chooses bands and a range. Percentiles, and the range of numbers that have none of their own, take a pass over the raster.
     *
     * @param raster   for messages
     * @param level    of it
     * @param asked    bands from 0, in the network's order; none for all but alpha: one fills all planes, red, green and blue are mixed to
     *                 luma for a single plane
     * @param planes   that the network takes
     * @param range    which numbers become 0 and 1
     * @param noData   what samples without data are; those that aren't finite have none in any case
     * @throws dev.kerf.error.BadInputException if the bands don't fit
     */
    public static RasterPlanes of(Raster raster, Raster.Level level, int[] asked, int planes, Range range,
            OptionalDouble noData) {
        TiffPage page = level.page();
        Bands bands = Bands.of(page, asked, planes, raster.path().toString());
        double[][] limits = switch (range) {
            case Range.None _ -> null;
            case Range.Limits l -> BandLimits.same(bands.read().length, l.low(), l.high());
            case Range.Auto _ -> BandLimits.usual(page, bands, noData);
            case Range.Percentiles p -> BandLimits.percentiles(page, bands, noData, p.low(), p.high());
        };
        boolean invert = page.number(262, 1) == WHITE_IS_ZERO && range instanceof Range.Auto;
        return new RasterPlanes(level, bands, noData, limits, invert);
    }

    @Override
    public int width() {
        return page.width();
    }

    @Override
    public int height() {
        return page.height();
    }

    @Override
    public int channels() {
        return bands.luma() ? 1 : bands.chosen().length;
    }

    /** Whether there may be pixels without data. */
    public boolean mayHaveGaps() {
        return noData.isPresent() || mask.isPresent() || bands.alpha() >= 0 || page.type().floating();
    }

    @Override
    public Planes read(int x, int y, int w, int h) {
        HostTensor stored = page.window(x, y, w, h, read);
        Samples samples = new Samples(stored);
        int pixels = w * h;
        float[][] planes = new float[read.length][pixels];
        byte[] with = new byte[mayHaveGaps() ? pixels : 0];
        for (int b = 0; b < read.length; b++) {
            boolean chosen = false;
            for (int c : bands.chosen()) {
                chosen |= c == read[b];
            }
            for (int i = 0; i < pixels && chosen; i++) {
                double v = samples.get((long) i * read.length + b);
                if (isData(v)) {
                    planes[b][i] = scaled(v, b);
                    if (with.length > 0) {
                        with[i] = 1;
                    }
                }
            }
        }
        return new Planes(arranged(planes, w, h),
                gaps(samples, with, mask.map(m -> new Samples(m.window(x, y, w, h, 0))).orElse(null)));
    }

    private boolean isData(double v) {
        return Double.isFinite(v) && (noData.isEmpty() || v != noData.getAsDouble());
    }

    private float scaled(double v, int b) {
        if (!cut) {
            return (float) v;
        }
        float share = (float) Math.clamp((v - low[b]) / width[b], 0.0, 1.0);
        return invert ? 1 - share : share;
    }

    /** Takes pixels away that alpha or a mask, if there is one, says nothing lies at; none are left where all have data. */
    private byte[] gaps(Samples samples, byte[] with, Samples masked) {
        boolean all = true;
        for (int i = 0; i < with.length; i++) {
            if (masked != null && masked.get(i) == 0
                    || bands.alpha() >= 0 && samples.get((long) i * read.length + read.length - 1) == 0) {
                with[i] = 0;
            }
            all &= with[i] != 0;
        }
        return all ? new byte[0] : with;
    }

    private HostTensor arranged(float[][] planes, int w, int h) {
        int pixels = w * h;
        HostTensor out = HostTensor.zeros(DType.F32, Shape.of(channels(), h, w));
        if (bands.luma()) {
            float[] r = planes[place(bands.chosen()[0])];
            float[] g = planes[place(bands.chosen()[1])];
            float[] b = planes[place(bands.chosen()[2])];
            for (int i = 0; i < pixels; i++) {
                out.data().set(F32, 4L * i, LUMA[0] * r[i] + LUMA[1] * g[i] + LUMA[2] * b[i]);
            }
            return out;
        }
        for (int k = 0; k < bands.chosen().length; k++) {
            MemorySegment.copy(planes[place(bands.chosen()[k])], 0, out.data(), F32, 4L * k * pixels, pixels);
        }
        return out;
    }

    private int place(int band) {
        int i = 0;
        while (read[i] != band) {
            i++;
        }
        return i;
    }
}
