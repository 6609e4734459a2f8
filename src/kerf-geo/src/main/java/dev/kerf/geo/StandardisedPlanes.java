package dev.kerf.geo;

import dev.kerf.tensor.HostTensor;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Planes standardised by their mean and population standard deviation over all pixels with data, summed in float64 by a pass over the
 * raster; pixels without data become 0, the mean. A plane that is the same everywhere becomes 0 as well.
 */
final class StandardisedPlanes implements PlaneSource {
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int WINDOW = 1024;

    private final PlaneSource source;
    private final float[] mean;
    private final float[] deviation;

    private StandardisedPlanes(PlaneSource source, float[] mean, float[] deviation) {
        this.source = source;
        this.mean = mean;
        this.deviation = deviation;
    }

    static StandardisedPlanes of(PlaneSource source) {
        int n = source.channels();
        long[] count = {0};
        double[] mean = new double[n];
        double[] squares = new double[n];
        Pass.windows(source.width(), source.height(), WINDOW, WINDOW, (x, y, w, h) -> {
            Planes planes = source.read(x, y, w, h);
            merge(planes, n, w * h, count, mean, squares);
        });
        // As float32, as the network's own standardisation has them.
        float[] middle = new float[n];
        float[] deviation = new float[n];
        for (int c = 0; c < n; c++) {
            middle[c] = (float) mean[c];
            deviation[c] = (float) Math.sqrt(squares[c] / Math.max(1, count[0]));
        }
        return new StandardisedPlanes(source, middle, deviation);
    }

    /** Adds a window's mean and squared differences to those of all before (Chan, Golub and LeVeque 1979). */
    private static void merge(Planes planes, int n, int pixels, long[] count, double[] mean, double[] squares) {
        byte[] valid = planes.valid();
        long more = 0;
        for (int i = 0; i < pixels; i++) {
            more += valid.length == 0 || valid[i] != 0 ? 1 : 0;
        }
        for (int c = 0; c < n && more > 0; c++) {
            double sum = 0;
            for (int i = 0; i < pixels; i++) {
                sum += valid.length == 0 || valid[i] != 0 ? at(planes.values(), c, i, pixels) : 0;
            }
            double own = sum / more;
            double around = 0;
            for (int i = 0; i < pixels; i++) {
                double d = valid.length == 0 || valid[i] != 0 ? at(planes.values(), c, i, pixels) - own : 0;
                around += d * d;
            }
            double apart = own - mean[c];
            double all = count[0] + more;
            squares[c] += around + apart * apart * count[0] * more / all;
            mean[c] += apart * more / all;
        }
        count[0] += more;
    }

    private static float at(HostTensor planes, int c, int i, int pixels) {
        return planes.data().get(F32, 4L * ((long) c * pixels + i));
    }

    @Override
    public int width() {
        return source.width();
    }

    @Override
    public int height() {
        return source.height();
    }

    @Override
    public int channels() {
        return source.channels();
    }

    @Override
    public Planes read(int x, int y, int w, int h) {
        Planes planes = source.read(x, y, w, h);
        int pixels = w * h;
        for (int c = 0; c < mean.length; c++) {
            for (int i = 0; i < pixels; i++) {
                boolean valid = deviation[c] > 0 && (planes.isWhole() || planes.valid()[i] != 0);
                float v = valid ? (at(planes.values(), c, i, pixels) - mean[c]) / deviation[c] : 0;
                planes.values().data().set(F32, 4L * ((long) c * pixels + i), v);
            }
        }
        return planes;
    }
}
