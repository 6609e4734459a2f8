package dev.kerf.bench;

import dev.kerf.graph.Graph;
import dev.kerf.graph.TensorType;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.util.LinkedHashMap;
import java.util.Map;

/** Numbers to measure with, the same in every run: no files are needed. */
final class Inputs {
    /** Channels of milesial's U-Net from the finest level to the coarsest. */
    private static final int[] WIDTHS = {64, 128, 256, 512, 1024};

    private Inputs() {}

    /** Random inputs and states of a graph: float32 in −1 … 1, bytes 0 or 1, integers 0. */
    static Map<String, HostTensor> of(Graph graph) {
        Map<String, HostTensor> out = new LinkedHashMap<>();
        graph.inputs().forEach((name, v) -> out.put(name, random(name, v.type(), 1)));
        graph.states().forEach((name, v) -> out.put(name, random(name, v.type(), 1)));
        return out;
    }

    /** Random bytes. */
    static HostTensor pixels(Shape shape) {
        byte[] v = new byte[Math.toIntExact(shape.elements())];
        for (int i = 0; i < v.length; i++) {
            v[i] = (byte) (mix(i) >>> 56);
        }
        return HostTensor.of(shape, v);
    }

    /** Random numbers by a name. */
    static HostTensor random(String name, TensorType type, double range) {
        int n = Math.toIntExact(type.shape().elements());
        long state = name.hashCode() * 0x9E3779B97F4A7C15L;
        if (type.dtype() == DType.U8) {
            byte[] v = new byte[n];
            for (int i = 0; i < n; i++) {
                v[i] = (byte) (mix(state + i) >>> 63);
            }
            return HostTensor.of(type.shape(), v);
        }
        if (type.dtype() == DType.I32) {
            return HostTensor.zeros(DType.I32, type.shape());
        }
        if (type.dtype() != DType.F32) {
            throw new IllegalArgumentException("no random " + type);
        }
        float[] v = new float[n];
        for (int i = 0; i < n; i++) {
            v[i] = (float) (range * ((mix(state + i) >>> 40) * 0x1p-23 - 1));
        }
        return HostTensor.of(type.shape(), v);
    }

    /** Steele, Lea and Flood 2014: splitmix64's finaliser. */
    private static long mix(long i) {
        long z = i * 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }

    /**
     * The tensors of milesial/Pytorch-UNet's {@code UNet(3, 2, bilinear=False)}, 31 million parameters, initialised as
     * He et al. 2015: uniform with variance 2 / fan-in.
     */
    static Weights unet() {
        Map<String, HostTensor> w = new LinkedHashMap<>();
        block(w, "inc.double_conv", 3, WIDTHS[0]);
        for (int i = 1; i < WIDTHS.length; i++) {
            block(w, "down" + i + ".maxpool_conv.1.double_conv", WIDTHS[i - 1], WIDTHS[i]);
        }
        for (int i = 1; i < WIDTHS.length; i++) {
            int in = WIDTHS[WIDTHS.length - i];
            convolution(w, "up" + i + ".up", in, in, in / 2, 2, 2);
            block(w, "up" + i + ".conv.double_conv", in, in / 2);
        }
        convolution(w, "outc.conv", WIDTHS[0], 2, WIDTHS[0], 1, 1);
        return Weights.of(w);
    }

    private static void block(Map<String, HostTensor> w, String name, int in, int out) {
        for (int i = 0; i < 2; i++) {
            int from = i == 0 ? in : out;
            w.put(name + "." + 3 * i + ".weight",
                    random(name + i, TensorType.f32(out, from, 3, 3), Math.sqrt(6.0 / (from * 9))));
            String norm = name + "." + (3 * i + 1);
            w.put(norm + ".weight", constant(out, 1));
            w.put(norm + ".bias", constant(out, 0));
            w.put(norm + ".running_mean", constant(out, 0));
            w.put(norm + ".running_var", constant(out, 1));
        }
    }

    private static void convolution(Map<String, HostTensor> w, String name, int fan, int a, int b, int kh, int kw) {
        w.put(name + ".weight", random(name, TensorType.f32(a, b, kh, kw), Math.sqrt(6.0 / fan)));
        w.put(name + ".bias", constant(kh == 1 ? a : b, 0));
    }

    private static HostTensor constant(int n, float value) {
        float[] v = new float[n];
        java.util.Arrays.fill(v, value);
        return HostTensor.of(Shape.of(n), v);
    }
}
