package dev.kerf.backend.cpu.dense;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.SpatialOp.Conv2d;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.graph.TensorType;
import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ConvolutionTest {
    private static final Window2d SAME = Window2d.of().pad(1);
    private static final double EPS = Math.ulp(1f) / 2;

    private static void check(Window2d win, int groups, int n, int c, int h, int w, int o, int kh, int kw) {
        check(win, groups, Activation.NONE, true, false, n, c, h, w, o, kh, kw);
        check(win, groups, Activation.RELU, false, true, n, c, h, w, o, kh, kw);
    }

    private static void check(
            Window2d win, int groups, Activation act, boolean bias, boolean residual, int n, int c, int h, int w, int o,
            int kh, int kw) {
        Conv2d op = new Conv2d(win, groups, act, bias, residual);
        TensorType x = TensorType.f32(n, c, h, w);
        TensorType k = TensorType.f32(o, c / groups, kh, kw);
        TensorType b = TensorType.f32(o);
        TensorType y = TensorType.f32(n, o, win.outH(h, kh, false), win.outW(w, kw, false));
        TensorType[] in = bias && residual
                ? new TensorType[] {x, k, b, y}
                : bias ? new TensorType[] {x, k, b} : residual ? new TensorType[] {x, k, y} : new TensorType[] {x, k};
        Bed bed = new Bed(
                new DenseKernels(), op, 1 + (n + c + h) % 3, (c + o) % 5 > 0, (h + o) % 3 * 5, h * 31L + o, in).run();
        assertTrue(bed.intact(), () -> bed.node + ": wrote outside");
        compare(bed, op, residual ? bed.dense(in.length - 1) : null);
    }

    /**
     * Sums in float64, of each place of the padded image, whichever of them the strides leave out; float32's own error is at most
     * (terms + 2) · ε · Σ|x·w|, and grows with √terms as a rule.
     */
    private static void compare(Bed bed, Conv2d op, float[] residual) {
        float[] k = bed.dense(1);
        float[] bias = op.bias() ? bed.dense(2) : null;
        float[] y = bed.dense();
        int[] xs = Bed.dims(bed.node.input(0).type());
        int[] ks = Bed.dims(bed.node.input(1).type());
        int[] ys = Bed.dims(bed.node.output().type());
        Window2d win = op.window();
        int height = win.padTop() + xs[2] + win.padBottom();
        int width = win.padLeft() + xs[3] + win.padRight();
        double[] x = padded(bed.dense(0), xs, win, height, width);
        int places = height * width - (ks[2] - 1) * win.dilationH() * width - (ks[3] - 1) * win.dilationW();
        int per = ys[1] / op.groups();
        double scale = 4 + Math.sqrt(ks[1] * ks[2] * ks[3]);
        DoubleUnaryOperator function = Bed.function(op.activation());
        IntStream.range(0, ys[0] * ys[1]).parallel().forEach(plane -> {
            int o = plane % ys[1];
            double[] sums = new double[places];
            double[] sizes = new double[places];
            Arrays.fill(sums, bias == null ? 0 : bias[o]);
            Arrays.fill(sizes, bias == null ? 0 : Math.abs(bias[o]));
            for (int i = 0; i < ks[1] * ks[2] * ks[3]; i++) {
                int channel = plane / ys[1] * xs[1] + o / per * ks[1] + i / ks[3] / ks[2];
                int first = (channel * height + i / ks[3] % ks[2] * win.dilationH()) * width + i % ks[3] * win.dilationW();
                add(x, first, k[o * ks[1] * ks[2] * ks[3] + i], sums, sizes);
            }
            for (int i = plane * ys[2] * ys[3]; i < (plane + 1) * ys[2] * ys[3]; i++) {
                int at = i;
                int place = i / ys[3] % ys[2] * win.strideH() * width + i % ys[3] * win.strideW();
                double added = residual == null ? 0 : residual[i];
                double expected = function.applyAsDouble(sums[place] + added);
                double bound = scale * EPS * (sizes[place] + Math.abs(added) + 1e-3);
                double actual = y[i];
                assertTrue(Math.abs(actual - expected) <= bound,
                        () -> bed.node + " at " + at + ": " + actual + ", expected " + expected + " ± " + bound);
            }
        });
    }

    private static double[] padded(float[] x, int[] xs, Window2d win, int height, int width) {
        double[] padded = new double[xs[0] * xs[1] * height * width];
        for (int i = 0; i < x.length; i++) {
            int row = i / xs[3] % xs[2] + win.padTop();
            padded[(i / xs[3] / xs[2] * height + row) * width + win.padLeft() + i % xs[3]] = x[i];
        }
        return padded;
    }

    private static void add(double[] x, int first, double weight, double[] sums, double[] sizes) {
        for (int i = 0; i < sums.length; i++) {
            double t = x[first + i] * weight;
            sums[i] += t;
            sizes[i] += Math.abs(t);
        }
    }

    /** An infinity is in the results whose kernel it lies under, and in no others. */
    @Test
    void infinitiesReachNoFurtherThanTheKernel() {
        for (int k : new int[] {3, 5, 6, 7}) {
            Conv2d op = new Conv2d(Window2d.of().pad(k / 2), 4, Activation.NONE, true, false);
            Bed bed = new Bed(new DenseKernels(), op, 2, true, 0, k, TensorType.f32(1, 4, 24, 24), TensorType.f32(4, 1, k, k),
                    TensorType.f32(4));
            bed.set(0, i -> i == 12 * 24 + 10, Float.POSITIVE_INFINITY);
            float[] y = bed.run().dense();
            int w = Bed.dims(bed.node.output().type())[3];
            for (int i = 0; i < y.length; i++) {
                int row = i / w % w;
                int column = i % w;
                boolean under = i < w * w && row <= 12 + k / 2 && row > 12 + k / 2 - k && column <= 10 + k / 2
                        && column > 10 + k / 2 - k;
                assertEquals(!under, Float.isFinite(y[i]), k + " at " + row + ", " + column);
            }
        }
    }

    @Test
    void anyNumberOfChannels() {
        int[] channels = {1, 2, 3, 5, 11, 12, 13, 16, 17, 64};
        for (int c : channels) {
            for (int o : channels) {
                check(SAME, 1, 1, c, 7, 9, o, 3, 3);
            }
        }
    }

    @Test
    void anySize() {
        int[] sizes = {1, 2, 7, 31, 32, 33, 65};
        for (int h : sizes) {
            for (int w : sizes) {
                check(SAME, 1, 2, 3, h, w, 5, 3, 3);
            }
        }
    }

    @Test
    void anyStridePaddingAndDilation() {
        for (int s = 1; s <= 3; s++) {
            for (int d = 1; d <= 3; d++) {
                check(Window2d.of().stride(s).dilation(d).pad(1), 1, 1, 5, 19, 17, 13, 3, 3);
                check(Window2d.of().stride(s, 4 - s).dilation(1, d).pad(0, 3, 2, 1), 1, 2, 3, 14, 23, 4, 4, 2);
                check(Window2d.of().stride(s).pad(0), 1, 1, 17, 9, 33, 12, 1, 1);
                check(Window2d.of().stride(s).dilation(d).pad(9), 1, 1, 2, 3, 4, 3, 1, 5);
            }
        }
        check(Window2d.of().stride(2).pad(3), 1, 1, 3, 40, 37, 16, 7, 7);
        check(Window2d.of().stride(4).pad(3), 1, 1, 3, 40, 37, 16, 7, 7);
        check(Window2d.of().stride(16), 1, 1, 3, 32, 64, 24, 16, 16);
    }

    @Test
    void anyGroups() {
        check(SAME, 2, 2, 6, 9, 10, 8, 3, 3);
        check(SAME, 4, 1, 64, 5, 6, 12, 3, 3);
        check(SAME, 17, 2, 17, 21, 40, 17, 3, 3);
        check(SAME.stride(2), 16, 1, 16, 21, 40, 32, 3, 3);
        check(Window2d.of().pad(3), 64, 1, 64, 16, 16, 64, 7, 7);
    }

    @Test
    void blocksOfLargeImagesAndManyChannels() {
        check(SAME, 1, 1, 3, 70, 300, 64, 3, 3);
        check(SAME, 1, 1, 130, 16, 16, 300, 3, 3);
        check(Window2d.of(), 1, 3, 300, 20, 20, 70, 1, 1);
        check(SAME, 1, 1, 64, 6, 8, 512, 3, 3);
    }

    /** Numbers of even size: there Winograd's error keeps to the same bound, which is a statistical one. */
    @Test
    void winogradWhereThereIsMuchWork() {
        check(SAME, 1, Activation.SILU, true, true, 1, 64, 57, 51, 65, 3, 3);
        check(Window2d.of().pad(0, 2, 1, 0), 1, Activation.RELU, false, false, 1, 160, 30, 37, 80, 3, 3);
        check(SAME, 1, Activation.NONE, true, false, 2, 300, 9, 15, 301, 3, 3);
        check(SAME, 1, Activation.SILU, true, true, 1, 160, 73, 69, 129, 3, 3);
        check(Window2d.of().pad(0, 2, 1, 0), 1, Activation.RELU, false, false, 1, 300, 64, 66, 76, 3, 3);
        check(SAME, 1, Activation.NONE, true, false, 2, 64, 24, 300, 190, 3, 3);
        check(SAME, 1, Activation.NONE, true, false, 1, 220, 16, 256, 100, 3, 3);
        // Rows of tiles that fill all lanes but the last: nothing may be done to what lies behind.
        check(SAME, 1, Activation.RELU, false, true, 1, 136, 56, 88, 128, 3, 3);
        check(SAME, 1, Activation.RELU, false, true, 1, 64, 56, 44, 64, 3, 3);
        // Many small images are taken together, with a gap between rows of tiles or none.
        check(SAME, 1, Activation.RELU, true, false, 17, 160, 14, 14, 161, 3, 3);
        check(SAME, 1, Activation.SILU, true, true, 33, 136, 13, 11, 140, 3, 3);
        check(SAME, 1, Activation.NONE, false, true, 16, 150, 12, 16, 192, 3, 3);
        check(Window2d.of().pad(0, 2, 1, 0), 1, Activation.RELU, true, false, 19, 180, 14, 13, 150, 3, 3);
        Conv2d op = new Conv2d(SAME, 1, Activation.NONE, false, false);
        assertEquals("winograd 4x4", algorithm(op, TensorType.f32(17, 160, 14, 14), TensorType.f32(161, 160, 3, 3)));
        assertEquals("winograd 4x4", algorithm(op, TensorType.f32(1, 160, 73, 69), TensorType.f32(129, 160, 3, 3)));
        assertEquals("winograd 2x2", algorithm(op, TensorType.f32(1, 64, 57, 51), TensorType.f32(65, 64, 3, 3)));
        assertEquals("direct", algorithm(op, TensorType.f32(1, 8, 57, 51), TensorType.f32(65, 8, 3, 3)));
    }

    private static String algorithm(Conv2d op, TensorType... in) {
        return new DenseKernels().algorithm(new Bed(new DenseKernels(), op, 1, true, 0, 1, in).node);
    }

    @Test
    void everyActivationWithBiasAndResidual() {
        for (Activation act : Activation.values()) {
            check(SAME, 1, act, true, true, 1, 8, 9, 21, 11, 3, 3);
            check(SAME, 1, act, false, false, 1, 3, 5, 16, 2, 3, 3);
        }
    }
}
