package dev.kerf.backend.cpu.dense;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.SpatialOp.ConvTranspose2d;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.graph.TensorType;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class TransposedConvolutionTest {
    private static final double EPS = Math.ulp(1f) / 2;

    private static void check(
            Window2d win, int outPad, int groups, Activation act, boolean bias, int n, int c, int h, int w, int o,
            int kh, int kw) {
        ConvTranspose2d op = new ConvTranspose2d(win, outPad, outPad, groups, act, bias);
        List<TensorType> in = new ArrayList<>(
                List.of(TensorType.f32(n, c, h, w), TensorType.f32(c, o / groups, kh, kw)));
        if (bias) {
            in.add(TensorType.f32(o));
        }
        Bed bed = new Bed(
                new DenseKernels(), op, 2, (c + o) % 4 > 0, (h + o) % 2 * 5, h * 31L + o, in.toArray(TensorType[]::new))
                .run();
        assertTrue(bed.intact(), () -> bed.node + ": wrote outside");
        compare(bed, op);
    }

    /** Scatters every product in float64, as the operation is defined. */
    private static void compare(Bed bed, ConvTranspose2d op) {
        int[] xs = Bed.dims(bed.node.input(0).type());
        int[] ks = Bed.dims(bed.node.input(1).type());
        int[] ys = Bed.dims(bed.node.output().type());
        float[] x = bed.dense(0);
        float[] k = bed.dense(1);
        float[] y = bed.dense();
        double[] sum = new double[y.length];
        double[] size = new double[y.length];
        Window2d win = op.window();
        for (int i = 0; i < x.length; i++) {
            int col = i % xs[3];
            int row = i / xs[3] % xs[2];
            int c = i / xs[3] / xs[2] % xs[1];
            int n = i / xs[3] / xs[2] / xs[1];
            int first = c / (xs[1] / op.groups()) * ks[1];
            for (int j = 0; j < ks[1] * ks[2] * ks[3]; j++) {
                int v = col * win.strideW() - win.padLeft() + j % ks[3] * win.dilationW();
                int u = row * win.strideH() - win.padTop() + j / ks[3] % ks[2] * win.dilationH();
                if (u >= 0 && u < ys[2] && v >= 0 && v < ys[3]) {
                    int at = ((n * ys[1] + first + j / ks[3] / ks[2]) * ys[2] + u) * ys[3] + v;
                    double t = (double) x[i] * k[c * ks[1] * ks[2] * ks[3] + j];
                    sum[at] += t;
                    size[at] += Math.abs(t);
                }
            }
        }
        float[] bias = op.bias() ? bed.dense(2) : new float[ys[1]];
        double scale = 4 + Math.sqrt((double) xs[1] / op.groups() * ks[2] * ks[3]);
        for (int i = 0; i < y.length; i++) {
            float b = bias[i / ys[3] / ys[2] % ys[1]];
            double expected = Bed.function(op.activation()).applyAsDouble(sum[i] + b);
            double bound = scale * EPS * (size[i] + Math.abs(b) + 1e-3);
            double actual = y[i];
            int at = i;
            assertTrue(Math.abs(actual - expected) <= bound,
                    () -> bed.node + " at " + at + ": " + actual + ", expected " + expected + " ± " + bound);
        }
    }

    @Test
    void kernelsAsLargeAsTheirStride() {
        int[] sizes = {1, 2, 7, 16, 33, 65};
        for (int s : sizes) {
            check(Window2d.of().stride(2), 0, 1, Activation.NONE, true, 2, 13, s, 66 - s, 5, 2, 2);
            check(Window2d.of().stride(2), 0, 1, Activation.GELU_ERF, false, 1, 4, s, s, 64, 2, 2);
            check(Window2d.of().stride(3), 0, 1, Activation.RELU, true, 1, 5, s, s, 3, 3, 3);
        }
        check(Window2d.of().stride(4), 0, 1, Activation.NONE, true, 1, 5, 9, 11, 3, 4, 4);
        check(Window2d.of().stride(2), 0, 1, Activation.NONE, true, 1, 130, 20, 70, 34, 2, 2);
    }

    @Test
    void anyKernelStridePaddingDilationAndGroups() {
        for (int s = 1; s <= 3; s++) {
            for (int d = 1; d <= 3; d++) {
                for (int k = 1; k <= 4; k++) {
                    check(Window2d.of().stride(s).dilation(d).pad(k / 2), 0, 1, Activation.NONE, true, 1, 3, 9, 8, 5,
                            k, k);
                    check(Window2d.of().stride(s, 2).dilation(d, 1).pad(1, 0, 0, 1), s > 1 ? 1 : 0, 2, Activation.RELU,
                            false, 2, 4, 6, 17, 6, k + 1, 3);
                }
            }
        }
        check(Window2d.of().stride(2).pad(1), 1, 16, Activation.NONE, true, 1, 16, 20, 20, 16, 3, 3);
    }
}
