package dev.kerf.backend.gpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.kerf.graph.Op.Activation;
import dev.kerf.graph.SpatialOp;
import dev.kerf.graph.SpatialOp.Interpolation;
import dev.kerf.graph.SpatialOp.Sampling;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Convolution, pooling and resizing kernels against the oracle, in float32 and float16, over awkward shapes. */
class SpatialKernelTest {
    static Stream<Arguments> convolutions() {
        return KernelBed.devicesAnd("conv2d/conv2d", "conv2d/conv2d_cpu", "conv2d/conv2d_direct");
    }

    static Stream<String> devices() {
        return KernelBed.devices();
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("convolutions")
    void convolves(String device, String kernel) {
        try (KernelBed bed = KernelBed.of(device, kernel)) {
            conv(bed, Window2d.of(), 1, 1, 1, 1, 1, 1, 1);
            conv(bed, Window2d.of(), 1, 2, 7, 5, 3, 13, 1);
            // One past a tile of channels, pixels and terms.
            conv(bed, Window2d.of(), 1, 1, 129, 7, 7, 65, 1);
            conv(bed, Window2d.of().pad(1), 1, 2, 3, 17, 19, 9, 3);
            conv(bed, Window2d.of().pad(1), 1, 1, 16, 33, 50, 17, 3);
            conv(bed, Window2d.of().stride(2).pad(3), 1, 1, 3, 23, 40, 8, 7);
            conv(bed, Window2d.of().dilation(3).pad(3), 1, 1, 5, 11, 37, 7, 3);
            conv(bed, new Window2d(3, 2, 0, 2, 1, 3, 2, 1), 1, 2, 4, 13, 29, 5, 4);
            // Groups, and one group for each channel.
            conv(bed, Window2d.of().pad(1), 3, 1, 12, 9, 31, 15, 3);
            conv(bed, Window2d.of().pad(3), 6, 2, 6, 16, 16, 6, 7);
            conv(bed, Window2d.of().pad(1), 5, 1, 5, 8, 8, 10, 3);
            conv(bed, new Window2d(2, 1, 2, 0, 1, 3, 1, 2), 4, 2, 4, 13, 11, 12, 3);
        }
    }

    static Stream<Arguments> depthwise() {
        return KernelBed.devicesAnd("conv2d/conv2d_depthwise_cpu");
    }

    /** Few channels to a group: strides, dilations and padding of any size, rows longer and shorter than a vector. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("depthwise")
    void convolvesChannels(String device, String kernel) {
        try (KernelBed bed = KernelBed.of(device, kernel)) {
            conv(bed, Window2d.of(), 2, 1, 2, 1, 1, 2, 1);
            conv(bed, Window2d.of().pad(3), 6, 2, 6, 16, 16, 6, 7);
            conv(bed, Window2d.of().pad(1), 5, 1, 5, 8, 131, 10, 3);
            conv(bed, Window2d.of().pad(1), 3, 1, 6, 17, 65, 6, 3);
            conv(bed, Window2d.of().stride(2).pad(2), 4, 1, 4, 33, 67, 4, 5);
            conv(bed, Window2d.of().dilation(3).pad(7), 3, 1, 3, 5, 4, 3, 3);
            conv(bed, new Window2d(2, 1, 2, 0, 1, 3, 1, 2), 4, 2, 4, 13, 11, 12, 3);
            conv(bed, new Window2d(1, 3, 0, 5, 4, 1, 2, 1), 2, 1, 2, 9, 50, 2, 3);
            transposed(bed, Window2d.of().stride(2).pad(1), 1, 1, 4, 2, 4, 7, 9, 4, 3);
            transposed(bed, Window2d.of().stride(3).dilation(2).pad(2), 2, 0, 2, 1, 4, 5, 6, 2, 4);
        }
    }

    static Stream<Arguments> splits() {
        return KernelBed.devicesAnd("conv2d/conv2d_split", "conv2d/conv2d_parts");
    }

    /** Sums that several groups share, of layers with fewer tiles than the device has processors. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("splits")
    void splitsSums(String device, String kernel) {
        try (KernelBed bed = KernelBed.of(device, kernel)) {
            conv(bed, Window2d.of().pad(1), 1, 1, 29, 5, 6, 13, 3);
            conv(bed, Window2d.of(), 1, 1, 257, 4, 7, 33, 1);
            conv(bed, Window2d.of().stride(2).pad(3).dilation(2, 1), 1, 1, 20, 17, 9, 5, 7);
            conv(bed, Window2d.of().pad(1), 1, 1, 67, 1, 1, 64, 3);
            if (bed.device().info().computeUnits() > 12) {
                conv(bed, Window2d.of().pad(1), 1, 2, 33, 11, 13, 65, 3);
                conv(bed, Window2d.of().pad(1), 3, 1, 96, 10, 7, 15, 3);
            }
            SpatialOp op = new SpatialOp.Conv2d(Window2d.of().pad(1), 1, Activation.NONE, false, false);
            HostTensor first = bed.once(op, TensorType.f32(1, 64, 5, 6), TensorType.f32(32, 64, 3, 3));
            for (int i = 0; i < 3; i++) {
                HostTensor again = bed.once(op, TensorType.f32(1, 64, 5, 6), TensorType.f32(32, 64, 3, 3));
                assertArrayEquals(first.toFloatArray(), again.toFloatArray(), "the same bits each time");
            }
        }
    }

    private static void conv(KernelBed bed, Window2d s, int groups, long n, long c, long h, long w, long o, long k) {
        for (boolean all : new boolean[] {false, true}) {
            Activation act = all ? Activation.RELU : Activation.NONE;
            SpatialOp.Conv2d op = new SpatialOp.Conv2d(s, groups, act, all, all);
            List<TensorType> in = new ArrayList<>(
                    List.of(TensorType.f32(n, c, h, w), TensorType.f32(o, c / groups, k, k)));
            if (all) {
                in.add(TensorType.f32(o));
                in.add(TensorType.f32(n, o, s.outH(h, k, false), s.outW(w, k, false)));
            }
            // A computed weight is packed on the device, a fixed one by the host.
            bed.check(op, new SpatialOp.Conv2d(s, groups, Activation.NONE, all, all), KernelBed.Bound.MAGNITUDES,
                    c / groups * k * k + 2, all, in.toArray(TensorType[]::new));
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("convolutions")
    void activates(String device, String kernel) {
        try (KernelBed bed = KernelBed.of(device, kernel)) {
            for (Activation act : Activation.values()) {
                SpatialOp.Conv2d op = new SpatialOp.Conv2d(Window2d.of(), 1, act, false, false);
                // Slopes are at most 1.2; a device's functions may be off by 16 units in the last place (OpenCL 7.4).
                bed.check(op, new SpatialOp.Conv2d(Window2d.of(), 1, Activation.NONE, false, false),
                        KernelBed.Bound.MAGNITUDES, 3 * 2 + 64, true, TensorType.f32(1, 3, 5, 21),
                        TensorType.f32(4, 3, 1, 1));
            }
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("convolutions")
    void convolvesTransposed(String device, String kernel) {
        try (KernelBed bed = KernelBed.of(device, kernel)) {
            transposed(bed, Window2d.of().stride(2), 0, 0, 1, 1, 16, 9, 11, 8, 2);
            transposed(bed, Window2d.of().stride(2).pad(1), 1, 1, 1, 2, 5, 7, 9, 3, 3);
            transposed(bed, Window2d.of(), 0, 0, 1, 1, 3, 4, 5, 7, 3);
            transposed(bed, Window2d.of().stride(3).dilation(2).pad(2), 2, 0, 2, 1, 4, 5, 6, 6, 4);
            transposed(bed, new Window2d(2, 4, 0, 1, 1, 2, 4, 2), 0, 3, 1, 1, 2, 5, 6, 3, 3);
            // Taps fewer than the stride: some pixels are the bias alone.
            transposed(bed, Window2d.of().stride(3), 1, 2, 1, 1, 2, 4, 3, 5, 1);
        }
    }

    static Stream<Arguments> phasesAtOnce() {
        return KernelBed.devicesAnd("conv2d/conv2d_direct", "conv2d/conv2d_phases");
    }

    /** All phases of windows as large as their stride, in one launch. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("phasesAtOnce")
    void convolvesTransposedAtOnce(String device, String kernel) {
        try (KernelBed bed = KernelBed.of(device, kernel)) {
            transposed(bed, Window2d.of().stride(2), 0, 0, 1, 1, 1, 1, 1, 1, 2);
            transposed(bed, Window2d.of().stride(2), 0, 0, 1, 2, 17, 9, 11, 5, 2);
            transposed(bed, Window2d.of().stride(2), 0, 0, 3, 1, 9, 13, 10, 6, 2);
            // One past a tile of channels, of pixels and of terms.
            transposed(bed, Window2d.of().stride(2), 0, 0, 1, 1, 33, 3, 43, 17, 2);
            if (kernel.equals("conv2d/conv2d_direct")) {
                transposed(bed, Window2d.of().stride(3), 0, 0, 1, 2, 5, 7, 9, 2, 3);
            } else {
                transposed(bed, Window2d.of().stride(2), 0, 0, 1, 1, 35, 13, 11, 33, 2);
            }
        }
    }

    private static void transposed(
            KernelBed bed, Window2d s, int outPadH, int outPadW, int groups, long n, long c, long h, long w, long o,
            long k) {
        for (boolean all : new boolean[] {false, true}) {
            SpatialOp.ConvTranspose2d plain = new SpatialOp.ConvTranspose2d(s, outPadH, outPadW, groups, Activation.NONE, all);
            SpatialOp.ConvTranspose2d op = new SpatialOp.ConvTranspose2d(
                    s, outPadH, outPadW, groups, all ? Activation.RELU : Activation.NONE, all);
            List<TensorType> in = new ArrayList<>(
                    List.of(TensorType.f32(n, c, h, w), TensorType.f32(c, o / groups, k, k)));
            if (all) {
                in.add(TensorType.f32(o));
            }
            bed.check(op, plain, KernelBed.Bound.MAGNITUDES, c / groups * k * k + 2, all,
                    in.toArray(TensorType[]::new));
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("devices")
    void pools(String device) {
        try (KernelBed max = KernelBed.of(device, "max_pool2d");
                KernelBed average = KernelBed.of(device, "avg_pool2d")) {
            for (Window2d s : List.of(Window2d.of(), Window2d.of().stride(2), Window2d.of().stride(2).pad(1),
                    new Window2d(1, 3, 1, 0, 0, 1, 1, 1))) {
                for (boolean ceil : new boolean[] {false, true}) {
                    TensorType x = TensorType.f32(2, 3, 9, 14);
                    SpatialOp op = new SpatialOp.MaxPool2d(3, 2, s, ceil);
                    max.check(op, op, KernelBed.Bound.LARGEST, 0, false, x);
                    for (boolean includePad : new boolean[] {false, true}) {
                        SpatialOp mean = new SpatialOp.AvgPool2d(3, 2, s, ceil, includePad);
                        average.check(mean, mean, KernelBed.Bound.LARGEST, 6, false, x);
                    }
                }
            }
            SpatialOp dilated = new SpatialOp.MaxPool2d(2, 2, Window2d.of().dilation(3), false);
            max.check(dilated, dilated, KernelBed.Bound.LARGEST, 0, false, TensorType.f32(1, 131, 7, 7));
            SpatialOp one = new SpatialOp.MaxPool2d(1, 1, Window2d.of(), false);
            max.check(one, one, KernelBed.Bound.LARGEST, 0, false, TensorType.f32(1, 1, 1, 1));
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("devices")
    void poolsWhatIsNoNumber(String device) {
        float nan = Float.NaN;
        float low = Float.NEGATIVE_INFINITY;
        try (KernelBed bed = KernelBed.of(device, "max_pool2d")) {
            SpatialOp op = new SpatialOp.MaxPool2d(2, 2, Window2d.of().stride(2), false);
            bed.checkOn(op, op, KernelBed.Bound.LARGEST, 0, false, List.of(HostTensor.of(
                    Shape.of(1, 1, 2, 8),
                    new float[] {nan, 1, 1, nan, low, low, 2, low, 0, 2, 3, 1, low, low, low, 1})));
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("devices")
    void resizes(String device) {
        try (KernelBed bed = KernelBed.of(device, "resize")) {
            for (int[] out : new int[][] {{1, 1}, {7, 13}, {14, 26}, {3, 5}, {20, 9}}) {
                resize(bed, out, Interpolation.NEAREST, Sampling.HALF_PIXEL, false, 0);
                resize(bed, out, Interpolation.NEAREST, Sampling.ASYMMETRIC, false, 0);
                for (Interpolation i : List.of(Interpolation.BILINEAR, Interpolation.BICUBIC)) {
                    resize(bed, out, i, Sampling.HALF_PIXEL, false, 0);
                    resize(bed, out, i, Sampling.ALIGN_CORNERS, false, 0);
                    resize(bed, out, i, Sampling.HALF_PIXEL, true, 0);
                    resize(bed, out, i, Sampling.HALF_PIXEL, false, 0.47);
                }
            }
        }
    }

    private static void resize(
            KernelBed bed, int[] out, Interpolation interpolation, Sampling sampling, boolean antialias, double scale) {
        SpatialOp op = new SpatialOp.Resize(out[0], out[1], interpolation, sampling, antialias, scale, scale);
        // Magnitudes of weights sum to at most 1.7 along an axis; up to 16 taps, and three roundings of each weight.
        bed.check(op, op, KernelBed.Bound.LARGEST, 3 * (16 + 9), false, TensorType.f32(2, 3, 7, 13));
    }
}
